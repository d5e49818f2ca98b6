"""Loads the settings from command line, environment, file and defaults, and explains what is wrong with them."""

import difflib
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource, SettingsError, YamlConfigSettingsSource

from traffic_monitor.settings import Settings

ENV_PREFIX = "TRAFFIC_MONITOR__"
DEFAULT_CONFIG = Path("config/settings.yaml")

WHOLE_VALUES = ("class_mapping",)
"""Mappings that are one value: a stronger place replaces them instead of adding to them."""

KEYS_WITH_SECRETS = ("privacy", "privacy.secret")
"""What was given for these is never shown."""


class ConfigError(Exception):
    """The settings are wrong. The message is for people: where, which key, what is allowed."""


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
    merged: dict[str, Any] = {}
    for origin in reversed(origins):
        merged = _merge(merged, origin.values)
    try:
        return Settings(**merged).with_origins(_origins_of_keys(origins))
    except ValidationError as error:
        explained = {
            tuple(_key_path(details["loc"])): _explain(details, origins) for details in reversed(error.errors())
        }
        raise ConfigError("\n".join(reversed(explained.values()))) from None


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
            raise ConfigError(f"command line: --set {text}: write it as KEY=VALUE, for example --set queue_size=8")
        try:
            parsed = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ConfigError(f"command line: --set {key}: the value is not YAML: {_one_line(error)}") from None
        for part in reversed(key.strip().split(".")):
            parsed = {part: parsed}
        values = _merge(values, parsed, whole=())
    return values


def _read_environment() -> dict[str, Any]:
    for name in os.environ:
        section = name.upper().removeprefix(ENV_PREFIX).split("__")[0].lower()
        if name.upper().startswith(ENV_PREFIX) and section not in Settings.model_fields:
            raise ConfigError(
                f"environment: {name}: unknown setting{_did_you_mean(section, Settings.model_fields)}"
            )
    source = EnvSettingsSource(Settings, env_prefix=ENV_PREFIX, env_nested_delimiter="__", case_sensitive=False)
    try:
        return source()
    except SettingsError as error:
        raise ConfigError(f"environment: {_one_line(error)}: lists and mappings are written as JSON") from None


def _read_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such settings file; pass one with --config FILE")
    try:
        return YamlConfigSettingsSource(Settings, yaml_file=path)()
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: this is not YAML: {_one_line(error)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    except (SettingsError, TypeError, ValueError):
        raise ConfigError(f"{path}: the file must hold 'key: value' pairs, see the shipped one") from None


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


def _explain(error: ErrorDetails, origins: Sequence[_Origin]) -> str:
    """One line on one mistake: place, key, value, what is allowed."""
    path = _key_path(error["loc"])
    written = path[:-1] if error["type"] == "missing" else path
    place = next((origin.name for origin in origins if origin.has(written)), "settings")
    key = ".".join(str(part) for part in path)
    if error["type"] == "extra_forbidden":
        names = _names_beside(path)
        return f"{place}: {key}: unknown setting{_did_you_mean(str(path[-1]), names)}"
    given = "what is given" if key in KEYS_WITH_SECRETS else _show(error["input"])
    if error["input"] is None and error["type"] == "model_type":
        return f"{place}: {key}: is a section: put its keys below it, or take it out"
    rule = error["msg"].removeprefix("Value error, ")
    if rule.startswith("Input should be "):
        return f"{place}: {key}: {given} is not allowed: should be {rule.removeprefix('Input should be ')}"
    shown = "" if key in KEYS_WITH_SECRETS else f" (given: {given})"
    return f"{place}: {key}: {rule[0].lower()}{rule[1:]}{shown}"


def _key_path(location: Sequence[int | str]) -> list[int | str]:
    """The key a user wrote: pydantic adds the tried alternative of a union to the location, which is left out."""
    path: list[int | str] = []
    model: Any = Settings
    for part in location:
        if isinstance(part, str) and model is None:
            break
        path.append(part)
        model = _field_model(model, part) if isinstance(part, str) else model
    return path


def _field_model(model: Any, name: str) -> Any:
    """The settings section behind a field, also inside a list; None for a plain value."""
    field = model.model_fields.get(name)
    if field is None:
        return None
    candidates = (field.annotation, *get_args(field.annotation))
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)


def _names_beside(path: Sequence[int | str]) -> Iterable[str]:
    """The names allowed where the last part of ``path`` stands."""
    model: Any = Settings
    for part in path[:-1]:
        if isinstance(part, str):
            model = _field_model(model, part)
    return model.model_fields if model is not None else ()


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; known here: {', '.join(known)}"


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
