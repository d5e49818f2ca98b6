"""Loads the settings from command line, environment, file and defaults, and explains what is wrong with them."""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource, SettingsError

from traffic_monitor.settings.messages import did_you_mean, explain, key_path
from traffic_monitor.settings.root import Settings
from traffic_monitor.settings.yaml_text import YamlMistake, read_yaml
from traffic_monitor.shared_utils.printable import printable

ENV_PREFIX = "TRAFFIC_MONITOR__"
ONE_UNDERSCORE = ENV_PREFIX.removesuffix("_")
DEFAULT_CONFIG = Path("config/settings.yaml")

WHOLE_VALUES = ("class_mapping",)
"""Mappings that are one value: a stronger place replaces them instead of adding to them."""

MOST_LEVELS = 12
"""No setting is nested as deeply as this; YAML's aliases can make a value that contains itself."""


class ConfigError(Exception):
    """The settings are wrong. The message is for people, a line for each mistake: where, key, what is allowed."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(map(printable, lines)))


@dataclass(frozen=True)
class _Origin:
    """One place settings come from."""

    name: str
    values: Mapping[str, Any]

    def has(self, path: Sequence[int | str]) -> bool:
        """Whether this place says anything about the key ``path``."""
        node: Any = self.values
        for key in path:
            inside = isinstance(node, Mapping) and key in node
            inside = inside or (isinstance(node, list) and isinstance(key, int) and key < len(node))
            if not inside:
                # Within a value that this place sets as a whole, or at a key that it does not set at all.
                return not isinstance(node, Mapping)
            node = node[key]
        return True


def load_settings(
    config_path: Path | None = None,
    overrides: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
) -> Settings:
    """Load and validate the settings.

    Strongest first: ``options`` (named command line options), ``overrides``, environment, file, defaults.

    Args:
        config_path: settings file; ``config/settings.yaml`` of the current folder when None, if there is one.
        overrides: ``key.path=value`` texts, values in YAML.
        options: nested mapping of values from named command line options.

    Raises:
        ConfigError: any of it is wrong.
    """
    origins = [
        _Origin("command line", _merge(_parse_overrides(overrides), options or {})),
        _Origin("environment", _read_environment()),
    ]
    path = config_path or (DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None)
    if path is not None:
        origins.append(_Origin(str(path), _read_file(path)))
    for origin in origins:
        _check_texts(origin.name, origin.values, (), set())
    merged: dict[str, Any] = {}
    for origin in reversed(origins):
        merged = _merge(merged, origin.values)
    try:
        return Settings(**merged).with_origins(_origins_of_keys(origins))
    except ValidationError as error:
        explained: dict[tuple[int | str, ...], str] = {}
        for details in error.errors():
            keys = key_path(details["loc"])
            # A key that is missing stands nowhere: what it is missing in does.
            written = keys[:-1] if details["type"] == "missing" else keys
            place = next((origin.name for origin in origins if origin.has(written)), "settings")
            explained.setdefault(tuple(keys), f"{place}: {explain(details)}")
        raise ConfigError(*explained.values()) from None


def _check_texts(place: str, values: Any, path: tuple[str, ...], checked: set[int]) -> None:
    """Refuse keys that are no texts, texts that no file name can hold, and values without an end.

    ``checked`` holds the lists and mappings that are known to be right: aliases can repeat one a billion times.
    """
    if id(values) in checked:
        return
    where = f"{place}: {'.'.join(path)}" if path else place
    if len(path) > MOST_LEVELS:
        raise ConfigError(f"{place}: {path[0]}: is nested too deeply")
    if isinstance(values, str):
        check_is_text(where, values)
    if isinstance(values, list | tuple):
        for number, value in enumerate(values):
            _check_texts(place, value, (*path, str(number)), checked)
    if isinstance(values, Mapping):
        for key, value in values.items():
            if not isinstance(key, str) and path[-1:] != WHOLE_VALUES:
                words = {True: "true (or on, yes)", False: "false (or off, no)"}
                shown = words[key] if isinstance(key, bool) else key
                raise ConfigError(f"{where}: the key {shown} is no text; put it in quotes")
            _check_texts(place, value, (*path, str(key)), checked)
    if isinstance(values, list | tuple | Mapping):
        checked.add(id(values))


def check_is_text(where: str, text: str) -> None:
    """Refuse a text that cannot be written or be a file name: bytes that are not UTF-8 come as lone surrogates.

    Raises:
        ConfigError: it is none; ``where`` says where it stands.
    """
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ConfigError(f"{where}: holds characters that are not valid UTF-8 text; rename the file or folder")


def _origins_of_keys(origins: Sequence[_Origin]) -> dict[str, str]:
    """The place that decides each ``key`` or ``section.key``, of the keys that are set anywhere."""
    places: dict[str, str] = {}
    for origin in reversed(origins):
        for key, value in origin.values.items():
            keys = [f"{key}.{inner}" for inner in value] if isinstance(value, Mapping) else [key]
            places.update(dict.fromkeys(keys, origin.name))
    return places


def _parse_overrides(overrides: Iterable[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for text in overrides:
        key, separator, value = text.partition("=")
        if not separator or not key.strip():
            shown = key.split(":")[0]  # The rest may be a password.
            raise ConfigError(
                f"command line: --set {shown}: write it as KEY=VALUE, for example --set queue_size=8"
            )
        try:
            parsed = read_yaml(value)
        except YamlMistake as error:
            raise ConfigError(f"command line: --set {key}: {error}") from None
        for part in reversed(key.strip().split(".")):
            parsed = {part: parsed}
        values = _merge(values, parsed, whole=())
    return values


def _read_environment() -> dict[str, Any]:
    for name in os.environ:
        _check_name(name.upper(), name)
    source = EnvSettingsSource(Settings, env_prefix=ENV_PREFIX, env_nested_delimiter="__", case_sensitive=False)
    try:
        return source()
    except SettingsError as error:
        raise ConfigError(f"environment: {error}: lists and mappings are written as JSON") from None


def _check_name(upper: str, name: str) -> None:
    """Refuse a variable that is meant for us and names no setting."""
    if upper.startswith(ENV_PREFIX):
        section = upper.removeprefix(ENV_PREFIX).split("__")[0].lower()
        if section not in Settings.model_fields:
            raise ConfigError(
                f"environment: {name}: unknown setting{did_you_mean(section, Settings.model_fields)}"
            )
    elif upper.startswith(ONE_UNDERSCORE):
        rest = upper.removeprefix(ONE_UNDERSCORE)
        sections = [key for key in Settings.model_fields if f"{rest}_".startswith(f"{key.upper()}_")]
        if sections:
            key = rest.removeprefix(sections[0].upper()).lstrip("_")
            meant = ENV_PREFIX + "__".join(filter(None, (sections[0].upper(), key)))
            raise ConfigError(f"environment: {name}: has too few underscores; did you mean {meant}?")


def _read_file(path: Path) -> dict[str, Any]:
    try:
        if not path.is_file():
            raise ConfigError(f"{path}: there is no such settings file; pass one with --config FILE")
        values = read_yaml(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: this is not UTF-8 text") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except YamlMistake as error:
        raise ConfigError(f"{path}: {error}") from None
    if values is not None and not isinstance(values, dict):
        raise ConfigError(f"{path}: the file must hold 'key: value' pairs, see the shipped one")
    return values or {}


def _merge(
    base: Mapping[str, Any], stronger: Mapping[str, Any], whole: Collection[str] = WHOLE_VALUES
) -> dict[str, Any]:
    """Both mappings, sections merged; where they differ the stronger one, which replaces those in ``whole``."""
    merged = dict(base)
    for key, value in stronger.items():
        present = merged.get(key)
        if isinstance(present, Mapping) and isinstance(value, Mapping) and key not in whole:
            merged[key] = _merge(present, value, whole)
        else:
            merged[key] = value
    return merged
