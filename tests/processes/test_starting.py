"""What can go wrong while the services load their models. Needs no real weights: the files are rubbish."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.builders import write_checkpoint
from tests.shared_material import START_TIMEOUT_S, Program, press_ctrl_c
from traffic_monitor.shared_utils.constants import ExitCode

pytestmark = pytest.mark.timeout(150)


@pytest.fixture
def rubbish(tmp_path: Path) -> list[str]:
    """Options that pass every check of the settings, with model files that hold rubbish."""
    clip, weights, reader = tmp_path / "clip.mp4", tmp_path / "model.pt", tmp_path / "reader"
    _write_clip(clip)
    write_checkpoint(weights, {"model": "this is no network"})
    reader.mkdir()
    (reader / "inference.yml").write_text(yaml.safe_dump({"Global": {"model_name": "PP-OCRv5_mobile_rec"}}))
    for name in ("inference.pdiparams", "inference.json"):
        (reader / name).write_bytes(b"nor is this")
    values = {
        "vehicle_detector.model_path": weights,
        "lp_detector.model_path": weights,
        "ocr_reader.model_dir": reader,
    }
    return ["--source", str(clip), "--display", "off"] + [
        option for key, value in values.items() for option in ("--set", f"{key}={value}")
    ]


def _write_clip(path: Path) -> None:
    import cv2

    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (64, 48))
    for shade in range(3):
        writer.write(np.full((48, 64, 3), shade * 80, dtype=np.uint8))
    writer.release()


def test_weights_that_cannot_be_loaded_end_the_run_with_one_line_and_1(tmp_path: Path, rubbish: list[str]) -> None:
    with Program(tmp_path, rubbish) as program:
        assert program.wait_for_end(START_TIMEOUT_S) == ExitCode.ABORTED
        program.assert_nothing_left(1)
        reason = program.summary["exit_reason"]
        assert reason.startswith("aborted: ")
        assert "cannot be loaded" in reason
        assert reason in program.console
        assert "Traceback" not in program.console
        assert "Traceback" in program.log, "the whole story belongs into the log"


def test_ctrl_c_while_models_load_leaves_at_once_with_0(tmp_path: Path, rubbish: list[str]) -> None:
    with Program(tmp_path, rubbish) as program:
        program.wait_until(lambda: "started visualizer" in program.log, START_TIMEOUT_S, "start")
        program.family()
        press_ctrl_c(program)
        assert program.wait_for_end(10) == ExitCode.OK
        program.assert_nothing_left(1)
        assert program.summary["exit_reason"] == "stopped"


def test_wrong_settings_start_nothing_and_exit_with_2(tmp_path: Path, rubbish: list[str]) -> None:
    with Program(tmp_path, [*rubbish, "--set", "vehicle_detector.conf_treshold=0.4"]) as program:
        assert program.wait_for_end(START_TIMEOUT_S) == ExitCode.USAGE
        assert "did you mean 'conf_threshold'?" in program.console
        assert not program.output.exists(), "a run folder was made although nothing could run"
