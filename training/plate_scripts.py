"""Signs on plates that are no Latin letters or digits, and words written in them.

README_plate_ocr.md names the fonts. The zeros of scripts that write it as a dot or a ring are left out.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Script:
    """One alphabet: what stands on plates in it."""

    fonts: str
    """Regular expression on file names."""
    signs: str
    """Each is read as one SIGN."""
    words: tuple[str, ...] = ()
    """Regions and countries in small letters, which are not read."""


CJK_FONTS = r"NotoSansCJK-(Regular|Bold)\.|NotoSerifCJK-Bold\."

SCRIPTS = {
    "china": Script(
        CJK_FONTS,
        "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼学警港澳使领挂",
    ),
    "japan": Script(
        CJK_FONTS,
        "品川練馬足立多摩八王子横浜湘南相模大宮所沢熊谷春日部千葉習志野袖ヶ浦成田水戸土浦宇都高前橋名古屋三河豊岡崎京都阪和泉神戸姫路広島福山北九州札幌仙台新潟長松本静金奈良沖縄岩手秋形青森",
        ("自家用", "事業用"),
    ),
    "kana": Script(
        CJK_FONTS,
        "さすせそたちつてとなにぬねのはひふほまみむめもやゆらりるろあいうえかきくけこれわを",
    ),
    "korea": Script(
        CJK_FONTS,
        "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호바사아자배",
    ),
    "korea_region": Script(CJK_FONTS, "서울부산대구인천광주전경기강원충북남제세종"),
    "thailand": Script(
        r"(Garuda|Loma|Norasi|Waree|Kinnari|Umpush|Laksaman)-Bold\.|NotoSansThai-(Bold|Medium)\.",
        "กขคฆงจฉชฌญฎฐฒณดตถทธนบผพภมยรลวศษสหฬอฮ",
        (
            "กรุงเทพมหานคร", "เชียงใหม่", "ชลบุรี", "นนทบุรี", "ภูเก็ต", "ขอนแก่น", "นครราชสีมา", "สงขลา", "ระยอง",
            "เชียงราย", "ปทุมธานี", "สมุทรปราการ", "อุดรธานี",
        ),
    ),
    "arabic": Script(
        r"Noto(Sans|Kufi|Naskh)Arabic-(Bold|SemiBold)\.|DejaVuSans-Bold\.",
        "ابحدرسصطعقكلمنهوىتثجخشغفي١٢٣٤٥٦٧٨٩",
        ("مصر", "السعودية", "دبي", "الكويت", "قطر", "عمان", "البحرين", "لبنان", "العراق", "تونس", "أبوظبي"),
    ),
    "persian": Script(
        r"Noto(Sans|Kufi|Naskh)Arabic-(Bold|SemiBold)\.|DejaVuSans-Bold\.",
        "بجدسصطقلمنوهی۱۲۳۴۵۶۷۸۹",
        ("ایران", "تهران", "مشهد"),
    ),
    "devanagari": Script(
        r"NotoSansDevanagari-(Bold|SemiBold)\.|NotoSerifDevanagari-Bold\.",
        "बगलसनकमधरजचपखभ१२३४५६७८९",
        ("नेपाल", "भारत"),
    ),
    "bengali": Script(r"NotoSansBengali-(Bold|SemiBold)\.", "কখগঘচছজঝটঠডঢথদনপফবভমযলশসহ১২৩৪৫৬৭৮৯", ("ঢাকা মেট্রো",)),
    "khmer": Script(r"NotoSansKhmer-(Bold|SemiBold)\.", "កខគឃងចឆជឈញដឋឌឍណតថទធនបផពភមយរលវសហឡអ", ("ភ្នំពេញ", "កម្ពុជា")),
    "lao": Script(
        r"NotoSansLao-(Bold|SemiBold)\.|NotoSerifLao-Bold\.",
        "ກຂຄງຈສຊຍດຕຖທນບປຜຝພຟມຢຣລວຫອຮ",
        ("ກຳແພງນະຄອນ",),
    ),
    "sinhala": Script(r"NotoSansSinhala-(Bold|SemiBold)\.", "කගචජටඩතදනපබමයරලවසහශ", ("ශ්‍රී",)),
}  # fmt: skip
EVERY_SCRIPT = tuple(sorted(set(SCRIPTS) - {"arabic", "persian"}))
"""What a layout without a script of its own draws from: an Arabic 1 amid Latin letters looks like an I."""
