"""The systemd unit: what systemd says of it, and what must match the program's own times."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.shared_material import need_tool
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.constants import ExitCode
from traffic_monitor.supervision.states import CLOSING_MARGIN_S, HUNG_AFTER_S

UNIT = Path(__file__).parents[1] / "config" / "traffic-monitor.service"


@pytest.fixture(scope="module")
def values() -> dict[str, str]:
    """The unit's settings; each stands in it once."""
    pairs = re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE)
    names = [name for name, _ in pairs]
    assert {name for name in names if names.count(name) > 1} <= {"Environment"}
    return dict(pairs)


def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    program = need_tool("systemd-analyze")
    # The program is not installed where the unit expects it; systemd wants to see it.
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.MULTILINE)
    unit = tmp_path / UNIT.name
    unit.write_text(text)
    done = subprocess.run(
        [program, "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_waits_longer_than_the_program_needs(values: dict[str, str]) -> None:
    supervisor = Settings().supervisor
    assert float(values["TimeoutStartSec"]) > supervisor.startup_timeout_s
    assert float(values["TimeoutStopSec"]) >= 2 * supervisor.drain_timeout_s + CLOSING_MARGIN_S + 60
    assert float(values["WatchdogSec"]) > 2 * HUNG_AFTER_S


def test_a_stop_lets_the_services_finish_and_wrong_settings_are_not_tried_again(values: dict[str, str]) -> None:
    assert (values["Type"], values["NotifyAccess"]) == ("notify", "main")
    assert (values["KillMode"], values["KillSignal"]) == ("mixed", "SIGTERM")
    assert (values["Restart"], values["StartLimitIntervalSec"]) == ("always", "0")
    assert values["RestartPreventExitStatus"] == str(ExitCode.USAGE.value)
