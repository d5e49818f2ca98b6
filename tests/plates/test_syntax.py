"""How the plates of each country are written."""

import re

import pytest

from traffic_monitor.plates.syntax import ALIASES, COUNTRIES, syntax_of
from traffic_monitor.plates.text import PlateFormats

USUAL = {
    "AR": "AD440CY ABC123 A123BCD",
    "AT": "W12345A GU123AB S626VY WTKT1",
    "AU": "ABC12D AB12CD 1AB2CD S123ABC 1ABC234 123AB4",
    "BE": "1ABC234 ABC123",
    "BG": "CB1234AB C1234AB",
    "BR": "OEL1145 BRA2E19",
    "CA": "BYHM136 BKTP665 A12BCD",
    "CH": "ZH123456 BE1",
    "CL": "BCDF12 AB1234",
    "CN": "A019W2 B99999 ATK071 AF71017 A6716 A12345D",
    "CO": "IFV301 ABC12D",
    "CZ": "1A23456 4B04979 ABC1234",
    "DE": "MAE2821 HHAB123 BA1 TOLBA218 MX12E",
    "DK": "AB12345",
    "ES": "3648FRN GC0790CG M123456",
    "FI": "ABC123",
    "FR": "AB123CD 1234AB75",
    "GB": "CZ17KOD DAN54P OX65AWD A1ABC AIZ1234",
    "GR": "ABE1234 YXZ123",
    "HR": "ZG1234AB",
    "HU": "ABC123 AABB123",
    "ID": "B9140BCD H1147UY L300RX AD1328PY",
    "IN": "DL3CAM0857 MH01AV8866 KL65K7111 DL49AK49 22BH1234AA",
    "IT": "AB123CD RM123456",
    "MX": "ABC123D ABC1234 A12BCD",
    "MY": "WA1234B ABC1234",
    "NL": "12XBGD GB123X X123GB OV12BB",
    "NO": "AB12345",
    "PL": "PO096NT PGN756EC FSD23429 PZ492AK W1KOT",
    "PT": "AB12CD 12AB34",
    "RO": "B123ABC CJ12ABC",
    "SE": "ABC123 ABC12D",
    "SK": "BB135BO RK300AG",
    "TR": "34PK43 41BT996 34UZA04 80ABV708 34A12345",
    "UA": "AT6883CM 30217BI 6808XO",
    "US": "8ABC123 ABC1234 NOTACOP 1TARHEELS 7",
    "VN": "62A05990 59V179379 61T32222 51AB12345",
    "ZA": "BB12CDGP BCD123L CA123456 ND123456",
}

NEVER = {
    "CN": "AO1234",
    "CZ": "1O23456",
    "ES": "1234ABC",
    "FR": "AO123BC",
    "GB": "AQ12BCD",
    "GR": "DEF1234",
    "IT": "AI123BC",
    "NL": "AC12BB",
    "PL": "PO123OB",
    "SE": "ABI123",
    "TR": "34QWX12",
    "UA": "AD1234BC",
    "VN": "51O12345",
}


@pytest.mark.parametrize("country", COUNTRIES)
def test_usual_plates_have_a_format_of_their_country(country: str) -> None:
    formats = PlateFormats(countries=[country])
    assert [text for text in USUAL[country].split() if not formats.rank(text)] == []


@pytest.mark.parametrize(("country", "text"), NEVER.items())
def test_letters_that_a_country_never_uses_have_none(country: str, text: str) -> None:
    assert not PlateFormats(countries=[country]).rank(text)


@pytest.mark.parametrize("country", COUNTRIES)
def test_a_format_holds_for_the_whole_text(country: str) -> None:
    assert not PlateFormats(countries=[country]).rank("-" + USUAL[country].split()[0])
    assert not PlateFormats(countries=[country]).rank("")


def test_codes_are_iso_codes_or_stand_for_one() -> None:
    assert all(re.fullmatch("[A-Z]{2}", code) for code in (*COUNTRIES, *ALIASES))
    assert syntax_of("UK") is COUNTRIES["GB"]
