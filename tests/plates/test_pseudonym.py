"""Pseudonyms stand for plates and lead back to none."""

from traffic_monitor.plates.pseudonym import pseudonym

SECRET = "a secret of this test"


def test_the_same_plate_has_the_same_pseudonym_and_another_one_another() -> None:
    assert pseudonym("KLM7", SECRET) == pseudonym("KLM7", SECRET)
    assert pseudonym("KLM7", SECRET) != pseudonym("KLM1", SECRET)


def test_it_depends_on_the_secret() -> None:
    assert pseudonym("KLM7", SECRET) != pseudonym("KLM7", f"{SECRET}s")


def test_it_is_the_start_of_the_hmac_of_rfc_2104() -> None:
    """The example of Wikipedia's article HMAC, computed by others."""
    text = "The quick brown fox jumps over the lazy dog"
    assert pseudonym(text, "key") == "HF7BC83F430538424"


def test_no_plate_has_none() -> None:
    assert pseudonym("", SECRET) == ""
