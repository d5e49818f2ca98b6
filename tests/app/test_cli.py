"""The command line, without a process: what it refuses, what it starts, what it tells."""

import io
import itertools
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from tests.builders import START, make_count_update, write_onnx
from tests.records.road import RecordedRoad
from tests.records.road import settings as record_settings
from traffic_monitor import __version__
from traffic_monitor.app import check as preflight
from traffic_monitor.app import run as run_command
from traffic_monitor.app.cli import app, run_command_line
from traffic_monitor.app.options import command_names
from traffic_monitor.records.days import make_day_folder
from traffic_monitor.records.run_folder import write_summary
from traffic_monitor.runtime.control import ServiceReport
from traffic_monitor.settings import DisplayMode, Settings
from traffic_monitor.shared_utils.constants import ExitCode, ServiceName
from traffic_monitor.supervision.summary import RunResults
from traffic_monitor.supervision.supervisor import RunOutcome, RunStatus


class FakeSupervisor:
    """Runs nothing; remembers what it was asked to run."""

    started: list[Settings]
    outcome: RunOutcome

    def __init__(self, settings: Settings, run_dirs: list[Path], on_status: Callable[[RunStatus], None]) -> None:
        self.started.append(settings)

    def run(self) -> RunOutcome:
        return self.outcome


@pytest.fixture(autouse=True)
def supervisor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, restored_logging: None) -> type[FakeSupervisor]:
    FakeSupervisor.started = []
    results = RunResults()
    results.take(ServiceName.VEHICLE_COUNTER, ServiceReport(details={"cam1": {"processed": 12}}))
    results.take(ServiceName.VISUALIZER, ServiceReport(details={"cam1": {"counts": make_count_update(3)}}))
    FakeSupervisor.outcome = RunOutcome("end_of_stream", ExitCode.OK, 2.0, results)
    monkeypatch.setattr(run_command, "Supervisor", FakeSupervisor)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return FakeSupervisor


@pytest.fixture
def weights(clip: Path) -> list[str]:
    """Arguments with which a run can start, as far as can be seen without loading a model."""
    write_onnx(Path("cars.onnx"), "car", "truck")
    write_onnx(Path("plates.onnx"), "plate")
    Path("ocr").mkdir()
    Path("ocr/inference.yml").write_text(yaml.safe_dump({"Global": {"model_name": "PP-OCR"}}), encoding="utf-8")
    Path("ocr/inference.pdiparams").write_bytes(b"1")
    Path("ocr/inference.json").write_bytes(b"1")
    arguments = ["--source", str(clip), "--display", "off"]
    for setting in ("vehicle_detector.model_path=cars.onnx", "lp_detector.model_path=plates.onnx"):
        arguments += ["--set", setting]
    return [*arguments, "--set", "ocr_reader.model_dir=ocr"]


def summary() -> Any:
    return json.loads(Path("output/latest/summary.json").read_text(encoding="utf-8"))


def test_a_run_writes_its_summary_and_tells_what_it_found(
    weights: list[str], supervisor: type[FakeSupervisor], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(["run", *weights]) == ExitCode.OK
    assert len(supervisor.started) == 1
    assert summary()["exit_reason"] == "end_of_stream"
    assert summary()["counts"]["total"] == 3
    shown = capsys.readouterr().out
    assert "line main, in" in shown
    assert "summary.json" in shown
    assert Path("output/latest/run.log").is_file()


def test_run_is_what_happens_without_a_command(weights: list[str], supervisor: type[FakeSupervisor]) -> None:
    assert run_command_line(weights) == ExitCode.OK
    assert len(supervisor.started) == 1


def test_options_end_up_in_the_settings(weights: list[str], supervisor: type[FakeSupervisor], clip: Path) -> None:
    Path("my.yaml").write_text("camera_id: gate\nqueue_size: 3\nvisualizer: {display: 'on'}", encoding="utf-8")
    more = ["--config", "my.yaml", "--output", "elsewhere", "--save-video", "--set", "queue_size=5"]
    assert run_command_line([*weights, *more]) == ExitCode.OK
    (settings,) = supervisor.started
    assert (settings.camera_id, settings.queue_size) == ("gate", 5)
    assert settings.frame_grabber.source == str(clip)
    assert (settings.visualizer.display, settings.visualizer.save_video) == (DisplayMode.OFF, True)
    assert settings.output_dir == Path("elsewhere")
    (folder,) = Path("elsewhere").glob("gate_*")
    assert (folder / "summary.json").is_file()


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        pytest.param("end_of_stream", ExitCode.OK, id="the end of the file"),
        pytest.param("stopped", ExitCode.OK, id="a stop"),
        pytest.param("aborted: ocr_reader was killed by SIGKILL", ExitCode.ABORTED, id="a death"),
        pytest.param("aborted: interrupted a second time", ExitCode.INTERRUPTED, id="a second Ctrl-C"),
    ],
)
def test_the_exit_code_and_the_summary_say_how_it_ended(
    weights: list[str],
    supervisor: type[FakeSupervisor],
    capsys: pytest.CaptureFixture[str],
    reason: str,
    code: ExitCode,
) -> None:
    supervisor.outcome = RunOutcome(reason, code, 2.0, RunResults())
    assert run_command_line(weights) == code
    assert summary()["exit_reason"] == reason
    assert (reason in capsys.readouterr().err) is True


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(
            ["--config", "my.yaml"],
            ["my.yaml", "vehicle_detector.conf_threshold", "1.5", "less than or equal to 1"],
            id="a value out of range in the file",
        ),
        pytest.param(
            ["--set", "queue_size=many"],
            ["command line", "queue_size", "'many'", "integer"],
            id="a wrong type on the command line",
        ),
        pytest.param(
            ["--set", "que_size=4"], ["command line", "que_size", "did you mean 'queue_size'"], id="an unknown key"
        ),
        pytest.param(["--config", "gone.yaml"], ["gone.yaml", "no such settings file"], id="a missing file"),
        pytest.param(
            ["--set", "lp_detector.model_path=gone.onnx"],
            ["command line", "lp_detector.model_path", "gone.onnx does not exist"],
            id="missing weights",
        ),
        pytest.param(
            ["--source", "gone.mp4"], ["frame_grabber.source", "gone.mp4 does not exist"], id="a missing clip"
        ),
        pytest.param(["--source", "97"], ["frame_grabber.source", "no webcam 97"], id="a missing webcam"),
        pytest.param(
            ["--output", "cars.onnx"], ["output_dir", "cars.onnx is a file"], id="an output folder that is a file"
        ),
        pytest.param(["--display", "maybe"], ["maybe", "auto", "off"], id="a wrong display mode"),
        pytest.param(["--frobnicate"], ["--frobnicate"], id="an unknown option"),
        pytest.param(["clip.mp4"], ["what is clip.mp4", "--source clip.mp4"], id="a source without its option"),
        pytest.param(["--source", "a.mp4", "--source", "b.mp4"], ["--source is given 2 times"], id="two sources"),
        pytest.param(["--output", "a", "--output", "b"], ["--output is given 2 times"], id="several folders"),
        pytest.param(["--output", "x" * 300], ["output_dir", "File name too long"], id="a name that is too long"),
        pytest.param(["--config", "x" * 300], ["File name too long"], id="a settings file of such a name"),
        pytest.param(["--set", f"lp_detector.model_path={'x' * 300}.pt"], ["name too long"], id="a model too"),
        pytest.param(["--set", "ocr_reader.model_dir=" + "x" * 300], ["File name too long"], id="a reader too"),
        pytest.param(["--set", "output_dir=caf\udce9"], ["not valid UTF-8"], id="a name that is not UTF-8"),
        pytest.param(["--config", "caf\udce9"], ["not valid UTF-8"], id="a settings file of such a name, too"),
        pytest.param(
            ["--set", "vehicle_counter.lines=[{name: far, points: [[0, 700], [90, 700]], units: pixels}]"],
            ["vehicle_counter.lines", "line 'far' is outside the frame of 160 x 120 pixels"],
            id="a line outside the picture",
        ),
    ],
)
def test_a_mistake_is_explained_with_exit_code_2_and_nothing_is_started(
    weights: list[str],
    supervisor: type[FakeSupervisor],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: list[str],
) -> None:
    Path("my.yaml").write_text("vehicle_detector: {conf_threshold: 1.5}", encoding="utf-8")
    usual = zip(weights[::2], weights[1::2], strict=True)
    given = [pair for pair in usual if pair[0] == "--set" or pair[0] not in arguments]
    assert run_command_line([*itertools.chain(*given), *arguments]) == ExitCode.USAGE
    told = capsys.readouterr()
    assert [word for word in words if word not in told.err] == []
    assert "Traceback" not in told.err + told.out
    assert supervisor.started == []
    assert not list(Path().glob("output/cam1_*"))


@pytest.fixture
def two_cameras(weights: list[str], clip: Path) -> list[str]:
    """Arguments with which two cameras can be run, as far as can be seen."""
    cameras = [
        {"camera_id": name, "frame_grabber": {"source": str(clip)}, "vehicle_counter": {"lines": [line]}}
        for name, line in (("north", NORTH_LINE), ("yard", {**NORTH_LINE, "name": "yard"}))
    ]
    Path("two.yaml").write_text(yaml.safe_dump({"cameras": cameras}), encoding="utf-8")
    return ["--config", "two.yaml", *weights[2:]]


NORTH_LINE = {"name": "north", "points": [[0, 0.5], [1, 0.5]]}


def results_of_two() -> RunResults:
    results = RunResults()
    results.take(
        ServiceName.VEHICLE_COUNTER,
        ServiceReport(details={"north": {"processed": 5}, "yard": {"processed": 7}}),
    )
    told = {"north": {"counts": make_count_update(1)}, "yard": {"counts": make_count_update(2)}}
    results.take(ServiceName.VISUALIZER, ServiceReport(details=told))
    return results


def summary_of(camera_id: str) -> Any:
    return json.loads(Path(f"output/latest_{camera_id}/summary.json").read_text(encoding="utf-8"))


def test_every_camera_has_a_folder_and_a_summary_of_its_own(
    two_cameras: list[str], supervisor: type[FakeSupervisor], capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor.outcome = RunOutcome("stopped", ExitCode.OK, 2.0, results_of_two(), {"yard": "end_of_stream"})
    assert run_command_line(two_cameras) == ExitCode.OK
    assert [camera.camera_id for camera in supervisor.started[0].each_camera()] == ["north", "yard"]
    north, yard = summary_of("north"), summary_of("yard")
    assert (north["exit_reason"], north["frames"]["processed"], north["counts"]["total"]) == ("stopped", 5, 1)
    assert (yard["exit_reason"], yard["frames"]["processed"], yard["counts"]["total"]) == ("end_of_stream", 7, 2)
    assert Path("output/latest").resolve() == Path("output/latest_north").resolve()
    shown = capsys.readouterr().out
    assert "5 frames" in shown
    assert "7 frames" in shown


def test_a_summary_that_cannot_be_written_takes_no_other_camera_along_and_the_exit_code_says_so(
    two_cameras: list[str],
    supervisor: type[FakeSupervisor],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full_disk(folder: Path, summary: Any) -> Path:
        if summary["camera_id"] == "north":
            raise OSError(28, "No space left on device")
        return write_summary(folder, summary)

    monkeypatch.setattr(run_command, "write_summary", full_disk)
    supervisor.outcome = RunOutcome("stopped", ExitCode.OK, 2.0, results_of_two())
    assert run_command_line(two_cameras) == ExitCode.ABORTED
    assert summary_of("yard")["counts"]["total"] == 2
    told = capsys.readouterr()
    assert "summary.json cannot be written" in told.err
    assert "5 frames" in told.out
    assert "7 frames" in told.out


def test_passages_that_could_not_be_written_are_counted_and_the_exit_code_says_so(
    weights: list[str], supervisor: type[FakeSupervisor], capsys: pytest.CaptureFixture[str]
) -> None:
    details = {"cam1": {"counts": make_count_update(18), "plates_read": 7, "missing_passages": 12}}
    supervisor.outcome.results.take(ServiceName.VISUALIZER, ServiceReport(details=details))
    assert run_command_line(weights) == ExitCode.ABORTED
    assert "12 passages could not be written and are lost" in capsys.readouterr().err
    assert summary()["exit_reason"] == "end_of_stream"


def test_a_folder_that_was_deleted_costs_no_result_on_the_terminal(
    weights: list[str], supervisor: type[FakeSupervisor], capsys: pytest.CaptureFixture[str]
) -> None:
    results = supervisor.outcome.results

    class Deleting(supervisor):  # type: ignore[misc, valid-type]
        def run(self) -> RunOutcome:
            shutil.rmtree("output")
            return RunOutcome("end_of_stream", ExitCode.OK, 2.0, results)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_command, "Supervisor", Deleting)
        assert run_command_line(weights) == ExitCode.ABORTED
    told = capsys.readouterr()
    assert "line main, in" in told.out
    assert "Traceback" not in told.err


def test_a_camera_that_was_lost_is_told_and_the_exit_code_says_so(
    two_cameras: list[str], supervisor: type[FakeSupervisor], capsys: pytest.CaptureFixture[str]
) -> None:
    lost = "aborted: frame_grabber yard: the camera is lost"
    supervisor.outcome = RunOutcome("stopped", ExitCode.ABORTED, 2.0, results_of_two(), {"yard": lost})
    assert run_command_line(two_cameras) == ExitCode.ABORTED
    assert (summary_of("north")["exit_reason"], summary_of("yard")["exit_reason"]) == ("stopped", lost)
    assert lost in capsys.readouterr().err


def test_results_of_all_cameras_are_saved_although_the_terminal_is_gone(
    two_cameras: list[str], supervisor: type[FakeSupervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor.outcome = RunOutcome("stopped", ExitCode.OK, 2.0, results_of_two())
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody:
        monkeypatch.setattr(sys, "stdout", nobody)
        monkeypatch.setattr(sys, "stderr", nobody)
        assert run_command_line(two_cameras) == ExitCode.OK
    assert [summary_of(camera)["exit_reason"] for camera in ("north", "yard")] == ["stopped"] * 2


def test_results_are_saved_before_anything_is_printed(
    two_cameras: list[str], supervisor: type[FakeSupervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor.outcome = RunOutcome("aborted: no disk", ExitCode.ABORTED, 2.0, results_of_two())
    saved: list[int] = []

    class Watching(io.StringIO):
        def write(self, text: str) -> int:
            saved.append(len(list(Path("output").glob("*_2*/summary.json"))))
            return super().write(text)

    monkeypatch.setattr(sys, "stdout", Watching())
    assert run_command_line(two_cameras) == ExitCode.ABORTED
    assert set(saved) == {2}


def test_a_signal_while_the_summaries_are_written_ends_nothing(
    weights: list[str], supervisor: type[FakeSupervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(run_dir: Path, content: Any) -> Path:
        signal.raise_signal(signal.SIGTERM)
        return write_summary(run_dir, content)

    monkeypatch.setattr(run_command, "write_summary", write)
    assert run_command_line(weights) == ExitCode.OK
    assert summary()["exit_reason"] == "end_of_stream"


def test_one_of_the_cameras_can_be_run_alone(two_cameras: list[str], supervisor: type[FakeSupervisor]) -> None:
    assert run_command_line([*two_cameras, "--camera", "yard"]) == ExitCode.OK
    (settings,) = supervisor.started
    assert (settings.camera_id, settings.cameras) == ("yard", [])
    assert [line.name for line in settings.vehicle_counter.lines] == ["yard"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["run", "--camera", "roof"], ["--camera", "roof", "north, yard"], id="an unknown camera"),
        pytest.param(["run", "--source", "0"], ["--source", "--set cameras=[]"], id="a source beside cameras"),
        pytest.param(["line"], ["--camera", "north, yard"], id="lines of no camera in particular"),
        pytest.param(["slit"], ["--camera", "north, yard"], id="a slit picture of no camera in particular"),
    ],
)
def test_what_is_unclear_with_several_cameras_is_said(
    two_cameras: list[str],
    supervisor: type[FakeSupervisor],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: list[str],
) -> None:
    assert run_command_line([*arguments, "--config", "two.yaml"]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert [word for word in words if word not in told] == []
    assert len(told.splitlines()) == 1
    assert supervisor.started == []


def test_a_mistake_of_one_camera_is_told_with_its_place(
    weights: list[str], supervisor: type[FakeSupervisor], capsys: pytest.CaptureFixture[str]
) -> None:
    sources = {"a": "gone.mp4", "b": "lost.mp4"}
    cameras = [{"camera_id": name, "frame_grabber": {"source": source}} for name, source in sources.items()]
    Path("two.yaml").write_text(yaml.safe_dump({"cameras": cameras}), encoding="utf-8")
    assert run_command_line(["--config", "two.yaml", *weights[2:]]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert "two.yaml: cameras.0.frame_grabber.source: gone.mp4 does not exist" in told
    assert "two.yaml: cameras.1.frame_grabber.source: lost.mp4 does not exist" in told


def test_weights_that_the_file_names_and_that_are_missing_are_blamed_on_the_file(
    weights: list[str], supervisor: type[FakeSupervisor], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("my.yaml").write_text("vehicle_tracker: {type: botsort, osnet_model_path: gone.pt}", encoding="utf-8")
    assert run_command_line([*weights, "--config", "my.yaml"]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert "my.yaml: vehicle_tracker.osnet_model_path: gone.pt does not exist" in told
    assert supervisor.started == []


def test_a_mistake_in_the_environment_is_explained_too(
    supervisor: type[FakeSupervisor], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAFFIC_MONITOR__LP_DETECTOR__CROP_MARGIN", "0.9")
    assert run_command_line([]) == ExitCode.USAGE
    assert "environment: lp_detector.crop_margin: '0.9'" in capsys.readouterr().err
    assert supervisor.started == []


def test_weights_that_are_not_there_are_named_each_in_a_line(
    supervisor: type[FakeSupervisor], capsys: pytest.CaptureFixture[str], clip: Path
) -> None:
    assert run_command_line(["--source", str(clip)]) == ExitCode.USAGE
    told = capsys.readouterr().err.strip().splitlines()
    assert told == [
        "default settings: vehicle_detector.model_path: weights/vehicle_detector.pt does not exist",
        "default settings: lp_detector.model_path: weights/plate_detector.pt does not exist",
        "default settings: ocr_reader.model_dir: weights/plate_ocr is not a folder",
    ]
    assert supervisor.started == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["clip.mp4"], "clip.mp4 is no command; to watch it: --source clip.mp4", id="a file"),
        pytest.param(["0"], "to watch it: --source 0", id="a webcam"),
        pytest.param(["rtsp://bob:pw@cam/1"], "to watch it: --source rtsp://***@cam/1", id="a URL"),
        pytest.param(["serach"], "serach is no command; did you mean 'search'?", id="a command"),
        pytest.param(["caf\udce9"], "not valid UTF-8", id="no text"),
        pytest.param(
            ["line", "clip.mp4"], "what is clip.mp4? To watch it: --source clip.mp4", id="behind a command"
        ),
        pytest.param(["report", "--run", "a", "--run", "b"], "--run is given 2 times", id="an option twice"),
        pytest.param(["weights", "fetch", "--folder", "a", "--folder", "b"], "--folder is given", id="in a group"),
        pytest.param(["report", "--run", "x" * 300], "File name too long", id="a name that is too long"),
    ],
)
def test_words_that_are_in_the_wrong_place_are_explained_in_one_line(
    supervisor: type[FakeSupervisor], capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert run_command_line(arguments) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert words in told
    assert len(told.splitlines()) == 1
    assert supervisor.started == []


def test_every_command_is_known_by_its_own_name() -> None:
    assert command_names(app) == {
        *("run", "check", "bench", "line", "slit", "status", "weights"),
        *("runs", "search", "show", "export", "report"),
    }


def test_the_version(supervisor: type[FakeSupervisor], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["--version"]) == ExitCode.OK
    assert capsys.readouterr().out.strip() == f"traffic-monitor {__version__}"
    assert supervisor.started == []


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["check", "--help"]], ids=" ".join)
def test_help_is_shown_and_nothing_started(
    supervisor: type[FakeSupervisor], capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run_command_line(arguments) == ExitCode.OK
    assert "Usage: traffic-monitor" in capsys.readouterr().out
    assert supervisor.started == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        pytest.param([], ExitCode.OK, id="all is fine"),
        pytest.param(["--set", "lp_detector.model_path=gone.onnx"], ExitCode.USAGE, id="one thing is not"),
    ],
)
def test_check_shows_a_table_of_what_is_fine_and_what_is_not(
    weights: list[str],
    supervisor: type[FakeSupervisor],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wrong: list[str],
    code: ExitCode,
) -> None:
    monkeypatch.setattr(preflight, "REQUIRED_PACKAGES", ("numpy",))
    arguments = [word for word in weights if word not in ("--display", "off")]
    assert run_command_line(["check", *arguments, "--set", "visualizer.display=off", *wrong]) == code
    rows = {
        cells[2].strip(): cells[1].strip()
        for cells in (line.split("│") for line in capsys.readouterr().out.splitlines())
        if len(cells) == 5
    }
    assert rows == {
        "frame_grabber.source": "ok",
        "vehicle_detector.model_path": "ok",
        "lp_detector.model_path": "no" if wrong else "ok",
        "ocr_reader.model_dir": "ok",
        "output_dir": "ok",
        "temporary folder": "ok",
        "package numpy": "ok",
        "screen": "ok",
    }
    assert supervisor.started == []


def test_runs_of_a_camera_on_one_day_share_a_folder_whose_summary_has_the_counts_of_the_day(
    weights: list[str], supervisor: type[FakeSupervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = ["--source", "rtsp://127.0.0.1:9/none", "--set", "frame_grabber.timezone=UTC"]
    monkeypatch.setattr(run_command, "datetime", SimpleNamespace(now=lambda: datetime.fromtimestamp(START)))
    folder = Path("output/cam1_20231114")
    make_day_folder(folder)
    config = record_settings(frame_grabber={"source": source[1], "timezone": "UTC"})
    road = RecordedRoad(folder, config)
    road.drive_down(1)
    road.end()
    for _ in range(2):
        assert run_command_line([*weights[2:], *source]) == ExitCode.OK
    assert [path.name for path in Path("output").glob("cam1_*")] == [folder.name]
    assert summary()["counts"]["by_line"]["main"] == {"in": {"car": 1}, "out": {}}
    points = [settings.resume_point for settings in supervisor.started]
    assert all(point is not None and point.last_vehicle_id == 1 for point in points)
