"""How the plates of each country are written: positions of letters and digits, and letters that are never used.

Cars come first, then motorcycles, trailers and older series that are still on the road. Temporary, military and
diplomatic plates are left out, and personal ones that follow no format. A format only decides between characters
that look alike, so other plates are read as they are.

Sources: the English Wikipedia articles "Vehicle registration plates of ..." (facts only), and what a row names.
"""

import re
from dataclasses import dataclass

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _without(letters: str) -> str:
    return "".join(letter for letter in ALPHABET if letter not in letters)


@dataclass(frozen=True)
class CountrySyntax:
    """The usual plates of one country.

    Formats are separated by blanks. ``A`` is one of the country's letters, ``a`` one of its series letters, ``9``
    a digit, ``*`` a letter of the country or a digit. The rest is a regular expression: ``{1,3}`` repeats,
    ``(L|GP)`` is one of these, and any other letter stands for itself.
    """

    formats: str
    letters: str = ALPHABET
    """What ``A`` and ``*`` stand for."""
    series: str = ALPHABET
    """What ``a`` stands for, where a part of the plate has letters of its own."""

    def expressions(self) -> list[re.Pattern[str]]:
        """One regular expression for each format, for a text of ``A-Z0-9``."""
        classes = str.maketrans(
            {"A": f"[{self.letters}]", "a": f"[{self.series}]", "9": "[0-9]", "*": f"[{self.letters}0-9]"}
        )
        return [re.compile(written.translate(classes)) for written in self.formats.split()]


COUNTRIES = {
    "AR": CountrySyntax("AA999AA AAA999 A999AAA 999AAA"),
    # The district's letters, then digits and letters, or a chosen word and digits. Never Q.
    "AT": CountrySyntax("A{1,2}9{1,5}A{1,3} A{1,2}9{3,6} A{2,7}9{1,4}", _without("Q")),
    # A format or two for each state.
    "AU": CountrySyntax("AAA99A AA99AA AAA999 9AA9AA 999AAA 999AA9 S999AAA 9AAA999 A99AA"),
    "BE": CountrySyntax("9AAA999 AAA999 999AAA"),
    # Letters that Cyrillic and Latin have in common.
    "BG": CountrySyntax("A{1,2}9999A{1,2}", "ABCEHKMOPTXY"),
    # The first format is that of Mercosur, Resolution 780/2019 of CONTRAN.
    "BR": CountrySyntax("AAA9A99 AAA9999"),
    # A format or two for each province.
    "CA": CountrySyntax("AAAA999 AAA9999 A99AAA AA999A AAA999 999AAA AAA99A"),
    # The letters of the cantons.
    "CH": CountrySyntax("AA9{1,6}", "ABDEFGHIJLNORSTUVWZ"),
    # The series of 2007 has no vowels and no M, N, Q.
    "CL": CountrySyntax("aaaa99 AA9999 aaa99 AA999", series=_without("AEIOUMNQ")),
    # After the province's sign; the last place may be a sign, too. Electric vehicles have one place more. Never I
    # and O: standard GA 36.
    "CN": CountrySyntax("A*{4,5} AA*9999 A99999A", _without("IO")),
    "CO": CountrySyntax("AAA999 AAA99A A99999"),
    # Never G, O, Q, W.
    "CZ": CountrySyntax("9A*9999 AAA9999 AA9999", _without("GOQW")),
    # District, one or two letters, up to four digits, E or H for electric and historic vehicles (FZV, appendix).
    "DE": CountrySyntax("A{2,5}9{1,4}(E|H)?"),
    "DK": CountrySyntax("AA99999 AA9999", _without("IOQW")),
    # Since 2000 no vowels and no Q; before that the province's letters.
    "ES": CountrySyntax("9999aaa C9999aaa A{1,2}9999A{1,2} A{1,2}9{5,6}", series=_without("AEIOUQ")),
    "FI": CountrySyntax("A{2,3}9{1,3}"),
    # Never I, O, U, too like 1, 0 and V.
    "FR": CountrySyntax("AA999AA 9{1,4}A{1,3}99", _without("IOU")),
    # Never I and Q but in Northern Ireland (I) and for vehicles of unknown age (Q): DVLA, INF104.
    "GB": CountrySyntax("AA99AAA A9{1,3}AAA AAA9{1,3}A a{1,3}9{1,4} 9{1,4}a{1,3} Q9{1,3}AAA", _without("IQ")),
    # Letters that Greek and Latin have in common.
    "GR": CountrySyntax("AAA9999 AAA9{2,3}", "ABEHIKMNOPTXYZ"),
    "HR": CountrySyntax("AA9{3,4}A{1,2}", _without("QWXY")),
    "HU": CountrySyntax("AAAA999 AAA999"),
    "ID": CountrySyntax("A{1,2}9{1,4}A{0,3}"),
    # State, district, series without I and O, number; the second is the series for all of India (BH).
    "IN": CountrySyntax("AA9{1,2}a{0,3}9{1,4} 99BH9999a{1,2}", series=_without("IO")),
    # Never I, O, Q, U since 1994; before that the province's letters.
    "IT": CountrySyntax("AA999AA AA99999 aa9{5,6} aa*99999", _without("IOQU")),
    # Standard NOM-001-SCT-2: no I, O, Q.
    "MX": CountrySyntax("AAA999A AAA9999 999AAA A99AAA AA99999 AA9999A 99A9AA", _without("IOQ")),
    "MY": CountrySyntax("A{1,3}9{1,4}A?", _without("IO")),
    # RDW, side codes 1 to 14: no vowels, C and Q, but O as the first letter of semi-trailers.
    "NL": CountrySyntax(
        "AA9999 9999AA 99AA99 AA99AA AAAA99 99AAAA 99AAA9 9AAA99 AA999A A999AA AAA99A 9AA999 999AA9 A99AAA"
        " OA9999 99OA99 OA99AA OAAA99 OA999A",
        _without("AEIOUCQ"),
    ),
    "NO": CountrySyntax("AA99999 AA9999", _without("IOQ")),
    # No Q; the part after the district has no B, D, I, O, Z either. The last format is that of chosen words.
    "PL": CountrySyntax(
        "AA99999 AA9999a AA999aa AA9a999 AA9aa99 AA9999 AA999a AAAa999 AAA99aa AAA9a99 AAA99a9 AAA9aa9 AAAaa99"
        " AAA99999 AAA9999a AAA999aa A9A{3,5}",
        _without("Q"),
        _without("BDIOQZ"),
    ),
    "PT": CountrySyntax("AA99AA 99AA99 9999AA AA9999"),
    "RO": CountrySyntax("AA99AAA B9{2,3}AAA AA9{3,6}", _without("Q")),
    # No I, Q, V; the last place has no O either.
    "SE": CountrySyntax("AAA999 AAA99a", _without("IQV"), _without("IOQV")),
    "SK": CountrySyntax("AA999AA"),
    # No Q, W, X, which Turkish does not have.
    "TR": CountrySyntax("99A9{4,5} 99AA9{2,4} 99AAA9{2,3}", _without("QWX")),
    # Letters that Cyrillic and Latin have in common; the last two are of the series before 2004.
    "UA": CountrySyntax("AA9999AA 99AA9999 99999AA 9999AA", "ABCEHIKMOPTX"),
    # Fifty states, and a personal text on every tenth plate: any text is usual, and nothing is decided.
    "US": CountrySyntax("*+"),
    # No I, J, O, Q, W. Motorcycles have a digit or a second letter more.
    "VN": CountrySyntax("99A9{4,6} 99AA9{4,5}", _without("IJOQW")),
    # The province stands at the end, but in two of them at the beginning; the rest has no vowels and no Q.
    "ZA": CountrySyntax(
        "aa99aa(EC|FS|GP|L|MP|NC|NW|ZN) aaa999(EC|FS|GP|L|MP|NC|NW|ZN) CA{1,2}9{1,6} NA{0,3}9{1,6}",
        series=_without("AEIOUQ"),
    ),
}
"""By ISO 3166 code."""

ALIASES = {"UK": "GB", "EL": "GR"}
"""Codes in common use for countries whose ISO code is another."""


def syntax_of(country: str) -> CountrySyntax:
    """The syntax of a country by its code, in capital letters; KeyError for a country that is not in the table."""
    return COUNTRIES[ALIASES.get(country, country)]
