"""What a newcomer sees first: the shipped settings, weights and clip."""

import json
from pathlib import Path

import pytest

from tests.shared_material import REPOSITORY, Program
from traffic_monitor.shared_utils.constants import ExitCode
from training.evaluate_application import compare

pytestmark = pytest.mark.timeout(400)


def test_the_demo_clip_runs_out_of_the_box_and_is_counted_and_read_nearly_right(tmp_path: Path) -> None:
    with Program(tmp_path, [], {"DISPLAY": "", "WAYLAND_DISPLAY": ""}) as program:
        assert program.wait_for_end(360) == ExitCode.OK, program.console
        truth = json.loads((REPOSITORY / "demo" / "street.json").read_text())
        result = compare(program.summary, truth)
        for direction, wanted in result.wanted_counts.items():
            found = sum(result.counts[direction].values())
            assert sum(wanted.values()) - 1 <= found <= sum(wanted.values()), result.counts
        assert result.plates_exact >= 0.75, result.missed
        assert len(result.invented) <= 1, result.invented
        assert (program.run_dir / "annotated.mp4").stat().st_size > 1_000_000
        assert "line main, in" in program.console
        assert str(program.run_dir.resolve() / "annotated.mp4") in program.console
