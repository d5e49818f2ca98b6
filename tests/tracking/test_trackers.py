"""The real BoxMOT trackers behind our interface."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.builders import make_detection
from traffic_monitor.settings import TrackerType, VehicleTrackerSettings
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.tracking.trackers import KEPT_REMOVED_TRACKS, Tracker, needs_looks, needs_pixels

every_type = pytest.mark.parametrize("kind", TrackerType, ids=lambda kind: kind.value)


def tracker(kind: TrackerType, **changes: Any) -> Tracker:
    return Tracker(VehicleTrackerSettings.model_validate({"type": kind, **changes}))


def moving(index: int) -> list[int]:
    return [20 + 4 * index, 60, 80 + 4 * index, 110]


STANDING = [250, 160, 320, 200]


def follow(under_test: Tracker, frames: Sequence[Sequence[list[int]]], fps: float = 30) -> list[dict[int, int]]:
    """Per frame: which track each detection belongs to, by its place in the frame's list."""
    return [
        {
            track.detection_index: track.track_id
            for track in under_test.update([make_detection(b) for b in boxes], None, index / fps)
        }
        for index, boxes in enumerate(frames)
    ]


@every_type
def test_ids_start_at_1_and_stay_with_their_vehicles(kind: TrackerType) -> None:
    answers = follow(tracker(kind), [[moving(i), STANDING] for i in range(8)])
    assert sorted(answers[-1].values()) == [1, 2]
    assert all(answer == answers[-1] for answer in answers if len(answer) == 2)
    assert len(answers[-1]) == 2


@every_type
def test_a_new_tracker_begins_at_1_again(kind: TrackerType) -> None:
    for _ in range(2):
        answers = follow(tracker(kind), [[moving(i)] for i in range(4)])
        assert answers[-1] == {0: 1}


@every_type
def test_the_order_of_detections_does_not_matter(kind: TrackerType) -> None:
    under_test = tracker(kind)
    straight = follow(under_test, [[moving(i), STANDING] for i in range(4)])[-1]
    swapped = follow(under_test, [[STANDING, moving(4)]])[0]
    assert swapped == {0: straight[1], 1: straight[0]}


@every_type
def test_a_vehicle_keeps_its_id_over_a_frame_without_detections(kind: TrackerType) -> None:
    boxes = [[moving(i)] for i in range(9)]
    boxes[4] = []
    answers = follow(tracker(kind), boxes)
    assert answers[4] == {}
    assert answers[3] == answers[-1] == {0: 1}


@every_type
def test_frames_without_vehicles_are_no_error(kind: TrackerType) -> None:
    assert follow(tracker(kind), [[], [], []]) == [{}, {}, {}]


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param([100, 60, 100, 90], id="without width"),
        pytest.param([100, 60, 150, 60], id="without height"),
        pytest.param([150, 60, 100, 90], id="inside out"),
    ],
)
@every_type
def test_boxes_without_area_are_left_out_and_the_others_keep_their_place(
    kind: TrackerType, bad: list[int]
) -> None:
    answers = follow(tracker(kind), [[bad, moving(i), bad, STANDING] for i in range(5)])
    assert answers[-1].keys() == {1, 3}


SHORT = {"track_buffer_s": 0.1}


@every_type
def test_ids_are_never_used_again(kind: TrackerType) -> None:
    under_test = tracker(kind, bytetrack=SHORT, ocsort={"max_age_s": 0.1}, botsort=SHORT)
    seen = [set(follow(under_test, [[[x, 60, x + 50, 100]]] * 4 + [[]] * 6)[3].values()) for x in (10, 200, 400)]
    assert [len(ids) for ids in seen] == [1, 1, 1]
    assert len(set.union(*seen)) == 3


def test_bytetrack_does_not_keep_every_track_it_ever_removed() -> None:
    under_test = tracker(TrackerType.BYTETRACK)
    assert under_test._tracker.removed_stracks.maxlen == KEPT_REMOVED_TRACKS
    follow(under_test, [[moving(i)] for i in range(3)] + [[]] * 40)
    assert under_test._tracker.removed_stracks.maxlen == KEPT_REMOVED_TRACKS


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        pytest.param({"type": "bytetrack", "osnet_model_path": "w.pt"}, False, id="bytetrack needs no pixels"),
        pytest.param({"type": "ocsort", "osnet_model_path": "w.pt"}, False, id="ocsort needs no pixels"),
        pytest.param({"type": "botsort"}, False, id="botsort on motion alone needs none"),
        pytest.param({"type": "botsort", "osnet_model_path": "w.pt"}, True, id="appearance needs pixels"),
        pytest.param(
            {"type": "botsort", "botsort": {"camera_motion": True}}, True, id="following the camera needs pixels"
        ),
    ],
)
def test_who_needs_pixels(changes: dict[str, Any], needed: bool) -> None:
    assert needs_pixels(VehicleTrackerSettings.model_validate(changes)) is needed


def test_botsort_can_follow_the_camera() -> None:
    under_test = tracker(TrackerType.BOTSORT, botsort={"camera_motion": True})
    image = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    tracks = [under_test.update([make_detection(moving(i))], image, i / 30) for i in range(3)]
    assert [track.track_id for track in tracks[-1]] == [1]


def test_missing_reid_weights_are_named_and_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"vehicle_tracker\.osnet_model_path: .*osnet\.pt does not exist"):
        tracker(TrackerType.BOTSORT, osnet_model_path=tmp_path / "osnet.pt")


def test_the_parameters_of_the_settings_reach_the_tracker() -> None:
    strict = tracker(TrackerType.BYTETRACK, bytetrack={"track_thresh": 0.95})
    detections = [make_detection(moving(0), confidence=0.9)]
    assert strict.update(detections, None, 0) == []
    assert len(tracker(TrackerType.BYTETRACK, bytetrack={"track_thresh": 0.5}).update(detections, None, 0)) == 1


DRIVE = """
import sys, numpy as np
from traffic_monitor.settings import VehicleTrackerSettings
from traffic_monitor.tracking.trackers import Tracker, load_without_looks
if sys.argv[1] == "without":
    load_without_looks()
for kind in ("bytetrack", "ocsort", "botsort"):
    tracker = Tracker(VehicleTrackerSettings(type=kind, botsort={"camera_motion": True}))
    drawn = np.random.default_rng(1)
    for step in range(20):
        boxes = [[90 * k + 3 * step, 40, 90 * k + 3 * step + 70, 110] for k in range(5) if drawn.random() < 0.9]
        found = [{"bbox_xyxy": box, "confidence": 0.8, "class_id": 2, "class_name": "car"} for box in boxes]
        tracks = tracker.update(found, np.zeros((160, 600, 3), np.uint8), step / 30)
        print(kind, [(track.track_id, track.detection_index) for track in tracks])
print("torch" in sys.modules, file=sys.stderr)
"""


def test_trackers_by_boxes_alone_do_without_pytorch_and_track_the_same() -> None:
    with_it, without = (
        subprocess.run([sys.executable, "-c", DRIVE, how], capture_output=True, check=True, timeout=100, text=True)
        for how in ("with", "without")
    )
    assert with_it.stdout == without.stdout != ""
    assert (with_it.stderr.split()[-1], without.stderr.split()[-1]) == ("True", "False")


def test_looks_are_only_needed_for_botsort_with_weights() -> None:
    weights = {"osnet_model_path": "osnet.pt"}
    kinds = [{"type": "botsort", **weights}, {"type": "botsort"}, {"type": "bytetrack", **weights}]
    assert [needs_looks(VehicleTrackerSettings.model_validate(kind)) for kind in kinds] == [True, False, False]
