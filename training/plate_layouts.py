"""What is written on number plates, and how it is arranged, country by country.

A pattern is a string: ``L`` a letter, ``D`` a digit, ``A`` either; a space is a gap, ``-`` and ``.`` are
drawn but not read, ``*`` a crest or picture, ``:`` two round stickers one above the other, ``/`` starts the
second line, ``#`` one of the layout's codes, ``□`` a sign of the layout's script, ``^`` lets what follows be small
and raised; any other character is written as it is. Patterns of one layout are separated by ``|``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.plate_scripts import EVERY_SCRIPT

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

    codes: str = ""
    """Regions that ``#`` stands for, separated by spaces."""
    scripts: tuple[str, ...] = EVERY_SCRIPT
    """Scripts of :data:`training.plate_scripts.SCRIPTS` that ``□`` is drawn from."""
    sign_height: float = 1.0
    """Of a sign, in heights of its line."""
    first_row: float = 0.5
    """Height of the upper of two lines, in heights of both."""

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
    Layout(
        "ukraine",
        0.6,
        "LL DDDD LL|LL DDDD LL|LL DD/DDLL|DDDD/LL|DDD-DD/LL|LLDDDD/LL",
        band="UA",
        letters="ABCEHIKMOPTX",
    ),
    Layout(
        "turkey",
        1.2,
        "DD L DDDD|DD LL DDD|DD LLL DD|DD LL DDDD|DD LLL DDD|DD LL/DDD|DD LLL/DDD",
        band="TR",
        letters="ABCDEFGHIJKLMNOPRSTUVYZ",
    ),
    Layout(
        "russia",
        1.2,
        "LDDDLL^DD|LDDDLL^DDD|L DDD LL^DD|LLDDD^DD|DDDDLL/DD|LDDD/LL DD",
        letters="ABCEHKMOPTXY",
        style="region_box",
    ),
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

INDIAN = (
    "AN AP AR AS BR CG CH DD DL DL DN GA GJ GJ HP HR HR JH JK KA KA KL KL LA LD MH MH MH ML MN MP MZ NL OD OR"
    " PB PB PY RJ SK TN TN TR TS UK UP UP WB"
)
INDONESIAN = (
    "A B B B AA AB AD AE AG BA BB BD BE BG BH BK BL BM BN BP D D DA DB DC DD DE DG DH DK DL DM DN DR E EA EB ED F"
    " G H K KB KH KT KU L L M N P PA PB R S T W Z"
)
THAI_PLATES: tuple[Scheme, ...] = (*PLAIN, *PLAIN, (YELLOW, BLACK), (WHITE, GREEN))
WHITE_ON_BLACK: Scheme = (BLACK, WHITE)

SOUTH_ASIA = (
    Layout(
        "india",
        3.0,
        "# DD LL DDDD|#DDLLDDDD|#DDLDDDD|# DD L DDDD|#-DD-LL-DDDD|# D LL DDDD|# D LLL DDDD|#DDLLDDDD|DD BH DDDD LL"
        "|#.DD.LL.DDDD|# DD DDDD|#DLLLDDDD|#DDLLLDDDD",
        (4.2, 4.6),
        (*PLAIN, *REAR_YELLOW, ((60, 120, 40), WHITE), OLD_BLACK),
        NO_I_NO_O,
        band="IND",
        band_chance=0.5,
        codes=INDIAN,
    ),
    Layout(
        "india_two_lines",
        1.6,
        "# DD/LL DDDD|#DD/LDDDD|# DD LL/DDDD|#DDLL/DDDD|#-DD-L/DDDD|#DD L/DDDD|# D LL/DDDD|#DDLL/DDDD",
        (1.7, 1.35, 1.2),
        (*PLAIN, *REAR_YELLOW, ((60, 120, 40), WHITE), OLD_BLACK),
        NO_I_NO_O,
        band="IND",
        band_chance=0.35,
        codes=INDIAN,
    ),
    Layout(
        "sri_lanka",
        0.8,
        "LL-DDDD|LLL-DDDD|LLL DDDD|LL/DDDD|LLL/DDDD|DDD-DDDD|DD□DDDD",
        (4.2, 1.6),
        REAR_YELLOW,
        style="left_stack",
        scripts=("sinhala",),
    ),
    Layout("pakistan", 0.5, "LLL-DDD|LLL-DDDD|LL DDDD|LLL DD/DDDD|LLL/DDDD|LL-DDD", (3.2, 1.5, 2.0), REAR_YELLOW),
    Layout(
        "nepal_bangladesh",
        0.4,
        "□□ □/□ □□□□|□ □ □ □□□□|□□□□ □/□□-□□□□|□□-□□□□",
        (1.5, 3.4),
        (((40, 30, 180), WHITE), (WHITE, BLACK), (WHITE, RED), (GREEN, WHITE)),
        scripts=("devanagari", "bengali"),
    ),
)

EAST_ASIA = (
    Layout(
        "china",
        1.6,
        "□L.AAAAA|□L.DDDDD|□L.LDDDD|□L.DDDDL|□L.DLDDD|□L.DDDD□|□L.DDDLD",
        (3.14,),
        letters=NO_I_NO_O,
        fonts="heavy",
        scripts=("china",),
        schemes=(((150, 70, 20), (235, 235, 235)),) * 4 + ((YELLOW, BLACK), (BLACK, WHITE), (WHITE, BLACK)),
    ),
    Layout(
        "china_green",
        0.5,
        "□LLDDDDD|□L.LDDDDD|□L.DDDDDL|□LLLDDDD",
        (3.4,),
        letters="ABCDFGHJK",
        fonts="heavy",
        scripts=("china",),
        schemes=(((150, 200, 110), BLACK), ((190, 225, 170), BLACK)),
    ),
    Layout(
        "china_two_lines",
        0.5,
        "□L/AAAAA|□L/DDDDD|□ L/LDDDD",
        (1.6, 2.0),
        letters=NO_I_NO_O,
        fonts="heavy",
        scripts=("china",),
        first_row=0.4,
        schemes=((YELLOW, BLACK), (YELLOW, BLACK), ((150, 70, 20), WHITE)),
    ),
    Layout(
        "japan",
        1.5,
        "□□ DDD/□ DD-DD|□□ DDD/□ DD-DD|□□□ DDD/□ DD-DD|□□□ DDD/□ .DDD|□□ DDD/□ ..DD|□□□□ DDD/□ DD-DD|□□ DD/□ DD-DD"
        "|□□ DDL/□ DD-DD",
        (2.0,),
        ((WHITE, (60, 90, 20)), (WHITE, (60, 90, 20)), (YELLOW, BLACK), ((70, 90, 20), WHITE), (BLACK, YELLOW)),
        scripts=("japan", "japan", "kana"),
        sign_height=0.8,
        first_row=0.34,
    ),
    Layout(
        "korea",
        1.3,
        "DD□ DDDD|DDD□ DDDD|DD□DDDD|DDD□DDDD|□□DD□DDDD",
        (4.6, 4.6, 2.0),
        (*PLAIN, *PLAIN, (YELLOW, BLACK), ((100, 110, 40), WHITE)),
        scripts=("korea", "korea", "korea_region"),
        sign_height=0.85,
    ),
    Layout(
        "korea_two_lines",
        0.6,
        "□□ DD/□DDDD|DD/□DDDD|□□ DD/□ DDDD|DDD/□DDDD",
        (2.0, 1.7),
        (((100, 110, 40), WHITE), ((100, 110, 40), WHITE), *PLAIN, (YELLOW, BLACK)),
        scripts=("korea", "korea_region"),
        first_row=0.4,
    ),
    Layout(
        "taiwan_singapore",
        0.8,
        "LLL-DDDD|DDDD-LL|LL-DDDD|LLL DDDD L|LL DDDD L|LL DDDD|LLL/DDDD|LL DDD|LLL-DDD/DD",
        (2.1, 4.2, 1.6),
        (*REAR_YELLOW, WHITE_ON_BLACK),
    ),
)

SOUTH_EAST_ASIA = (
    Layout(
        "vietnam",
        1.0,
        "DDL-DDD.DD|DDL-DDDD|DDL-DDDDD|DDL DDD.DD|DDLD-DDD.DD|LL-DD-DD",
        (4.3,),
        (*REAR_YELLOW, ((140, 70, 20), WHITE)),
        NO_I_NO_O,
    ),
    Layout(
        "vietnam_two_lines",
        2.0,
        "DDL/DDD.DD|DD-LD/DDD.DD|DD-LD/DDDDD|DD-LD/DDDD|DD-LL/DDD.DD|DDL/DDDD|DD-LD/DDD.DD|DD LD/DDDD",
        (1.36, 1.4, 1.5),
        (*PLAIN, *PLAIN, *REAR_YELLOW, ((140, 70, 20), WHITE)),
        NO_I_NO_O,
    ),
    Layout(
        "indonesia",
        2.2,
        "# DDDD LL|# DDDD LLL|# DDD LL|# DD LL|# DDDD L|# DDDD LL|# D LL|# DDDD LLL|# DDDD|# DDD L",
        (2.9, 2.5, 3.2),
        (WHITE_ON_BLACK, WHITE_ON_BLACK, *PLAIN, *PLAIN, (YELLOW, BLACK), ((30, 30, 170), WHITE)),
        style="expiry",
        codes=INDONESIAN,
    ),
    Layout(
        "thailand",
        1.2,
        "□□ DDDD|D□□ DDDD|□□ DDD|D□□ DDDD|□□ DD|D□□ D|DD-DDDD",
        (2.2, 2.3),
        THAI_PLATES,
        style="word_below",
        scripts=("thailand",),
    ),
    Layout("thailand_motorcycle", 0.5, "D□□/DDDD|□□□/DDD|D□□/DDD", (1.25,), THAI_PLATES, scripts=("thailand",)),
    Layout(
        "malaysia",
        0.8,
        "LLL DDDD|LL DDDD|LLL DDDL|LLL/DDDD|L DDDD L|LLL DDDD L|LL/DDDD|LLL DDD|L DDDD",
        (4.4, 1.6),
        (WHITE_ON_BLACK, WHITE_ON_BLACK, (WHITE, BLACK)),
    ),
    Layout(
        "khmer_lao",
        0.5,
        "DL-DDDD|DLL-DDDD|□□ DDDD|DL.DDDD",
        (2.4, 3.2),
        (*PLAIN, (YELLOW, BLACK), (YELLOW, (140, 40, 20))),
        style="word_above",
        scripts=("khmer", "lao"),
    ),
    Layout("philippines", 0.4, "LLL DDDD|LLL DDD|LDDDDDD|DDDDLL|LL DDDDD", (2.5,), PLAIN, style="city"),
)

WEST_ASIA_AND_AFRICA = (
    Layout("israel", 0.3, "DD-DDD-DD|DDD-DD-DDD", schemes=ALL_YELLOW, band="IL"),
    Layout(
        "gulf",
        0.9,
        "DDDDD|L DDDDD|DD DDDDD|DDDDDD|LL DDDDD|D DDDDD|L DDDD|DDDD",
        (4.6, 2.1, 2.0),
        (*PLAIN, *PLAIN, (YELLOW, BLACK), ((40, 30, 170), WHITE)),
        style="word_above",
        scripts=("arabic",),
    ),
    Layout(
        "saudi",
        0.6,
        "□□□□ □□□/DDDD LLL|□□□ □□□/DDD LLL|□□□□ □□□/DDDD LLL",
        (2.05, 3.4),
        letters="ABDEGHJKLNRSTUVXZ",
        scripts=("arabic",),
    ),
    Layout(
        "egypt",
        0.4,
        "□□□□ □□□|□□□ □□□|□□□□ □□|□□□ □□",
        (2.1,),
        style="word_above",
        scripts=("arabic",),
    ),
    Layout(
        "iran",
        0.5,
        "□□ □ □□□ ^□□|□□ □ □□□^□□",
        (4.6,),
        (*PLAIN, *PLAIN, (YELLOW, BLACK), ((40, 30, 170), WHITE)),
        band="IR",
        scripts=("persian",),
        style="region_box",
    ),
    Layout("morocco", 0.3, "DDDDD-□-DD|DDDDD-□-D|DDDD □ DD|DDDDD □/DD", (4.6, 2.0), scripts=("arabic",)),
    Layout(
        "africa",
        1.0,
        "LL DD LL #|LLL DDD #|# DDD-DDD|# DDDDD|LL DD LL #|LLL-DDD LL|LLL DDDL|LL DDDD-DD|LLL DDDL|# DDDDDD"
        "|LLL/DDDL|LLL DDD L|T DDD LLL|N DDDD L|LL DD LL/#",
        (4.4, 2.1),
        REAR_YELLOW,
        codes="GP GP EC MP FS NW ZN CA ND CF CY NP BN",
    ),
    Layout(
        "any_script",
        1.2,
        "□AAAAA|AAAAA□|AA□AAAA|□□AAAA|□ AAAA|A□□ AAAA|□□ AA/□AAAA|□A/AAAAA|□□□□□□|AAA □ AAA|AAAA□□",
        (2.0, 2.6, 3.3, 4.5, 1.4),
        (*REAR_YELLOW, WHITE_ON_BLACK, ((140, 70, 20), WHITE), ((70, 100, 30), WHITE)),
    ),
)

ANYTHING = Layout(
    "anything",
    1.5,
    "AAAAA|AAAAAA|AAAAAAA|AAAAAAAA|AAA AAA|AA AAAA|AAA/AAA|AA/AAAA|AAA/AAAA|AAAA/AAAA|AAAA|AAAAAAAAA|AA*AAAA",
    (2.0, 2.5, 3.2, 4.4, 1.3),
    US_SCHEMES,
)

LAYOUTS = (
    *EUROPE,
    *SOUTH_AMERICA,
    *UNITED_STATES,
    *SOUTH_ASIA,
    *EAST_ASIA,
    *SOUTH_EAST_ASIA,
    *WEST_ASIA_AND_AFRICA,
    ANYTHING,
)
REPEAT_CHANCE = 0.12
"""Share of plates on which one character is made equal to its neighbour: a reader loses doubles first."""


def fill(pattern: str, layout: Layout, rng: np.random.Generator) -> str:
    """Turn one of a layout's patterns into one plate's writing; marks such as ``-`` and ``*`` are kept."""
    written = [_character(symbol, layout.letters, rng) for symbol in pattern]
    if rng.random() < REPEAT_CHANCE:
        _repeat_one(written, rng)
    if "#" in written:
        codes = layout.codes.split()
        written[written.index("#")] = codes[int(rng.integers(len(codes)))]
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
