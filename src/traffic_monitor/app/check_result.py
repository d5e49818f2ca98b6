"""What a check found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    subject: str
    """The setting's key, or a name."""
    ok: bool
    message: str
