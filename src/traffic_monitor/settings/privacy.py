"""Section ``privacy``: what is kept of the people in the picture."""

from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from traffic_monitor.settings.section import Section
from traffic_monitor.settings.shapes import MOST_AREAS, AreaSettings

Masks = Annotated[list[AreaSettings], Field(max_length=MOST_AREAS)]

SHORTEST_SECRET = 16
"""Characters. All plates are soon tried through; a secret that can be guessed would hide none of them."""


class PrivacySettings(Section):
    """What is kept of the people in the picture, and for how long."""

    masks: Masks = Field(default=[])
    blur_plates: bool = False
    store_crops: bool = True
    hash_plates: bool = False
    secret: SecretStr | None = None
    keep_days: Annotated[float, Field(ge=0.01, le=36_500)] | None = None

    @field_validator("secret")
    @classmethod
    def _cannot_be_guessed(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret) < SHORTEST_SECRET:
            raise ValueError(f"a secret needs {SHORTEST_SECRET} characters or more, this one has {len(secret)}")
        return secret

    @model_validator(mode="after")
    def _hides_what_it_hashes(self) -> Self:
        if self.hash_plates and self.secret is None:
            raise ValueError(
                f"hash_plates needs a secret of {SHORTEST_SECRET} characters or more; give it in the environment,"
                " as TRAFFIC_MONITOR__PRIVACY__SECRET"
            )
        if self.hash_plates and not self.blur_plates:
            raise ValueError("hash_plates needs blur_plates: true, else the pictures still show the plates")
        return self


class CameraPrivacySettings(Section):
    """What is hidden of one of several cameras."""

    masks: Masks = Field(default=[])
