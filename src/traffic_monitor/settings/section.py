"""What all sections of the settings have in common."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator


def refuse_lookalikes(cls: Any, value: object, info: ValidationInfo) -> object:
    """Refuse values that Python would take for others: true for 1, an empty text for the current folder."""
    types = _types_in(cls.model_fields[info.field_name].annotation)
    if isinstance(value, bool) and types & {int, float, datetime} and bool not in types:
        raise ValueError("true and false are switches; this is none")
    if isinstance(value, str) and not value.strip() and types & {str, Path}:
        raise ValueError("is empty")
    return value


def _types_in(annotation: Any) -> set[Any]:
    """The types of a field, those inside unions, lists and tuples included."""
    return {annotation}.union(*map(_types_in, get_args(annotation)))


class Section(BaseModel):
    """A section of the settings: immutable, and without keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)

    _refuse_lookalikes = field_validator("*", mode="before")(refuse_lookalikes)


def number_as_text(value: object) -> object:
    """YAML reads a bare ``625`` as a number; as a name it is meant as it stands."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _no_switch(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("true and false are switches; this is a number")
    return value


Name = Annotated[str, BeforeValidator(number_as_text), Field(min_length=1, max_length=60)]

Coordinate = Annotated[float, BeforeValidator(_no_switch), Field(ge=-100_000, le=100_000)]
"""In pixels or as a share of the frame; the limits are far beyond any frame."""

Fraction = Annotated[float, Field(ge=0, le=1)]

ImageSize = Annotated[int, Field(ge=32, le=4096)]


def yaml_switch(value: object) -> object:
    """YAML reads a bare ``on`` or ``off`` as a boolean; here they are words."""
    return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value
