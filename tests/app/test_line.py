"""The line command: a picture with coordinates, a window to draw in, and the settings file."""

import errno
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.builders import write_clip
from traffic_monitor.app import cli
from traffic_monitor.app import line as line_tool
from traffic_monitor.app.cli import run_command_line
from traffic_monitor.counting.plan import Plan, Shape
from traffic_monitor.drawing.annotate import IGNORE_COLOR, LINE_COLOR, ZONE_COLOR
from traffic_monitor.drawing.plan import draw_plan
from traffic_monitor.settings import (
    AreaSettings,
    CameraPrivacySettings,
    LineSettings,
    VehicleCounterSettings,
    ZoneSettings,
)
from traffic_monitor.settings.loader import ENV_PREFIX, ConfigError, load_settings
from traffic_monitor.shared_utils.constants import ExitCode

REPOSITORY = Path(__file__).parents[2]
SIZE = (320, 240)
DIAGONAL = LineSettings(name="yard", points=((0.1, 0.2), (0.9, 0.8)), in_name="north", out_name="south")
CORNER = ZoneSettings(name="stop", points=[(0.5, 0.5), (0.9, 0.5), (0.9, 0.9)])


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", 3)


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    file = tmp_path / "settings.yaml"
    file.write_text((REPOSITORY / "config" / "settings.yaml").read_text())
    return file


def line_command(clip: Path, settings_file: Path, *options: str) -> int:
    return run_command_line(["line", "--source", str(clip), "--config", str(settings_file), *options])


def press(
    monkeypatch: pytest.MonkeyPatch, *steps: str | tuple[int, int], screen: tuple[int, int] = (320, 400)
) -> None:
    """A window in which these keys are pressed and these pixels clicked; closed when nothing is left to do."""
    waiting = list(steps)
    mouse: list[Callable[..., None]] = []

    def wait_key(_delay: int) -> int:
        while waiting and isinstance(waiting[0], tuple):
            mouse[0](cv2.EVENT_LBUTTONDOWN, *waiting.pop(0), 0, None)
        return ord(str(waiting.pop(0))) if waiting else -1

    monkeypatch.setattr(cli, "missing_screen_reason", lambda: None)
    monkeypatch.setattr(line_tool, "screen_size", lambda: screen)
    monkeypatch.setattr(cv2, "waitKey", wait_key)
    monkeypatch.setattr(cv2, "setMouseCallback", lambda _title, callback: mouse.append(callback))
    monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: 1.0 if waiting else 0.0)
    for name in ("namedWindow", "resizeWindow", "imshow", "destroyAllWindows"):
        monkeypatch.setattr(cv2, name, lambda *_: None)


def test_without_a_screen_a_picture_with_coordinates_is_written(
    clip: Path,
    settings_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cli, "missing_screen_reason", lambda: "DISPLAY is not set")
    before = settings_file.read_text()
    picture = tmp_path / "lines.png"
    assert line_command(clip, settings_file, "--to", str(picture)) == ExitCode.OK
    assert cv2.imread(str(picture)) is not None
    told = capsys.readouterr().out
    assert str(picture) in told
    assert str(settings_file) in told
    assert settings_file.read_text() == before


def test_half_a_size_of_the_speed_rectangle_is_refused(
    clip: Path, settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert line_command(clip, settings_file, "--width-m", "7") == ExitCode.USAGE
    assert "--width-m and --length-m belong together" in capsys.readouterr().err


def test_nothing_is_drawn_that_could_not_be_saved(
    clip: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def read_only(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    press(monkeypatch, (0, 48), (320, 48), "s")
    monkeypatch.setattr(line_tool.tempfile, "TemporaryFile", read_only)
    monkeypatch.setattr(line_tool, "edit_in_window", lambda *_: pytest.fail("a window was opened"))
    assert line_command(clip, settings_file) == ExitCode.USAGE
    assert "lines cannot be saved into it: Read-only file system" in capsys.readouterr().err.replace("\n", "")


def test_what_is_drawn_in_the_window_is_saved(
    clip: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clicks = [(0, 48), (320, 48)]
    triangle = [(32, 24), (160, 24), (160, 216)]
    rectangle = [(32, 216), (288, 216), (192, 24), (128, 24)]
    press(monkeypatch, *clicks, "z", *triangle, "\r", "r", *rectangle, "s")
    assert line_command(clip, settings_file, "--width-m", "7", "--length-m", "20") == ExitCode.OK
    counter = load_settings(settings_file).vehicle_counter
    assert [line.name for line in counter.lines] == ["main", "line 1"]
    assert [zone.name for zone in counter.zones] == ["zone 1"]
    assert counter.speed is not None
    assert (counter.speed.width_m, counter.speed.length_m) == (7, 20)


def test_masks_and_areas_to_ignore_are_drawn_and_saved_and_their_comments_stay(
    clip: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = settings_file.read_text().splitlines()
    triangle, other = [(32, 24), (160, 24), (160, 216)], [(192, 24), (288, 24), (288, 216)]
    press(monkeypatch, *triangle, "\r", *other, "\r", "u", "i", *other, "\r", "n", "s")
    assert line_command(clip, settings_file, "--kind", "mask") == ExitCode.OK
    saved = load_settings(settings_file)
    assert [mask.points for mask in saved.privacy.masks] == [[(0.1, 0.1), (0.5, 0.1), (0.5, 0.9)]]
    assert [area.points for area in saved.vehicle_counter.ignore] == [[(0.6, 0.1), (0.9, 0.1), (0.9, 0.9)]]
    assert saved.vehicle_counter.lines == load_settings().vehicle_counter.lines
    after = "\n".join(settings_file.read_text().splitlines())
    assert [line for line in before if line.split("#")[-1].strip() not in after] == []


def test_the_speed_rectangle_needs_its_size(
    clip: Path, settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert line_command(clip, settings_file, "--kind", "speed") == ExitCode.USAGE
    assert "--kind speed also needs --width-m and --length-m" in capsys.readouterr().err


def test_clicks_hit_the_same_place_in_a_picture_that_was_enlarged_for_the_screen(
    clip: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(monkeypatch, (0, 120), (640, 120), "s", screen=(640, 900))  # The clip is 160 x 120.
    assert line_command(clip, settings_file) == ExitCode.OK
    drawn = load_settings(settings_file).vehicle_counter.lines[-1]
    assert drawn.points == ((0, 0.25), (1, 0.25))


@pytest.mark.parametrize(
    "leave", [pytest.param(("q",), id="with q"), pytest.param((), id="by closing the window")]
)
def test_who_leaves_changes_nothing(
    clip: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch, leave: tuple[str, ...]
) -> None:
    before = settings_file.read_text()
    press(monkeypatch, (0, 48), (320, 48), *leave)
    assert line_command(clip, settings_file) == ExitCode.OK
    assert settings_file.read_text() == before


def test_comments_and_what_did_not_change_stay(settings_file: Path) -> None:
    before = settings_file.read_text().splitlines()
    counter = load_settings(settings_file).vehicle_counter
    added = counter.model_copy(update={"lines": [*counter.lines, DIAGONAL], "zones": [CORNER]})
    line_tool.save_plan(added, [], settings_file)
    assert load_settings(settings_file).vehicle_counter == added
    after = settings_file.read_text().splitlines()
    lost = [line for line in before if line.split("#")[-1].strip() not in "\n".join(after)]
    assert lost == []
    assert (
        "    - name: main                # Name of the line in every record; 1-60 characters, each name once."
        in after
    )


def test_a_line_that_was_taken_back_is_gone_from_the_file(settings_file: Path) -> None:
    line_tool.save_plan(VehicleCounterSettings(lines=[DIAGONAL]), [], settings_file)
    assert load_settings(settings_file).vehicle_counter.lines == [DIAGONAL]


def test_taking_back_the_last_line_keeps_every_comment_of_the_settings(settings_file: Path) -> None:
    before = settings_file.read_text()
    line_tool.save_plan(VehicleCounterSettings(lines=[]), [], settings_file)
    after = settings_file.read_text()
    assert load_settings(settings_file).vehicle_counter.lines == []
    comments = [line.partition("#")[2].strip() for line in before.splitlines() if "#" in line]
    assert [comment for comment in comments if comment not in after] == []


def test_a_line_drawn_anew_under_the_same_name_replaces_the_old_one(settings_file: Path) -> None:
    moved = DIAGONAL.model_copy(update={"points": ((0.2, 0.2), (0.8, 0.2))})
    for line in (DIAGONAL, moved):
        line_tool.save_plan(VehicleCounterSettings(lines=[line]), [], settings_file)
    assert load_settings(settings_file).vehicle_counter.lines == [moved]


def test_the_lines_of_one_of_several_cameras_are_saved_beside_it(settings_file: Path) -> None:
    cameras = "cameras:\n"
    for name in ("north", "yard"):
        cameras += f"  - camera_id: {name}  # by the {name}\n    frame_grabber: {{source: {name}.mp4}}\n"
    settings_file.write_text(settings_file.read_text().partition("cameras:")[0] + cameras)
    before = load_settings(settings_file)
    line_tool.save_plan(VehicleCounterSettings(lines=[DIAGONAL]), [], settings_file, "yard")
    after = load_settings(settings_file)
    north, yard = after.each_camera()
    assert yard.vehicle_counter.lines == [DIAGONAL]
    assert north.vehicle_counter == before.vehicle_counter == after.vehicle_counter
    assert "# by the yard" in settings_file.read_text()


MASK = AreaSettings(points=[(0.1, 0.1), (0.5, 0.1), (0.5, 0.9)])


@pytest.mark.parametrize(
    ("masks", "written"),
    [
        pytest.param([MASK], None, id="unchanged they stay where they are"),
        pytest.param([], [], id="taken back they are gone for this camera"),
        pytest.param([MASK, MASK], [MASK, MASK], id="with another one they are this camera's own"),
    ],
)
def test_masks_that_cameras_share_are_copied_to_one_only_when_it_has_others(
    settings_file: Path, masks: list[AreaSettings], written: list[AreaSettings] | None
) -> None:
    settings_file.write_text(
        "privacy: {masks: [{points: [[0.1, 0.1], [0.5, 0.1], [0.5, 0.9]]}]}\n"
        "cameras:\n  - camera_id: yard\n    frame_grabber: {source: 0}\n"
    )
    line_tool.save_plan(VehicleCounterSettings(lines=[DIAGONAL]), masks, settings_file, "yard")
    after = load_settings(settings_file)
    assert after.privacy.masks == [MASK]
    assert after.each_camera()[0].privacy.masks == masks
    assert after.cameras[0].privacy.model_fields_set == (set() if written is None else {"masks"})


def test_the_lines_of_the_only_camera_are_saved_where_they_are_read(
    clip: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = "vehicle_counter: {lines: [{name: old, points: [[0, 0.5], [1, 0.5]]}]}"
    camera = f"{{camera_id: gate, frame_grabber: {{source: {clip}}}, {counter}}}"
    settings_file.write_text(settings_file.read_text().replace("cameras: []", f"cameras: [{camera}]"))
    press(monkeypatch, (0, 48), (320, 48), "s")
    assert run_command_line(["line", "--config", str(settings_file)]) == ExitCode.OK
    loaded = load_settings(settings_file)
    assert [line.name for line in loaded.each_camera()[0].vehicle_counter.lines] == ["old", "line 1"]
    assert [line.name for line in loaded.vehicle_counter.lines] == ["main"]


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        pytest.param(
            f"{ENV_PREFIX}VEHICLE_COUNTER__ZONES",
            [],
            "environment: vehicle_counter.zones",
            id="in the environment",
        ),
        pytest.param("", ["--set", "vehicle_counter.lines=[]"], "command line: vehicle_counter.lines", id="--set"),
        pytest.param("", ["--set", "privacy.masks=[]"], "command line: privacy.masks", id="--set of masks"),
    ],
)
def test_lines_that_a_stronger_place_sets_cannot_be_drawn_into_the_file(
    clip: Path,
    settings_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    options: list[str],
    words: str,
) -> None:
    press(monkeypatch, "s")
    if name:
        monkeypatch.setenv(name, "[]")
    assert line_command(clip, settings_file, *options) == ExitCode.USAGE
    assert words in capsys.readouterr().err


def test_without_a_settings_file_nothing_is_drawn_in_vain(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    press(monkeypatch, "s")
    monkeypatch.chdir(tmp_path)
    assert run_command_line(["line", "--source", str(clip)]) == ExitCode.USAGE
    assert "no such settings file to save into" in capsys.readouterr().err


def test_lines_and_zones_can_be_named_by_option_and_by_typing(
    clip: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upper, lower, triangle = [(0, 48), (320, 48)], [(0, 96), (320, 96)], [(32, 24), (160, 24), (160, 216)]
    typed = ["n", *"squ", "\b", *"x", "\r"]  # Letters that are commands otherwise.
    press(monkeypatch, *upper, *lower, *typed, "z", *triangle, "\r", "n", *"no", "\x1b", "s")
    assert line_command(clip, settings_file, "--name", "Süd", "--name", "lower") == ExitCode.OK
    counter = load_settings(settings_file).vehicle_counter
    assert [line.name for line in counter.lines] == ["main", "Süd", "sqx"]
    assert [zone.name for zone in counter.zones] == ["zone 1"]


def test_a_name_that_is_taken_is_refused(clip: Path) -> None:
    plan = Plan(VehicleCounterSettings(lines=[DIAGONAL]), SIZE, names=["yard"])
    plan.click(0, 48)
    plan.click(320, 48)
    assert plan.settings.lines == [DIAGONAL]
    assert "same name: yard, yard" in plan.message


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        pytest.param(Shape.LINE, "click its other points", id="a line"),
        pytest.param(Shape.ZONE, "Enter", id="a zone"),
        pytest.param(Shape.MASK, "the mask is not finished: Enter", id="a mask"),
        pytest.param(Shape.IGNORE, "the area to ignore is not finished: Enter", id="an area"),
    ],
)
def test_a_shape_that_is_half_drawn_is_neither_dropped_nor_called_saved(shape: Shape, words: str) -> None:
    plan = Plan(VehicleCounterSettings(), SIZE)
    plan.choose(shape)
    plan.click(10, 10)
    line_tool.take_key(plan, ord("s"))
    assert words in plan.message
    assert len(plan.points) == 1


def test_saving_goes_on_after_the_half_drawn_shape(
    clip: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(monkeypatch, (0, 48), "s", (320, 48), "s")
    assert line_command(clip, settings_file) == ExitCode.OK
    assert [line.name for line in load_settings(settings_file).vehicle_counter.lines] == ["main", "line 1"]


def test_a_file_that_cannot_be_changed_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be changed"):
        line_tool.save_plan(VehicleCounterSettings(), [], tmp_path / "none.yaml")


def test_a_source_that_is_not_there_is_said(tmp_path: Path, settings_file: Path) -> None:
    assert line_command(tmp_path / "none.mp4", settings_file) == ExitCode.USAGE


@pytest.mark.parametrize("name", ["none/lines.png", "lines", "lines.yaml"])
def test_a_picture_that_cannot_be_written_is_said(tmp_path: Path, name: str) -> None:
    plan = Plan(VehicleCounterSettings(), SIZE)
    with pytest.raises(ConfigError, match="cannot be written"):
        line_tool.write_still(np.zeros((240, 320, 3), np.uint8), plan, tmp_path / name)


def test_the_picture_shows_lines_zones_and_unfinished_points() -> None:
    plan = Plan(VehicleCounterSettings(lines=[DIAGONAL], zones=[CORNER]), SIZE)
    plan.choose(Shape.ZONE)
    plan.click(40, 200)
    image = np.full((240, 320, 3), 90, np.uint8)
    picture = draw_plan(image, plan)
    assert (image == 90).all()
    middle = picture[120, 160].astype(int)
    assert abs(middle - LINE_COLOR).max() < 60
    inside = picture[150, 260].astype(int)
    assert inside[1] == inside.max() > 90
    assert abs(inside[0] - (0.75 * 90 + 0.25 * ZONE_COLOR[0])) < 8
    assert (picture[200, 40] != 90).any()


def test_the_picture_shows_masks_black_and_areas_to_ignore_grey() -> None:
    plan = Plan(
        VehicleCounterSettings(lines=[], ignore=[AreaSettings(points=CORNER.points)]),
        SIZE,
        privacy=CameraPrivacySettings(masks=[MASK]),
    )
    picture = draw_plan(np.full((240, 320, 3), 90, np.uint8), plan)
    assert picture[80, 140].max() == 0
    assert (picture[150, 260] == round(0.75 * 90 + 0.25 * IGNORE_COLOR[0])).all()
