"""The shipped settings file: every key, its default value, and a comment on it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from traffic_monitor.settings import Settings
from traffic_monitor.settings.loader import load_settings

FILE = Path(__file__).parents[2] / "config" / "settings.yaml"
KEY_LINE = re.compile(r"^(?P<indent> *)(?:- )?(?P<key>\w+):(?P<value>[^#]*)(?P<comment>#.*)?$")


def written() -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return values


def keys_of(values: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for key, value in values.items():
        yield f"{above}{key}"
        if isinstance(value, Mapping):
            yield from keys_of(value, f"{above}{key}.")


def defaults(section: BaseModel) -> dict[str, Any]:
    return section.model_dump(mode="json")


def test_the_file_holds_every_key_and_no_other() -> None:
    assert set(keys_of(written())) == set(keys_of(defaults(Settings())))


def test_the_file_holds_the_default_values() -> None:
    assert load_settings(FILE).model_dump() == Settings().model_dump()


def test_the_sections_stand_in_the_order_of_the_code() -> None:
    assert list(written()) == list(Settings.model_fields)


def commented_lines() -> list[Any]:
    """Every line with a value, and whether it or the line below it has a comment."""
    matches = [KEY_LINE.match(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    return [
        pytest.param(match["key"], match["comment"], id=f"line {number}, {match['key']}")
        for number, match in enumerate(matches, start=1)
        if match and match["value"].strip()
    ]


@pytest.mark.parametrize(("key", "comment"), commented_lines())
def test_every_value_has_a_comment(key: str, comment: str | None) -> None:
    # The comment on in_name stands for both directions.
    assert key == "out_name" or (comment is not None and len(comment) > 8)


@pytest.mark.parametrize(
    "key", ["conf_threshold", "queue_size", "drain_timeout_s", "jpeg_quality", "window_width"]
)
def test_numbers_have_their_range_in_the_comment(key: str) -> None:
    line = next(
        line for line in FILE.read_text(encoding="utf-8").splitlines() if line.strip().startswith(f"{key}:")
    )
    assert re.search(r"\d-\d", line.partition("#")[2])
