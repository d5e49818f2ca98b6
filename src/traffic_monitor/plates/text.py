"""What a plate text is made of."""

import re
import unicodedata

NOT_PLATE_CHARACTERS = re.compile(r"[^A-Z0-9]")


def normalize_plate_text(text: str) -> str:
    """Letters and digits of the text: upper case, accents and everything else removed.

    >>> normalize_plate_text("34a-368.37")
    '34A36837'
    """
    plain = unicodedata.normalize("NFKD", text).upper()
    return NOT_PLATE_CHARACTERS.sub("", plain)
