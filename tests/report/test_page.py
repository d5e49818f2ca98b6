"""The words of the report, without a browser."""

from pathlib import Path

import pytest

from tests.records.road import record_cars, settings
from traffic_monitor.records.gaps import OUTAGE, Gap, record_gap
from traffic_monitor.records.passages import RunRecords
from traffic_monitor.records.runs import finish_run
from traffic_monitor.report import words
from traffic_monitor.report.page import render_report
from traffic_monitor.shared_utils.constants import UnreadReason


@pytest.mark.parametrize("reason", list(UnreadReason))
def test_every_reason_has_words_of_its_own(reason: UnreadReason) -> None:
    told = words.unread(reason.value)
    assert "_" not in told
    assert len(told.split()) > 2


@pytest.mark.parametrize(
    ("reason", "told"),
    [(None, ""), ("a_reason_of_a_later_version", "a reason of a later version")],
    ids=["no reason", "an unknown one"],
)
def test_what_has_no_words_is_told_as_it_is(reason: str | None, told: str) -> None:
    assert words.unread(reason) == told
    assert words.ending(reason) == told


@pytest.mark.parametrize(
    ("edges", "told"),
    [(("top", "left"), "from top to left"), ((None, "left"), "to left"), ((None, None), "")],
    ids=["both", "one", "none"],
)
def test_the_way_of_a_vehicle(edges: tuple[str | None, str | None], told: str) -> None:
    assert words.way(*edges) == told


def test_times_without_a_camera_stand_at_the_top_of_the_report(tmp_path: Path) -> None:
    config = settings(frame_grabber={"source": "rtsp://10.0.0.9/live", "timezone": "UTC"})
    folder = record_cars(tmp_path, ["KLM7"], config)
    assert "Interruptions" not in render_report(RunRecords.load(folder))
    record_gap(folder, Gap(1_700_000_100.0, 1_700_000_107.5, OUTAGE, "no frames <since> then"))
    page = render_report(RunRecords.load(folder))
    assert "2023-11-14 22:15:00 to 2023-11-14 22:15:07: no frames &lt;since&gt; then" in page


@pytest.mark.parametrize("damaged", [0, 24])
def test_damaged_frames_of_the_source_are_told_where_there_are_any(damaged: int, tmp_path: Path) -> None:
    folder = record_cars(tmp_path, ["KLM7"])
    finish_run(folder, "end_of_stream", 1234.5, frames_damaged=damaged)
    page = render_report(RunRecords.load(folder))
    assert ("24 frames of the source were damaged" in page) == (damaged > 0)


@pytest.mark.parametrize(
    ("start_time", "recorded"),
    [
        pytest.param("2026-05-04T08:00:00+02:00", "recorded 2023-11-15 00:13:20 (UTC+02:00)", id="an offset"),
        pytest.param("2026-05-04T08:00:00-05:30", "recorded 2023-11-14 16:43:20 (UTC-05:30)", id="a western one"),
        pytest.param(None, None, id="not known"),
    ],
)
def test_the_time_of_the_recording_has_the_cameras_offset_and_is_not_that_of_the_processing(
    start_time: str | None, recorded: str | None, tmp_path: Path
) -> None:
    config = settings(frame_grabber={"source": "clip.mp4", "start_time": start_time})
    page = render_report(RunRecords.load(record_cars(tmp_path, ["KLM7"], config)))
    assert (" · recorded" in page.partition("<main>")[2].partition("</header>")[0]) == (recorded is not None)
    assert recorded is None or recorded in page
    assert "Processed 20" in page
