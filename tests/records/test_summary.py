"""The content of ``summary.json``."""

import json
from typing import Any

import pytest

from tests.builders import make_count_update, without_added_fields
from traffic_monitor.records.summary import RunResults, build_summary
from traffic_monitor.runtime.control import ServiceReport
from traffic_monitor.shared_utils.constants import ServiceName, UnreadReason


def plate(track_id: int, text: str) -> dict[str, Any]:
    return {
        "track_id": track_id, "class_name": "car", "text": text, "confidence": 0.9, "readings": 2,
        "first_seen": 0.4, "last_seen": 3.9, "unread_reason": None, "fit": 0.5,
    }  # fmt: skip


UNREAD_8 = {
    "track_id": 8, "class_name": "car", "reason": "contested", "readings": 2, "first_seen": 0.4, "last_seen": 3.9,
}  # fmt: skip


def results() -> RunResults:
    """A live run of which 10 frames were read, 3 of them dropped and 6 counted so far."""
    gathered = RunResults()
    grabber = {"dropped_at_source": 2, "media_seconds": 0.4, "frames_total": None}
    gathered.take(ServiceName.FRAME_GRABBER, ServiceReport(processed=8, dropped=3, details={"cam1": grabber}))
    gathered.take(ServiceName.VEHICLE_DETECTOR, ServiceReport(7, 1, 0, 9.8, 12.1))
    gathered.take(ServiceName.VEHICLE_COUNTER, ServiceReport(details={"cam1": {"processed": 6}}))
    seen = {"counts": make_count_update(2), "plates": [plate(9, "CD34"), plate(7, "A812")]}
    gathered.take(ServiceName.VISUALIZER, ServiceReport(details={"cam1": seen}))
    gathered.take(
        ServiceName.VISUALIZER, ServiceReport(details={"cam1": {"counts": None, "plates": [plate(7, "AB12")]}})
    )
    return gathered


def summary(gathered: RunResults, exit_reason: str = "stopped", wall_seconds: float = 2.0) -> Any:
    built = build_summary(gathered, "cam1", "clip.mp4", exit_reason, wall_seconds)
    return json.loads(json.dumps(built))


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


def test_plates_are_sorted_by_track_and_the_last_word_on_each_counts() -> None:
    built = summary(results())
    assert [(record["track_id"], record["text"]) for record in built["plates"]] == [(7, "AB12"), (9, "CD34")]


def test_a_plate_has_the_fields_of_the_contract() -> None:
    assert summary(results())["plates"][0] == {
        "track_id": 7, "class_name": "car", "text": "AB12", "confidence": 0.9, "readings": 2,
        "first_seen": 0.4, "last_seen": 3.9,
    }  # fmt: skip


def test_vehicles_looked_at_and_not_read_are_listed_apart_with_the_reason() -> None:
    gathered = results()
    contested = {**plate(8, "EF56"), "unread_reason": UnreadReason.CONTESTED}
    gathered.take(ServiceName.VISUALIZER, ServiceReport(details={"cam1": {"plates": [contested]}}))
    in_vain = {
        "track_id": 3, "class_name": "bus", "reason": UnreadReason.NO_PLATE_FOUND, "readings": 0,
        "first_seen": 1.0, "last_seen": 2.0,
    }  # fmt: skip
    known_better = {**in_vain, "track_id": 7}
    gathered.take(
        ServiceName.LP_DETECTOR, ServiceReport(details={"cam1": {"searched_in_vain": [in_vain, known_better]}})
    )
    built = summary(gathered)
    assert [record["track_id"] for record in built["plates"]] == [7, 9]
    assert built["unread_plates"] == [in_vain, UNREAD_8]


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
    assert (built["fps"], built["plates"], built["media_seconds"]) == (0.0, [], 0.0)
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


def test_each_camera_has_its_own_frames_counts_and_plates() -> None:
    gathered = results()
    other = {"dropped_at_source": 0, "media_seconds": 1.5, "frames_total": 40}
    gathered.take(ServiceName.FRAME_GRABBER, ServiceReport(processed=30, dropped=1, details={"yard": other}), 1)
    counted = {"cam1": {"processed": 7}, "yard": {"processed": 29}}
    gathered.take(ServiceName.VEHICLE_COUNTER, ServiceReport(processed=36, details=counted))
    seen = {"yard": {"counts": make_count_update(5), "plates": [plate(7, "XY99")]}}
    gathered.take(ServiceName.VISUALIZER, ServiceReport(details=seen))
    yard = json.loads(json.dumps(build_summary(gathered, "yard", "yard.mp4", "end_of_stream", 2.0)))
    assert yard["frames"] == {"read": 30, "processed": 29, "dropped": 1}
    assert (yard["counts"]["total"], yard["media_seconds"]) == (5, 1.5)
    assert [record["text"] for record in yard["plates"]] == ["XY99"]
    first = summary(gathered)
    assert first["frames"] == {"read": 10, "processed": 7, "dropped": 3}
    assert [record["text"] for record in first["plates"]] == ["AB12", "CD34"]
    assert gathered.frames_processed == 36
