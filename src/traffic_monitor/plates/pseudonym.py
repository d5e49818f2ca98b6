"""Plates as pseudonyms, for records in which the same vehicle is to be recognised and nobody named."""

import hashlib
import hmac

PREFIX = "H"
"""So that a pseudonym is not taken for a plate."""

LENGTH = 16
"""Hexadecimal digits, 64 bits: among a million plates two share one with a probability below 1 in 10 million."""


def pseudonym(text: str, secret: str) -> str:
    """The pseudonym of a plate: ``H`` and 16 hexadecimal digits of its HMAC-SHA-256 (RFC 2104); empty for none.

    The same secret gives the same pseudonym. Without the secret, trying all plates does not lead back.
    """
    if not text:
        return ""
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return PREFIX + digest[:LENGTH].upper()
