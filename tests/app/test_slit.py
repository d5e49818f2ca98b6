"""The slit command: counts a file with the services' own code and draws the line's picture."""

from pathlib import Path

import cv2
import pytest

from tests.builders import write_clip
from traffic_monitor.app import slit
from traffic_monitor.app.cli import run_command_line
from traffic_monitor.drawing.annotate import LINE_COLOR
from traffic_monitor.drawing.slit import AXIS_PX
from traffic_monitor.inference.detection import DetectedBox, DetectionModel
from traffic_monitor.services.vehicle_detector import VehicleDetector
from traffic_monitor.settings import Settings
from traffic_monitor.settings.loader import load_settings
from traffic_monitor.shared_utils.constants import ExitCode

FRAMES = 12


class DrivingModel(DetectionModel):
    """Finds one car that comes down the picture, 6 pixels a frame."""

    def __init__(self) -> None:
        self.names = {2: "car"}
        self._frame = -1

    def detect(self, *_: object) -> list[DetectedBox]:
        self._frame += 1
        top = 6 * self._frame
        return [DetectedBox([60, top, 100, top + 30], 0.9, 2)]


@pytest.fixture(autouse=True)
def _one_car(monkeypatch: pytest.MonkeyPatch, restored_logging: None) -> None:
    def detector(settings: Settings) -> VehicleDetector:
        return VehicleDetector(settings, DrivingModel())

    monkeypatch.setattr(slit, "VehicleDetector", detector)


def options(clip: Path, *more: str) -> list[str]:
    line = "vehicle_counter.lines=[{name: road, points: [[0, 0.5], [1, 0.5]]}]"
    return ["--source", str(clip), "--set", line, *more]


def test_the_crossing_is_marked_in_the_row_of_its_frame(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip, picture = write_clip(tmp_path / "clip.mp4", FRAMES), tmp_path / "slit.png"
    assert run_command_line(["slit", "--line", "road", "--to", str(picture), *options(clip)]) == ExitCode.OK
    assert "1 crossings of line road" in capsys.readouterr().out
    drawn = cv2.imread(str(picture))
    assert drawn.shape == (FRAMES, 160 + AXIS_PX, 3)
    crossed = 5  # the box stands at 30 + 6 n, the line at 60
    assert tuple(drawn[crossed, 80]) == LINE_COLOR


def test_several_lines_have_a_picture_each_from_one_pass_over_the_file(tmp_path: Path) -> None:
    lines = [
        {"name": "road", "points": [[0, 0.5], [1, 0.5]]},
        {"name": "way/out", "points": [[0, 0.9], [1, 0.9]]},
    ]
    clip = write_clip(tmp_path / "clip.mp4", FRAMES)
    settings = Settings.model_validate(
        {"frame_grabber": {"source": str(clip)}, "vehicle_counter": {"lines": lines}}
    )
    done: list[tuple[int, int | None]] = []
    drawn = slit.draw_slits(settings, [], tmp_path / "slit.png", lambda *progress: done.append(progress))
    assert [(each.name, each.picture.name, len(each.crossings)) for each in drawn] == [
        ("road", "slit_road.png", 1),
        ("way/out", "slit_way_out.png", 0),
    ]
    assert all(cv2.imread(str(each.picture)) is not None for each in drawn)
    assert done == [(number, FRAMES) for number in range(1, FRAMES + 1)]


def test_lines_whose_names_give_one_file_name_have_a_picture_each(tmp_path: Path) -> None:
    lines = [{"name": name, "points": [[0, 0.5], [1, 0.5]]} for name in ("way out", "Way/out")]
    settings = Settings.model_validate(
        {
            "frame_grabber": {"source": str(write_clip(tmp_path / "clip.mp4", 3))},
            "vehicle_counter": {"lines": lines},
        }
    )
    drawn = slit.draw_slits(settings, [], tmp_path / "slit.png")
    assert [each.picture.name for each in drawn] == ["slit_1_way_out.png", "slit_2_Way_out.png"]
    assert all(each.picture.is_file() for each in drawn)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--line", "nowhere"], "no line 'nowhere'; there is: road", id="a line that is not there"),
        pytest.param(["--line", "road", "--set", "frame_grabber.mode=live"], "a camera has no end", id="a camera"),
        pytest.param(
            ["--line", "road", "--to", "/nowhere/slit.png"], "cannot be written", id="a folder not there"
        ),
        pytest.param(["--line", "road", "--to", "slit"], "must end in .png or .jpg", id="no kind of picture"),
        pytest.param(["--set", "vehicle_counter.lines=[]"], "there is no line to draw", id="no line at all"),
    ],
)
def test_a_mistake_is_explained_with_exit_code_2(
    tmp_path: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 3)
    assert run_command_line(["slit", *options(clip), *words]) == ExitCode.USAGE
    assert said in capsys.readouterr().err.replace("\n", " ")


def test_nothing_of_the_run_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    clip = write_clip(tmp_path / "clip.mp4", FRAMES)
    settings = load_settings(
        None, [word for word in options(clip) if "=" in word], {"frame_grabber": {"source": str(clip)}}
    )
    (drawn,) = slit.draw_slits(settings, ["road"], tmp_path / "slit.png")
    assert len(drawn.crossings) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "slit.png"}
