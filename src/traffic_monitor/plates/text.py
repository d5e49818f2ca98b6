"""What a plate text is made of."""

import re
import unicodedata
from collections.abc import Iterable

from traffic_monitor.plates.syntax import syntax_of

SIGN = "□"
"""What the project's own recogniser reads for one sign that is no Latin letter or digit."""

LOOK_ALIKES = ("O0D", "1I", "2Z", "5S", "8B")
"""Characters that plate readers take for each other; in each group the likelier ones come first."""

FORMAT_CLASSES = {"A": "[A-Z]", "9": "[0-9]", "*": "[A-Z0-9]"}
"""The notation of a plate format, as in input masks: a letter, a digit, either."""

_LOOK_ALIKES_OF = {character: group.replace(character, "") for group in LOOK_ALIKES for character in group}

_FOLDED = str.maketrans({character: group[0] for group in LOOK_ALIKES for character in group})


def normalize_plate_text(text: str, keep: str = "") -> str:
    """Letters and digits of the text: upper case, accents and everything else removed, but what is to be kept.

    >>> normalize_plate_text("34a-368.37")
    '34A36837'
    >>> normalize_plate_text("34a-3*", keep="*")
    '34A3*'
    """
    plain = unicodedata.normalize("NFKD", text).upper()
    return re.sub(f"[^A-Z0-9{re.escape(keep)}]", "", plain)


def count_signs(text: str) -> int:
    """Signs of other scripts in a text as it was read: province signs, letters and digits that are not Latin.

    >>> count_signs("□A-12345"), count_signs("京A12345"), count_signs("MÜ 123")
    (1, 1, 0)
    """
    return sum(c == SIGN or (c.isalnum() and not normalize_plate_text(c)) for c in text)


def look_alikes_of(character: str) -> str:
    """The characters that look like this one, without itself, the likeliest first.

    >>> look_alikes_of("0"), look_alikes_of("X")
    ('OD', '')
    """
    return _LOOK_ALIKES_OF.get(character, "")


def fold_look_alikes(text: str) -> str:
    """The text with one character for all that look alike, to compare how two texts look.

    >>> fold_look_alikes("BO1") == fold_look_alikes("80I")
    True
    """
    return text.translate(_FOLDED)


class PlateFormats:
    """The formats that plates of a place usually have.

    Args:
        patterns: formats as a user writes them, for example ``["99A9999", "AAA9A99"]``: one character each for a
            letter (``A``), a digit (``9``) or either (``*``).
        countries: codes of countries whose formats are usual, too; see ``plates/syntax.py``.
    """

    def __init__(self, patterns: Iterable[str] = (), countries: Iterable[str] = ()) -> None:
        own = [re.compile("".join(FORMAT_CLASSES[character] for character in pattern)) for pattern in patterns]
        of_countries = [expression for code in countries for expression in syntax_of(code).expressions()]
        self._ranked = ((2, own), (1, of_countries))

    def rank(self, text: str) -> int:
        """2 where the whole text has one of the user's formats, 1 where it has one of a country's, else 0."""
        return next((rank for rank, formats in self._ranked if any(f.fullmatch(text) for f in formats)), 0)
