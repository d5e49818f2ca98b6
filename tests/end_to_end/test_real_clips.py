"""The whole program on real clips: the numbers people counted by eye."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.shared_material import CLIPS, Program, line_across, need, real_weights
from traffic_monitor.records.passages import Passage, RunRecords
from traffic_monitor.shared_utils.constants import ExitCode, ServiceName

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]

RUN_TIMEOUT_S = 360


def run_clip(folder: Path, clip: str, line_y: float, *options: str) -> dict[str, Any]:
    """The summary of a run over a whole clip with the shared weights."""
    return run_with(folder, clip, line_y, *real_weights(), *options)


def run_with(folder: Path, clip: str, line_y: float, *options: str) -> dict[str, Any]:
    """The summary of a run over a whole clip with the weights of the options, else the shipped ones."""
    arguments = ["--source", str(need(CLIPS / clip)), "--display", "off", *line_across(line_y)]
    with Program(folder, [*arguments, *options]) as program:
        exit_code = program.wait_for_end(RUN_TIMEOUT_S)
        assert exit_code == ExitCode.OK, program.console
        return program.summary


def passages(folder: Path) -> list[Passage]:
    """The records of a run."""
    return RunRecords.load(folder, trajectories=False).passages


def test_two_cameras_have_the_vehicles_of_each_a_folder_each_and_one_log(tmp_path: Path) -> None:
    clips = {
        "village": ("world/hu_7cars.mp4", [[0.55, 0], [0.55, 1]]),
        "crossroads": ("world/hu_trucks.mp4", [[0.55, 0], [0.55, 1]]),
    }
    cameras = [
        {
            "camera_id": name,
            "frame_grabber": {"source": str(need(CLIPS / clip))},
            "vehicle_counter": {"lines": [{"name": "main", "points": line}]},
        }
        for name, (clip, line) in clips.items()
    ]
    settings = tmp_path / "two.yaml"
    settings.write_text(yaml.safe_dump({"cameras": cameras}), encoding="utf-8")
    with Program(tmp_path, ["--config", str(settings), "--display", "off", *real_weights()]) as program:
        assert program.wait_for_end(RUN_TIMEOUT_S) == ExitCode.OK, program.console
    for name, frames, going_in, going_out in (("village", 99, 7, 0), ("crossroads", 99, 1, 2)):
        folder = tmp_path / "output" / f"latest_{name}"
        summary = json.loads((folder / "summary.json").read_text())
        assert (summary["camera_id"], summary["exit_reason"]) == (name, "end_of_stream")
        assert summary["frames"] == {"read": frames, "processed": frames, "dropped": 0}
        main = summary["counts"]["by_line"]["main"]
        assert (sum(main["in"].values()), sum(main["out"].values())) == (going_in, going_out)
        assert summary["counts"]["total"] == going_in + going_out
        assert summary["media_seconds"] == pytest.approx(frames / 10, abs=0.05)
        assert set(summary["services"]) == set(ServiceName)
        assert all(service["errors"] == 0 for service in summary["services"].values())
        recorded = [each.direction for passage in passages(folder) for each in passage.crossings]
        assert sorted(recorded) == ["in"] * going_in + ["out"] * going_out
        assert (folder / "report.html").is_file()
        assert (folder / "run.log").read_text() == program.log


def test_both_plates_of_a_toll_lane_are_read_and_the_video_can_be_opened(tmp_path: Path) -> None:
    import cv2

    summary = run_clip(tmp_path, "parkpow_cars.mp4", 0.60, "--save-video")
    texts = {plate["text"] for plate in summary["plates"]}
    assert {"34A36837", "34A23126"} <= texts
    for passage in passages(tmp_path / "output" / "latest"):
        assert passage.plate is None or passage.plate in texts
        assert passage.plate is None or (tmp_path / "output" / "latest" / str(passage.plate_picture)).is_file()
    video = cv2.VideoCapture(str(tmp_path / "output" / "latest" / "annotated.mp4"))
    frames = 0
    while video.grab():
        frames += 1
    video.release()
    assert frames == summary["frames"]["processed"] == 339


def test_a_live_source_is_counted_without_falling_behind(tmp_path: Path) -> None:
    # A file played at its own speed stands for a camera; what cannot be kept up with is dropped and counted.
    summary = run_clip(
        tmp_path, "alizahid_cars.mp4", 0.60, "--set", "frame_grabber.mode=live", "--set", "queue_size=4"
    )
    frames = summary["frames"]
    assert frames["read"] == 321
    assert frames["processed"] + frames["dropped"] == 321
    assert summary["wall_seconds"] < 321 / 30 + 5


def test_the_shipped_weights_count_a_motorway(tmp_path: Path) -> None:
    main = run_with(tmp_path, "adamridene_demo_video.mp4", 0.70)["counts"]["by_line"]["main"]
    assert abs(sum(main["in"].values()) - 11) <= 1
    assert sum(main["out"].values()) == 0
