"""The content of ``summary.json``."""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.builders import make_count_update, without_added_fields
from tests.records.road import RecordedRoad
from traffic_monitor.records.run_folder import write_summary
from traffic_monitor.records.sightings import PlateRecord, UnreadRecord
from traffic_monitor.runtime.control import ServiceReport
from traffic_monitor.shared_utils.constants import ServiceName, UnreadReason
from traffic_monitor.supervision.summary import CameraResults, RunResults, build_summary, searched_vehicles


def plate(track_id: int, text: str) -> PlateRecord:
    return PlateRecord(
        track_id=track_id, class_name="car", text=text, confidence=0.9, readings=2, first_seen=0.4, last_seen=3.9
    )


UNREAD_8 = UnreadRecord(
    track_id=8, class_name="car", reason=UnreadReason.CONTESTED, readings=2, first_seen=0.4, last_seen=3.9
)


def results() -> RunResults:
    """A live run of which 10 frames were read, 3 of them dropped and 6 counted so far."""
    gathered = RunResults()
    grabber = {"dropped_at_source": 2, "media_seconds": 0.4, "frames_total": None}
    gathered.take(ServiceName.FRAME_GRABBER, ServiceReport(processed=8, dropped=3, details={"cam1": grabber}))
    gathered.take(ServiceName.VEHICLE_DETECTOR, ServiceReport(7, 1, 0, 9.8, 12.1))
    gathered.take(ServiceName.VEHICLE_COUNTER, ServiceReport(details={"cam1": {"processed": 6}}))
    seen = {"counts": make_count_update(2), "plates_read": 2, "missing_passages": 0}
    gathered.take(ServiceName.VISUALIZER, ServiceReport(details={"cam1": seen}))
    return gathered


def summary(
    gathered: RunResults,
    exit_reason: str = "stopped",
    wall_seconds: float = 2.0,
    searched: Sequence[PlateRecord | UnreadRecord] = (),
    camera_id: str = "cam1",
) -> Any:
    """The summary as it is read back."""
    with TemporaryDirectory() as folder:
        built = build_summary(gathered, camera_id, "clip.mp4", exit_reason, wall_seconds, lambda: searched)
        return json.loads(write_summary(Path(folder), built).read_text(encoding="utf-8"))


def test_the_summary_has_the_keys_of_the_contract() -> None:
    built = summary(results())
    assert list(built) == [
        "camera_id", "source", "exit_reason", "frames", "media_seconds", "wall_seconds", "fps",
        "counts", "plates", "unread_plates", "services",
    ]  # fmt: skip
    assert (built["camera_id"], built["source"], built["exit_reason"]) == ("cam1", "clip.mp4", "stopped")
    assert built["counts"] == {
        "total": 2, "by_class": {"car": 2}, "by_line": {"main": {"in": {"car": 2}, "out": {}}},
    }  # fmt: skip


def test_frames_read_count_those_dropped_before_they_were_encoded() -> None:
    assert summary(results())["frames"] == {"read": 10, "processed": 6, "dropped": 3}


def test_a_frame_that_was_processed_was_read_although_the_grabber_was_killed_before_it_said_so() -> None:
    gathered = RunResults()
    gathered.take(ServiceName.FRAME_GRABBER, ServiceReport(processed=81, dropped=2, details={"cam1": {}}))
    gathered.take(ServiceName.VEHICLE_COUNTER, ServiceReport(details={"cam1": {"processed": 86}}))
    assert summary(gathered)["frames"] == {"read": 88, "processed": 86, "dropped": 2}


def test_times_and_rate() -> None:
    built = summary(results())
    assert (built["media_seconds"], built["wall_seconds"], built["fps"]) == (0.4, 2.0, 3.0)


def test_vehicles_that_were_read_and_those_that_were_not_are_listed_apart() -> None:
    built = summary(results(), searched=[plate(7, "AB12"), UNREAD_8, plate(9, "CD34")])
    assert built["plates"] == [
        {
            "track_id": 7, "class_name": "car", "text": "AB12", "confidence": 0.9, "readings": 2,
            "first_seen": 0.4, "last_seen": 3.9,
        },
        plate(9, "CD34"),
    ]  # fmt: skip
    assert built["unread_plates"] == [
        {
            "track_id": 8, "class_name": "car", "readings": 2, "first_seen": 0.4, "last_seen": 3.9,
            "reason": "contested",
        }
    ]  # fmt: skip


def test_the_plates_of_a_run_are_those_of_its_database(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    for y in range(40, 230, 6):
        road.see((1, [85, y - 30, 115, y]), (2, [235, y - 30, 265, y]))
    road.read(1, "KLM7", plate_fit=0.9)
    road.read(2, "KLM7", plate_fit=0.5, vehicle_class_name="truck")
    road.read(3, "", unread_reason=UnreadReason.TOO_SMALL, readings=0, is_attempt=False)
    road.end()
    searched = list(searched_vehicles(tmp_path, CameraResults()))
    assert [(each["track_id"], each["class_name"], each.get("text", each.get("reason"))) for each in searched] == [
        (1, "car", "KLM7"),
        (2, "car", UnreadReason.CONTESTED),
        (3, "car", UnreadReason.TOO_SMALL),
    ]
    first = searched[0]
    assert (first["readings"], first["first_seen"], first["last_seen"]) == (3, 0.0, 1.24)


def test_without_a_database_the_plates_are_those_that_the_visualizer_reports(tmp_path: Path) -> None:
    gathered = results()
    gathered.take(ServiceName.VISUALIZER, ServiceReport(details={"cam1": {"plates": [plate(7, "AB12")]}}))
    assert list(searched_vehicles(tmp_path, gathered.cameras["cam1"])) == [plate(7, "AB12")]


def test_a_database_that_cannot_be_read_costs_the_plates_and_not_the_summary(tmp_path: Path) -> None:
    (tmp_path / "traffic.db").write_text("no database, only a text of some length" * 100)
    assert list(searched_vehicles(tmp_path, CameraResults())) == []


def test_all_seven_services_are_there_those_that_told_nothing_with_zeros() -> None:
    services = summary(results())["services"]
    assert list(services) == [name.value for name in ServiceName]
    assert services["vehicle_detector"] == {
        "processed": 7, "errors": 1, "dropped": 0, "busy_ms_p50": 9.8, "busy_ms_p95": 12.1,
    }  # fmt: skip
    assert services["ocr_reader"]["processed"] == 0


def test_a_run_that_never_started_has_a_summary_too() -> None:
    built = summary(RunResults(), "aborted: no weights", wall_seconds=0.0)
    assert built["frames"] == {"read": 0, "processed": 0, "dropped": 0}
    assert (built["fps"], built["plates"], built["unread_plates"], built["media_seconds"]) == (0.0, [], [], 0.0)
    assert built["counts"] == {"total": 0, "by_class": {}, "by_line": {}}


def test_counts_with_only_the_fixed_fields_are_enough() -> None:
    gathered = RunResults()
    counts = without_added_fields(make_count_update(2))
    gathered.take(ServiceName.VISUALIZER, ServiceReport(details={"cam1": {"counts": counts}}))
    assert summary(gathered)["counts"] == {"total": 2, "by_class": {"car": 2}, "by_line": {}}


def test_what_else_was_counted_stands_beside_the_counts() -> None:
    added: dict[str, Any] = {
        "intervals": [{"start": "2026-05-04T08:00:00+02:00", "by_line": {}}],
        "movements": {"a": {"b": {"car": 1}}},
        "zones": {"yard": {"entries": 1}},
        "speeds": {"unit": "mph", "measured": 1},
    }
    gathered = RunResults()
    gathered.take(
        ServiceName.VISUALIZER, ServiceReport(details={"cam1": {"counts": make_count_update(1, **added)}})
    )
    counts = summary(gathered)["counts"]
    assert list(counts) == ["total", "by_class", "by_line", *added]
    assert {key: counts[key] for key in added} == added


@pytest.mark.parametrize("total", [335, None], ids=["a file", "a camera"])
def test_the_number_of_frames_to_come(total: int | None) -> None:
    gathered = RunResults()
    gathered.take(ServiceName.FRAME_GRABBER, ServiceReport(details={"cam1": {"frames_total": total}}))
    assert gathered.cameras["cam1"].frames_total == total


def test_the_workers_of_a_service_are_one_row() -> None:
    gathered = RunResults()
    gathered.take(
        ServiceName.VEHICLE_DETECTOR, ServiceReport(processed=7, busy_ms_p50=9, cpu_s=1, first_done_at=10.0), 0
    )
    gathered.take(ServiceName.VEHICLE_DETECTOR, ServiceReport(processed=5, errors=1), 1)
    gathered.take(
        ServiceName.VEHICLE_DETECTOR, ServiceReport(processed=8, busy_ms_p50=7, cpu_s=2, last_done_at=12.0), 0
    )
    assert gathered.report_of(ServiceName.VEHICLE_DETECTOR) == ServiceReport(
        processed=13, errors=1, busy_ms_p50=7, cpu_s=2, last_done_at=12.0
    )


def test_damaged_frames_are_told_where_there_are_any() -> None:
    gathered = results()
    source = {"dropped_at_source": 2, "media_seconds": 0.4, "frames_total": None, "frames_damaged": 5}
    gathered.take(ServiceName.FRAME_GRABBER, ServiceReport(processed=8, dropped=3, details={"cam1": source}))
    assert summary(gathered)["frames"] == {"read": 10, "processed": 6, "dropped": 3, "damaged": 5}


def test_each_camera_has_its_own_frames_counts_and_plates() -> None:
    gathered = results()
    other = {"dropped_at_source": 0, "media_seconds": 1.5, "frames_total": 40}
    gathered.take(ServiceName.FRAME_GRABBER, ServiceReport(processed=30, dropped=1, details={"yard": other}), 1)
    counted = {"cam1": {"processed": 7}, "yard": {"processed": 29}}
    gathered.take(ServiceName.VEHICLE_COUNTER, ServiceReport(processed=36, details=counted))
    seen = {"yard": {"counts": make_count_update(5), "plates_read": 3, "missing_passages": 1}}
    gathered.take(ServiceName.VISUALIZER, ServiceReport(details=seen))
    yard = summary(gathered, camera_id="yard")
    assert yard["frames"] == {"read": 30, "processed": 29, "dropped": 1}
    assert (yard["counts"]["total"], yard["media_seconds"]) == (5, 1.5)
    first = summary(gathered)
    assert first["frames"] == {"read": 10, "processed": 7, "dropped": 3}
    numbers = [(each.plates_read, each.missing_passages) for each in gathered.cameras.values()]
    assert numbers == [(2, 0), (3, 1)]
    assert gathered.frames_processed == 36
