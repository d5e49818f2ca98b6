"""What the application's findings are worth, and the model card's table."""

from pathlib import Path
from typing import Any

import pytest

from training import evaluate
from training.evaluate_application import ClipResult, compare, true_counts

TRUTH: dict[str, Any] = {
    "line": {"name": "main"},
    "crossings": [
        {"direction": "toward", "class": "car"},
        {"direction": "toward", "class": "car"},
        {"direction": "away", "class": "bus"},
    ],
    "vehicles": [
        {"plate": "AB123", "frames_plate_60px": 40},
        {"plate": "CD456", "frames_plate_60px": 10},
        {"plate": "EF789", "frames_plate_60px": 9},
    ],
}
COUNTS = {"in": {"car": 2}, "out": {"bus": 1}}


def compared(*texts: str, counts: dict[str, dict[str, int]] = COUNTS) -> ClipResult:
    plates = [{"text": text} for text in texts]
    return compare({"counts": {"by_line": {"main": counts, "other": {}}}, "plates": plates}, TRUTH)


def test_toward_counts_as_in_and_away_as_out() -> None:
    assert true_counts(TRUTH) == COUNTS


def test_counts_are_exact_only_when_line_direction_and_class_agree() -> None:
    assert compared(counts=COUNTS).counts_exact
    wrong = ({"in": {"car": 1}, "out": {"bus": 1}}, {"in": {"bus": 1}, "out": {"car": 2}})
    assert not any(compared(counts=counts).counts_exact for counts in wrong)


@pytest.mark.parametrize(
    ("texts", "missed", "invented", "share"),
    [
        pytest.param(("CD456", "AB123"), (), (), 1.0, id="all wanted plates read"),
        pytest.param(("AB123",), ("CD456",), (), 0.5, id="a plate nobody was given is missed"),
        pytest.param(("AB123", "CD456", "CD45G"), (), ("CD45G",), 1.0, id="an unknown text is invented"),
        pytest.param(("AB123", "CD456", "EF789"), (), (), 1.0, id="a hardly readable plate may be read"),
        pytest.param((), ("AB123", "CD456"), (), 0.0, id="nothing read"),
    ],
)
def test_plates_are_read_missed_or_invented(
    texts: tuple[str, ...], missed: tuple[str, ...], invented: tuple[str, ...], share: float
) -> None:
    result = compared(*texts)
    assert result.wanted_plates == ("AB123", "CD456")  # The third is wide enough for 9 frames only.
    assert (result.missed, result.invented, result.plates_exact) == (missed, invented, share)


def regions(us: float, eu: float, br: float, key: str = "exact") -> dict[str, Any]:
    return {"us": {key: us}, "eu": {key: eu}, "br": {key: br}}


def metrics(**changes: Any) -> dict[str, Any]:
    found = {"reference": 558, "recall": 0.812, "precision": 0.798, "lenient_precision": 0.951}
    demo = {"wanted_plates": ["A", "B"], "invented": [], "counts_exact": True, "counts": COUNTS}
    return {
        "demo": {**demo, "plates_exact": 0.5, **changes},
        "crossings": {"clip_a": {"by_eye": {"in": 9, "out": 4}, "found": {"in": 8, "out": 4}, "error": 1}},
        "vehicles": {
            "balanced": {"confidence": 0.25, **found},
            "balanced_by_class": {**found, "recall": 0.77, "precision": 0.76},
            "clips": dict.fromkeys(("one", "two", "three", "all", "mean of clips"), found),
        },
        "plate_boxes": {
            **{"photos": 148, "recall": 0.88, "recall us": 0.91, "recall eu": 0.94, "recall br": 0.76},
            "whole by width": {"narrow": {"share": 0.973}, "wide": {"share": 0.946}, "widest": {"share": 0.745}},
        },
        "texts": {"own": regions(0.66, 0.78, 0.84), "peer": regions(0.85, 0.89, 0.97)},
        "photos": {
            region: figures | regions(0.61, 0.70, 0.79, "exact_at_one_look")[region]
            for region, figures in regions(0.65, 0.72, 0.81).items()
        },
        "services": {"world": {"right": 75, "of": 124}, "eu": {"right": 30, "of": 36}},
        "world": {
            "groups": {
                "all": {"right": 72, "found": 100, "of": 124},
                "twoline": {"right": 3, "found": 5, "of": 7},
            },
        },
    }


def test_the_table_says_what_was_measured() -> None:
    lines = evaluate.table(metrics()).splitlines()
    assert {line.count("|") for line in lines} == {5}
    ends = ["exact", "0.50, none invented", "12 of 13", "0.81 / 0.80", "0.77 / 0.76", "0.95"]
    ends += ["0.88 (0.91 / 0.94 / 0.76)", "0.66 / 0.78 / 0.84", "0.85 / 0.89 / 0.97", "0.65 / 0.72 / 0.81"]
    ends += ["0.61 / 0.70 / 0.79", "0.97 / 0.95 / 0.74", "0.58 (72 of 124)", "0.81 (100 of 124)", "0.43 (3 of 7)"]
    ends += ["75 of 124 / 30 of 36"]
    assert [line.split(" | ")[-1] for line in lines[2:]] == [f"{end} |" for end in ends]
    assert lines[5].startswith("| every 10th frame of the 3 clips never trained on, 558 boxes |")


def test_the_table_does_not_hide_wrong_counts_and_invented_plates() -> None:
    text = evaluate.table(metrics(counts_exact=False, invented=["X1", "X2"]))
    assert f"not exact: {COUNTS}" in text
    assert "0.50, 2 invented" in text


def test_only_what_stands_between_the_markers_is_replaced(tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    before, after = "# Card\n\n| a | table |\n", "\nThe end.\n"
    card.write_text(f"{before}{evaluate.TABLE_BEGINS}\n| old |\n{evaluate.TABLE_ENDS}{after}")
    for counts_exact in (False, True):  # A second table takes the place of the first.
        evaluate.write_table(card, metrics(counts_exact=counts_exact))
    table = evaluate.table(metrics())
    assert card.read_text() == f"{before}{evaluate.TABLE_BEGINS}\n\n{table}\n\n{evaluate.TABLE_ENDS}{after}"


@pytest.mark.parametrize("text", ["# Card\n", evaluate.TABLE_BEGINS, evaluate.TABLE_ENDS])
def test_a_card_that_lost_a_marker_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    card = tmp_path / "card.md"
    card.write_text(text)
    with pytest.raises(ValueError, match="has no"):
        evaluate.write_table(card, metrics())
    assert card.read_text() == text
