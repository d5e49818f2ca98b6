"""What is written on number plates, and how it is arranged, country by country.

A pattern is a string: ``L`` a letter, ``D`` a digit, ``A`` either; a space is a gap, ``-`` and ``.`` are
drawn but not read, ``*`` a crest or picture, ``:`` two round stickers one above the other, ``/`` starts the
second line; any other character is written as it is. Patterns of one layout are separated by ``|``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NO_I_NO_O = "ABCDEFGHJKLMNPQRSTUVWXYZ"
Colour = tuple[int, int, int]
"""Blue, green, red, 0..255."""
Scheme = tuple[Colour, Colour]
"""Colours of the ground and of the characters."""

WHITE, YELLOW, GREY = (232, 234, 234), (30, 190, 235), (178, 184, 184)
BLACK, RED, BLUE, GREEN = (22, 20, 20), (40, 30, 180), (120, 50, 20), (60, 110, 30)
PLAIN: tuple[Scheme, ...] = ((WHITE, BLACK),)
REAR_YELLOW: tuple[Scheme, ...] = ((WHITE, BLACK), (YELLOW, BLACK))
ALL_YELLOW: tuple[Scheme, ...] = ((YELLOW, BLACK),)
OLD_BLACK: Scheme = ((28, 28, 30), (205, 212, 216))
LONG = (4.6,)
"""520 x 112 mm, the European plate, in heights."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One country's kind of plate."""

    name: str
    weight: float
    written: str
    """Patterns separated by ``|``."""
    aspect: tuple[float, ...] = LONG
    """Possible widths of the plate, in heights; two lines on a long plate make it a short one."""
    schemes: tuple[Scheme, ...] = PLAIN
    letters: str = LETTERS
    band: str = ""
    """Country codes for the blue band at the left edge, separated by spaces; empty: no band."""
    band_chance: float = 0.95
    style: str = "plain"
    """Which decorations :mod:`training.plate_decorations` adds."""
    fonts: str = "any"
    """Mix of typefaces: a key of :data:`training.plate_glyphs.GROUP_MIX`."""

    @property
    def patterns(self) -> list[str]:
        """The patterns one by one."""
        return self.written.split("|")


EUROPE = (
    Layout(
        "slovakia",
        2.4,
        "LL*DDDLL|LL-DDDLL|LL:DDDLL|LL*DDDLL|LL:DDDLL|LL/DDDLL",
        band="SK",
        band_chance=0.65,
        style="slovak",
        fonts="narrow",
    ),
    Layout(
        "czechia",
        2.0,
        "DLD:DDDD|DLD DDDD|DLD:DDDD|DLL DDDD|LLL DD-DD|LLL DDDD|DLD/DDDD",
        band="CZ",
        band_chance=0.6,
        schemes=(*PLAIN, *PLAIN, *PLAIN, OLD_BLACK),
        letters=NO_I_NO_O,
        fonts="narrow",
    ),
    Layout(
        "germany",
        2.6,
        "L:L DDD|LL:LL DDD|LLL:L DDD|L:LL DDDD|LL:L DDDD|L:LL DD|LL:LL DDDD|LLL:LL DD|LL-LL DDD"
        "|L-LLLLL|L-L D|L:LLLLL|L:LLLL|LL/LL DDD|L/LL DDDD",
        band="D",
    ),
    Layout(
        "britain",
        1.6,
        "LLDD LLL|LLDD LLL|LDDD LLL|LLL DDDL|LLLDDD|LDLLL|LLDD/LLL",
        schemes=REAR_YELLOW,
        band="GB UK",
        letters=NO_I_NO_O,
        band_chance=0.5,
        fonts="heavy",
        style="makers_name",
    ),
    Layout(
        "france",
        1.0,
        "LL-DDD-LL|DDDD LL DD|LL-DDD-LL|LL-DDD/LL",
        band="F",
        letters=NO_I_NO_O,
        style="right_band",
    ),
    Layout(
        "italy",
        1.0,
        "LL DDDLL|LL*DDDLL|LL/DDDLL",
        band="I",
        letters=NO_I_NO_O,
        style="right_band",
        fonts="narrow",
    ),
    Layout("spain", 0.9, "DDDD LLL|L DDDD LL|DDDD LLL|DDDD/LLL", band="E", letters="BCDFGHJKLMNPRSTVWXYZ"),
    Layout("poland", 1.2, "LL*DDDDD|LLL*DDDD|LL DDDDL|LLL DDLL|LLL LDDD|LL DDDLL|LLL DDDDD|LL/DDDDD", band="PL"),
    Layout("romania", 1.0, "LL DD LLL|B DDD LLL|B DD LLL|LL DD/LLL", band="RO"),
    Layout("hungary", 0.6, "LLL-DDD|LL LL*DDD", band="H"),
    Layout("croatia", 0.7, "LL*DDD-LL|LL*DDDD-LL|LL*DDD-L", band="HR BIH", band_chance=0.6),
    Layout("slovenia", 0.5, "LL*LL-DDD|LL*DD-LLL|LL*D-LLL", band="SLO", style="green_edge"),
    Layout("austria", 0.7, "LL*DDDLL|L*DDDDDL|L*DDDLL|LL DDDLL", band="A", style="stripes"),
    Layout("netherlands", 0.8, "DD-LL-LL|LL-DDD-L|D-LLL-DD|LL-LL-DD|DD-LLL-D", schemes=ALL_YELLOW, band="NL"),
    Layout("belgium", 0.5, "D-LLL-DDD|LLL-DDD|DDD-LLL", schemes=((WHITE, RED),), band="B"),
    Layout("switzerland", 0.5, "LL*DDDDDD|LL*DDDDD|LL-DDDDD|LL/DDDDDD"),
    Layout("portugal", 0.4, "DD-LL-DD|LL-DD-LL|DD-DD-LL", band="P", style="right_band"),
    Layout(
        "nordic",
        0.8,
        "LLL DDD|LL DDDDD|LL DD DDD|LLL-DDD|LLL*DDD|LLL DDL",
        band="S N DK FIN EST LT LV",
        band_chance=0.7,
    ),
    Layout("ireland", 0.3, "DD-L-DDDDD|DDD-L-DDDD|DD-LL-DDDD", band="IRL"),
    Layout("greece", 0.3, "LLL-DDDD|LLL/DDDD", band="GR", letters="ABEZHIKMNOPTYX"),
    Layout("bulgaria", 0.4, "L DDDD LL|LL DDDD LL", band="BG", letters="ABEKMHOPCTYX"),
    Layout("serbia", 0.4, "LL*DDD-LL|LL*DDDD-LL", band="SRB"),
    Layout("ukraine", 0.6, "LL DDDD LL|LL DD/DDLL", band="UA", letters="ABCEHIKMOPTX"),
    Layout("turkey", 0.7, "DD L DDDD|DD LL DDD|DD LLL DD|DD LL DDDD|DD LL/DDD", band="TR"),
    Layout("russia", 0.5, "LDDDLL DD|LDDDLL DDD", letters="ABCEHKMOPTXY"),
    Layout("luxembourg", 0.2, "LL DDDD", schemes=ALL_YELLOW, band="L"),
    Layout(
        "europe_any",
        1.5,
        "LLL DDDD|LL*DDDD|AAA*AAAA|LL AAAAA|DDD-LL-DD|AA-AA-AA|AAAAAA|AAA/AAAA|LLLL D|LLDDDL",
        (4.6, 4.6, 3.6),
        schemes=(*REAR_YELLOW, *PLAIN, OLD_BLACK),
        band_chance=0.8,
        band="D F I E PL CZ SK H RO HR SLO A GB AL M CY",
    ),
)

SOUTH_AMERICA = (
    Layout(
        "brazil_grey",
        3.6,
        "LLL.DDDD",
        (3.08,),
        style="brazil",
        fonts="brazil",
        schemes=(
            (GREY, (30, 30, 30)),
            ((196, 202, 202), BLACK),
            ((168, 176, 176), (36, 36, 36)),
            ((40, 30, 170), (225, 225, 225)),
            ((225, 228, 228), RED),
        ),
    ),
    Layout(
        "brazil_motorcycle",
        0.7,
        "LLL/DDDD",
        (1.15,),
        style="brazil",
        fonts="brazil",
        schemes=((GREY, (30, 30, 30)), ((40, 30, 170), (225, 225, 225))),
    ),
    Layout(
        "mercosur_brazil",
        1.5,
        "LLLDLDD|LLL DLDD",
        (3.08,),
        style="mercosur",
        schemes=((WHITE, BLACK), (WHITE, RED), (WHITE, (160, 70, 20))),
    ),
    Layout("mercosur_argentina", 1.0, "LL DDD LL|LLL DDDD|LL DDDD", (3.08,), style="mercosur"),
    Layout("mercosur_motorcycle", 0.4, "LLL/DLDD|LDDD/LLL", (1.2,), style="mercosur"),
    Layout("argentina_black", 1.1, "LLL DDD|LLL.DDD", (2.3,), schemes=(OLD_BLACK,), style="white_edge"),
    Layout("argentina_black_motorcycle", 0.25, "DDD/LLL", (1.2,), schemes=(OLD_BLACK,), style="white_edge"),
    Layout("colombia", 0.4, "LLL-DDD|LLL*DDD", (2.1,), schemes=REAR_YELLOW, style="city"),
    Layout("chile_mexico", 0.6, "LL.LL.DD|LL*DD*DD|LLL-DD-DD|LLL-DDD-L|L-DDD-LLL", (2.1, 3.0), style="city"),
)

US_SCHEMES: tuple[Scheme, ...] = (
    (WHITE, (110, 40, 20)), (WHITE, BLACK), (WHITE, (40, 40, 150)), (WHITE, GREEN), (WHITE, (140, 70, 30)),
    (WHITE, (60, 45, 40)), (WHITE, (95, 55, 35)), ((225, 230, 230), (70, 60, 55)),
    ((60, 200, 240), BLACK), ((60, 190, 235), BLUE), ((130, 60, 20), (225, 230, 235)),
    ((225, 235, 245), (50, 40, 40)), ((120, 70, 30), (80, 220, 240)),
    ((60, 100, 40), WHITE), ((235, 225, 205), (130, 50, 20)), ((215, 225, 235), (30, 30, 60)),
    ((205, 225, 205), (40, 70, 20)), ((225, 232, 238), (70, 45, 35)), ((230, 215, 190), (60, 40, 30)),
    ((200, 215, 235), (40, 30, 120)),
)  # fmt: skip
UNITED_STATES = (
    Layout(
        "us_state",
        13.0,
        "LLL*DDDD|LLL-DDDD|LLL DDDD|LLL.DDDD|LLL*DDD|LLL DDD|DDD*LLL|DDD LLL|DDD.LLL|DLLLDDD|DLLLDDD"
        "|LLD*LDL|LLD*LDL|LLD*LDL|LLD LDL|DDL*DLL|LLLDDDD|LLDDDD|LL*DDDD|LL DDDD|LL DDDDD|DDDDDD|DDDDDDD"
        "|DDD DDD"
        "|DD LLDD|DDLDDDL|DLDDDDL|LDDDDDD|LDD DDDD|DDD DDDD|D DDDDD|DLL DDD|DLL*LDD|DDDLLL|LDDDDL|DDDD LL"
        "|DL DDDD"
        "|DDL DDD|LLL DDL|LLL*DDL|DDDDLL|DDLLDD|LLDDLLL|DDDDDLD|LDDLLL|DDL*LDL|LLLDDD|LDLDDL|LDL*DDL"
        "|DLD DLD|LLL-DD"
        "|DDDDD|DDDDL|LDDDD|DLLDDD|LLL DLD",
        (2.0, 2.0, 2.0, 2.25),
        US_SCHEMES,
        style="us",
        fonts="us",
    ),
    Layout(
        "us_california",
        2.2,
        "DLLLDDD|DLLLDDD|DLLLDDD|DDDDDLD|DLDDDDD|LLLLLLL",
        (2.0,),
        style="us",
        fonts="us",
        schemes=(
            (WHITE, (70, 45, 35)),
            (WHITE, (90, 60, 30)),
            ((225, 230, 235), (60, 50, 45)),
            ((60, 40, 30), (60, 190, 230)),
            (BLACK, (60, 190, 230)),
        ),
    ),
    Layout(
        "us_vanity",
        2.2,
        "LLLL|LLLLL|LLLLLL|LLLLLLL|LLL LLL|LL LLLL|LLLLDD|DLLLLL|LLLDLL|LLLD|LL DD|AAAAAA|AAAAAAA|AAAAA|LLL-LD",
        (2.0,),
        US_SCHEMES,
        style="us",
        fonts="us",
    ),
    Layout(
        "canada_australia",
        0.8,
        "LLLL DDD|LLL*DDD|LLL DDD|LDD LLL|DLL DLL|LLL-DDD|DDD-LLL",
        (2.0, 2.7),
        US_SCHEMES,
        style="us",
        fonts="us",
    ),
)

ASIA = (
    Layout(
        "china",
        0.8,
        "L.AAAAA|L.DDDDD|L.LDDDD|L/AAAAA",
        (3.14,),
        letters=NO_I_NO_O,
        style="province",
        fonts="heavy",
        schemes=(((150, 70, 20), (235, 235, 235)), (YELLOW, BLACK), ((150, 200, 110), BLACK)),
    ),
    Layout(
        "vietnam",
        0.8,
        "DDL-DDD.DD|DDL-DDDD|DDL/DDD.DD|DD-LD/DDD.DD|DDL/DDDD",
        (4.3, 1.4),
        REAR_YELLOW,
        NO_I_NO_O,
    ),
    Layout(
        "india",
        1.0,
        "LL DD LL DDDD|LLDDLDDDD|LL DD/LL DDDD|LL-DD-L-DDDD|LLDDL/DDDD|LL DD L/DDDD",
        (4.3, 1.7),
        REAR_YELLOW,
        NO_I_NO_O,
        band="IND",
        band_chance=0.5,
    ),
    Layout(
        "thailand_malaysia",
        0.6,
        "LLL DDDD|LL DDDD|LLL DDDL|LLL/DDDD",
        (4.0, 1.6),
        ((BLACK, WHITE), (WHITE, BLACK)),
    ),
    Layout("israel", 0.3, "DD-DDD-DD|DDD-DD-DDD", schemes=ALL_YELLOW, band="IL"),
)

ANYTHING = Layout(
    "anything",
    1.5,
    "AAAAA|AAAAAA|AAAAAAA|AAAAAAAA|AAA AAA|AA AAAA|AAA/AAA|AA/AAAA|AAA/AAAA|AAAA/AAAA|AAAA|AAAAAAAAA|AA*AAAA",
    (2.0, 2.5, 3.2, 4.4, 1.3),
    US_SCHEMES,
)

LAYOUTS = (*EUROPE, *SOUTH_AMERICA, *UNITED_STATES, *ASIA, ANYTHING)
REPEAT_CHANCE = 0.12
"""Share of plates on which one character is made equal to its neighbour: a reader loses doubles first."""


def fill(pattern: str, letters: str, rng: np.random.Generator) -> str:
    """Turn a pattern into one plate's writing; marks such as ``-`` and ``*`` are kept."""
    written = [_character(symbol, letters, rng) for symbol in pattern]
    if rng.random() < REPEAT_CHANCE:
        _repeat_one(written, rng)
    return "".join(written)


def _character(symbol: str, letters: str, rng: np.random.Generator) -> str:
    if symbol == "A":
        symbol = "D" if rng.random() < 0.45 else "L"
    if symbol == "L":
        return letters[int(rng.integers(len(letters)))]
    if symbol == "D":
        return DIGITS[int(rng.integers(10))]
    return symbol


def _repeat_one(written: list[str], rng: np.random.Generator) -> None:
    """Make one character equal to the one before it, where both are letters or both digits."""
    pairs = [
        i
        for i in range(1, len(written))
        if (written[i].isdigit() and written[i - 1].isdigit())
        or (written[i].isalpha() and written[i - 1].isalpha())
    ]
    if pairs:
        at = pairs[int(rng.integers(len(pairs)))]
        written[at] = written[at - 1]
