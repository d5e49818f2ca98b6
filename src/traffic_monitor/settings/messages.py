"""What is wrong with a setting, in one line for people: key, given value, what is allowed."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from traffic_monitor.settings.root import Settings

Path = list[int | str]

HIDDEN = "***"

SECRET_KEYS = ("source", "secret")
"""What was given for these keys, or below them, is never shown."""

RULES = {
    "path_type": "Input should be a path",
    "string_type": "Input should be a text; put it in quotes",
    "list_type": "Input should be a list",
    "tuple_type": "Input should be a list",
    "dict_type": "Input should be 'key: value' pairs",
    "bool_type": "Input should be true or false",
    "bool_parsing": "Input should be true or false",
    "datetime_type": "Input should be a time such as 2026-05-04T08:00:00+02:00",
    "datetime_parsing": "Input should be a time such as 2026-05-04T08:00:00+02:00",
    "datetime_from_date_parsing": "Input should be a time such as 2026-05-04T08:00:00+02:00",
    "too_short": "Input should have at least {min_length} entries, not {actual_length}",
    "too_long": "Input should have at most {max_length} entries, not {actual_length}",
    "invalid_key": "Input should be a text as a key; put it in quotes",
}
"""In place of pydantic's own words, which name Python's classes."""

SHOWN_CHARACTERS = 80
SHOWN_LEVELS = 4
SHOWN_ENTRIES = 10


def explain(error: ErrorDetails) -> str:
    """One mistake that validation found."""
    path = key_path(error["loc"])
    key = ".".join(_without_url(str(part)) for part in path)
    if error["type"] == "extra_forbidden":
        return f"{key}: unknown setting{did_you_mean(str(path[-1]), _names_beside(path))}"
    if error["type"] in ("model_type", "model_attributes_type"):
        return f"{key}: is a section: put its keys below it, or take it out"
    is_secret = bool({*path} & {*SECRET_KEYS}) or key == "privacy"
    given = HIDDEN if is_secret else shown(error["input"])
    rule = RULES.get(error["type"], "").format_map(error.get("ctx", {})) or error["msg"]
    rule = rule.removeprefix("Value error, ")
    if rule.startswith("Input should "):
        return f"{key}: {given} is not allowed: {rule.removeprefix('Input ')}"
    return f"{key}: {rule[0].lower()}{rule[1:]}" + ("" if is_secret else f" (given: {given})")


def key_path(location: Sequence[int | str]) -> Path:
    """The key a user wrote: pydantic adds the tried alternative of a union to the location, which is left out."""
    path: Path = []
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


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint at the known name that is nearest to a wrong one, or at all known names."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; known here: {', '.join(known)}"


def shown(value: object) -> str:
    """A value in one short line, nearly as YAML writes it, without anything that may be a password."""
    text = _written(value, SHOWN_LEVELS)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."


def _written(value: object, levels: int) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return HIDDEN if "://" in value else repr(value[:SHOWN_CHARACTERS])
    if not isinstance(value, Mapping | list | tuple):
        return str(value)
    if not levels:  # YAML's aliases can make a value endless.
        return "..."
    if isinstance(value, Mapping):
        pairs = list(value.items())[:SHOWN_ENTRIES]
        inside = [
            f"{_without_url(str(key))}: {HIDDEN if key in SECRET_KEYS else _written(each, levels - 1)}"
            for key, each in pairs
        ]
        return f"{{{', '.join(inside)}}}"
    return f"[{', '.join(_written(each, levels - 1) for each in value[:SHOWN_ENTRIES])}]"


def _without_url(text: str) -> str:
    """A key or value as it may be shown: a URL may hold a password, also where it was written as a key."""
    return HIDDEN if "://" in text else text
