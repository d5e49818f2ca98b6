"""Characters and words as ready-made masks, cut once from fonts whose licences allow it.

README_plate_ocr.md lists the packages that bring the fonts, with their licences.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from training.plate_scripts import SCRIPTS

Mask = NDArray[np.uint8]
GLYPH_HEIGHT = 64
"""Pixels of a capital letter in the atlas."""
WORD_HEIGHT = 24
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

GROUPS: dict[str, tuple[str, ...]] = {
    "narrow": (
        r"BebasNeue-(Bold|Regular)", r"OSP-DIN", r"RG2014[CDE]\.",
        r"barlow-(semi-)?condensed-latin-[567]00", r"fjalla",
        r"archivo-narrow-latin-[567]00", r"roboto-condensed-latin-[567]00", r"oswald-latin-[45]00",
        r"OpenSans-CondBold",
        r"LiberationSansNarrow-Bold", r"saira-condensed-latin-[56]00", r"routed-gothic-narrow\.",
        r"big-shoulders-display-latin-[67]00", r"NimbusSansNarrow-Bold\.",
    ),
    "round": (
        r"routed-gothic(-narrow)?\.", r"osifont", r"NationalPark-(Regular|Heavy)",
        r"Dosis-(Semi|Medium|Bold)",
        r"RG2014[DEF]M?\.", r"Jura-(Semi)?Bold", r"GemunuLibre-(Medium|SemiBold)", r"rajdhani-latin-[67]00",
        r"share-tech-mono", r"LeagueMono-(Condensed|Narrow)(Regular|Medium|SemiBold)",
    ),
    "heavy": (
        r"overpass-latin-[678]00", r"Roboto-(Medium|Bold)\.", r"FreeSansBold\.", r"NimbusSans-Bold\.",
        r"Play-Bold",
        r"LiberationSans-Bold\.", r"Cabin-(Semi)?Bold\.", r"B612-Bold", r"Inter-(SemiBold|Bold)\.",
        r"Cantarell-Bold",
        r"DejaVuSans(Condensed)?-Bold\.", r"LeagueSpartan-(Semi)?Bold", r"Lato-(Bold|Heavy)\.",
        r"RG2014(E|EM|F)\.",
        r"OpenSans-(Semibold|Bold)\.", r"barlow-semi-condensed-latin-[678]00", r"allerta_medium",
    ),
    "mono": (
        r"LiberationMono-Bold\.", r"DejaVuSansMono-Bold\.", r"FreeMonoBold\.", r"Hack-Bold\.",
        r"NotoSansMono-Bold",
        r"B612Mono-Bold\.",
    ),
}  # fmt: skip
"""Regular expressions on file names."""
WORD_FONTS = (
    r"FreeSansBold\.|DejaVuSerif-Bold\.|LiberationSans-Bold|Oblique|P052-BoldItalic|C059-BdIta|Z003|URWBookman-DemiItalic"
    r"|Roboto-Medium\."
)
MOST_WORD_FONTS = 12
GROUP_MIX = {
    "narrow": (("narrow", 0.75), ("round", 0.15), ("heavy", 0.1)),
    "brazil": (("narrow", 0.55), ("heavy", 0.25), ("round", 0.2)),
    "heavy": (("heavy", 0.65), ("narrow", 0.2), ("round", 0.15)),
    "us": (("narrow", 0.45), ("round", 0.3), ("heavy", 0.19), ("mono", 0.06)),
    "any": (("narrow", 0.4), ("heavy", 0.35), ("round", 0.2), ("mono", 0.05)),
}
"""How often each group is drawn from, by a layout's ``fonts``."""


def _listed(text: str) -> list[str]:
    return text.split("|")


STATES = _listed(
    "California|California|Texas|TEXAS|NEVADA|ARIZONA|Oregon|WASHINGTON|Idaho|UTAH|Colorado|NEW MEXICO"
    "|Oklahoma|Kansas|NEBRASKA|Iowa|MISSOURI|Arkansas|Louisiana|Mississippi|Alabama|GEORGIA|MYFLORIDA.COM"
    "|FLORIDA|NORTH CAROLINA|SOUTH CAROLINA|Virginia|West Virginia|KENTUCKY|Tennessee|OHIO|Indiana|Illinois"
    "|MICHIGAN|Wisconsin|Minnesota|NEW YORK|PENNSYLVANIA|NEW JERSEY|DELAWARE|MARYLAND|Connecticut"
    "|RHODE ISLAND|MASSACHUSETTS|VERMONT|NEW HAMPSHIRE|MAINE|ALASKA|HAWAII|WYOMING|MONTANA|NORTH DAKOTA"
    "|SOUTH DAKOTA|ONTARIO|Alberta|QUEBEC"
)
SLOGANS = _listed(
    "SUNSHINE STATE|GRAND CANYON STATE|THE EMPIRE STATE|SHOW-ME STATE|Great Lakes|Sportsman's Paradise"
    "|The Lone Star State|LAND OF ENCHANTMENT|Garden State|visit us.com|EVERGREEN STATE|LIVE FREE OR DIE"
    "|First in Flight|Famous Potatoes|IN GOD WE TRUST|dmv.ca.gov|BEAUTIFUL|10,000 lakes|Land of Lincoln"
    "|BIG SKY COUNTRY|The Natural State"
)
DEALERS = _listed(
    "TOYOTA|FORD OF TOWN|AUTO MALL|HONDA|DEALER GROUP|MOTORS|ALUMNI|UNIVERSITY|LEE AUTOS|CARS.COM"
    "|(555) 555-1212|MIAMI|SUBARU|AUTOHAUS|AUTO SALON|CAR CENTER|www.autodeal.com|SERVIS|AUTOCENTRUM"
    "|KIA MOTORS|DRIVE SAFELY|COLMA|BAY AREA"
)
CITIES = _listed(
    "BA-SALVADOR|SP-SAO PAULO|MG-BELO HORIZONTE|RJ-RIO DE JANEIRO|PR-CURITIBA|RS-PORTO ALEGRE|ES-VITORIA"
    "|DF-BRASILIA|SC-JOINVILLE|PE-RECIFE|CE-FORTALEZA|GO-GOIANIA|PA-BELEM|AM-MANAUS|MG-CONTAGEM|SP-CAMPINAS"
    "|PR-LONDRINA|BA-ITABUNA|SE-ARACAJU|BA-CAMACARI|PR-FOZ DO IGUACU"
)
MERCOSUR = _listed("BRASIL|REPUBLICA ARGENTINA|URUGUAY|PARAGUAY")
TOWNS = _listed("BOGOTA|MEDELLIN|CALI|CHILE|MEXICO|JALISCO|PUEBLA MEX")
MONTHS = _listed(
    "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|04|06|08|10|11|12|13|14|15|98|2009|2012|14B|TRK|APP"
)
EXPIRIES = _listed("05.24|11.26|02.28|09.19|07.21|12.27|03.23|10.25|06.20|01.29|08.22|04.18|12-25|06 26")
"""Months up to which an Indonesian plate is valid."""
SMALL_PLACES = _listed(
    "DUBAI|U.A.E|KSA|QATAR|OMAN|EGYPT|KUWAIT|BAHRAIN|PHNOM PENH|CAMBODIA|RUS|IRAN|LEBANON|THAILAND"
)
SRI_LANKAN = _listed("W/P|S/P|C/P|N/W|S/G|U/P|E/P|N/P|N/C")
STACKS = _listed("D/P|U/S|C/U|I/C|T/K|B/B|V/F|M/C|2/2|1/9")
CODES = _listed(
    "SK|CZ|D|GB|UK|F|I|E|PL|RO|H|HR|BIH|SLO|A|NL|B|P|S|N|DK|FIN|EST|LT|LV|IRL|GR|BG|SRB|UA|TR|L|AL|M|CY|IND|IL|IR"
)


@dataclass(frozen=True, slots=True)
class Typeface:
    """All 36 characters of one font, each cut tightly to its ink, GLYPH_HEIGHT high."""

    name: str
    glyphs: dict[str, Mask]

    @property
    def is_whole(self) -> bool:
        """False where the font draws the same box for all that it lacks."""
        return len({mask.tobytes() for mask in self.glyphs.values()}) == len(self.glyphs)


@dataclass(frozen=True, slots=True)
class GlyphAtlas:
    """Everything that is written, as masks (0 ground, 255 ink)."""

    groups: dict[str, tuple[Typeface, ...]]
    words: dict[str, tuple[Mask, ...]]
    signs: dict[str, tuple[Mask, ...]]
    """Signs of each script of :data:`training.plate_scripts.SCRIPTS` in all its typefaces."""

    def typeface(self, mix: str, rng: np.random.Generator) -> Typeface:
        """Draw a typeface from a mix of GROUP_MIX."""
        names, shares = zip(*GROUP_MIX[mix], strict=True)
        group = self.groups[names[int(np.searchsorted(np.cumsum(shares)[:-1], rng.random()))]]
        return group[int(rng.integers(len(group)))]

    def sign(self, scripts: tuple[str, ...], rng: np.random.Generator) -> Mask:
        """Draw a sign of one of some scripts."""
        masks = self.signs[scripts[int(rng.integers(len(scripts)))]]
        return masks[int(rng.integers(len(masks)))]

    def word(self, words: list[str], rng: np.random.Generator) -> Mask:
        """Draw one of some words (lists of this module), in one of its typefaces."""
        masks = self.words[words[int(rng.integers(len(words)))]]
        return masks[int(rng.integers(len(masks)))]


def find_fonts(folders: Iterable[str | Path]) -> list[Path]:
    """All .ttf, .ttc, .otf and .woff files below the folders, sorted by name, one per name."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            if path.suffix.lower() in {".ttf", ".ttc", ".otf", ".woff"} and "-ext-" not in path.name:
                found.setdefault(path.name, path)
    return [found[name] for name in sorted(found)]


def build_atlas(folders: Iterable[str | Path]) -> GlyphAtlas:
    """Render the atlas (about 10 s). Raises FileNotFoundError where a font group or a script stays empty."""
    folders = [*map(str, folders)]
    fonts = find_fonts(folders)
    groups: dict[str, tuple[Typeface, ...]] = {}
    for group, expressions in GROUPS.items():
        chosen = _chosen(fonts, "|".join(expressions), group, folders)
        faces = [Typeface(path.name, {c: _glyph(path, c) for c in CHARACTERS}) for path in chosen]
        groups[group] = tuple(face for face in faces if face.is_whole)
    word_fonts = [path for path in fonts if re.search(WORD_FONTS, path.name)][:MOST_WORD_FONTS]
    texts = {*STATES, *SLOGANS, *DEALERS, *CITIES, *MERCOSUR, *TOWNS, *MONTHS, *CODES, *EXPIRIES, *SMALL_PLACES}
    words = {text: tuple(_word(path, text) for path in word_fonts) for text in sorted(texts)}
    words |= {text: tuple(_stack(path, text) for path in word_fonts[:4]) for text in (*STACKS, *SRI_LANKAN)}
    signs: dict[str, tuple[Mask, ...]] = {}
    for name, script in SCRIPTS.items():
        chosen = _chosen(fonts, script.fonts, name, folders)
        signs[name] = tuple(_glyph(path, sign) for path in chosen for sign in script.signs)
        words |= {text: tuple(_word(path, text) for path in chosen) for text in script.words}
    return GlyphAtlas(groups, words, signs)


def _chosen(fonts: list[Path], expression: str, group: str, folders: list[str]) -> list[Path]:
    """The fonts whose names the expression finds; there must be one."""
    chosen = [path for path in fonts if re.search(expression, path.name)]
    if not chosen:
        raise FileNotFoundError(f"no font for the group '{group}' in {folders}: see README_plate_ocr.md")
    return chosen


@lru_cache(maxsize=64)
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    """A font file opened; those of Chinese are large."""
    return ImageFont.truetype(str(path), size)


def _ink(path: Path, size: int, text: str) -> Image.Image:
    """A text cut tightly to its ink."""
    font = _font(path, size)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2))
    ImageDraw.Draw(image).text((1 - left, 1 - top), text, fill=255, font=font)
    return image.crop(image.getbbox() or (0, 0, *image.size))


def _scaled(image: Image.Image, height: int) -> Mask:
    width = max(4, round(image.width * height / max(1, image.height)))
    return np.asarray(image.resize((width, height), Image.Resampling.BOX), np.uint8)


def _glyph(path: Path, character: str) -> Mask:
    return _scaled(_ink(path, 90, character), GLYPH_HEIGHT)


def _word(path: Path, text: str) -> Mask:
    return _scaled(_ink(path, 30, text), WORD_HEIGHT)


def _stack(path: Path, text: str) -> Mask:
    """Small letters one above the other, as beside the number on some American plates."""
    upper, lower = (_scaled(_ink(path, 30, c), WORD_HEIGHT) for c in text.split("/"))
    mask = np.zeros((2 * WORD_HEIGHT + 6, max(upper.shape[1], lower.shape[1])), np.uint8)
    mask[:WORD_HEIGHT, : upper.shape[1]] = upper
    mask[-WORD_HEIGHT:, : lower.shape[1]] = lower
    return mask
