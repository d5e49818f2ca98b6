"""What all sections of the settings have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A section of the settings: immutable, and without keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


Fraction = Annotated[float, Field(ge=0, le=1)]

ImageSize = Annotated[int, Field(ge=32, le=4096)]


def yaml_switch(value: object) -> object:
    """YAML reads a bare ``on`` or ``off`` as a boolean; here they are words."""
    return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value
