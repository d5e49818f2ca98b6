"""The door of the program: Ctrl-C before a run is there, and processes that are left."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

INTERRUPTED_WHILE_IMPORTING = """
import signal, sys
class CtrlC:
    def find_spec(self, name, path, target=None):
        if name == "traffic_monitor.app.cli":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, CtrlC())
from traffic_monitor.main_supervisor import main
main()
"""

INTERRUPTED_WHILE_CHECKING = """
import signal, sys
from traffic_monitor.app import cli
cli.check_settings = lambda *_: signal.raise_signal(signal.SIGINT)
from traffic_monitor.main_supervisor import main
main()
"""

STARTED_WITHOUT_STREAMS = """
import os, subprocess, sys
from traffic_monitor.app import cli
def run(arguments):
    child = "import os, sys; [os.fstat(number) for number in range(3)]; sys.exit(7)"
    ours = os.open(sys.executable, os.O_RDONLY)
    return ours if ours < 3 else subprocess.call([sys.executable, "-c", child])
cli.run_command_line = run
from traffic_monitor.main_supervisor import main
for number in range(3):
    os.close(number)
main()
"""

A_PROCESS_IS_LEFT = """
import multiprocessing, sys, time
from traffic_monitor.app import cli
def run(arguments):
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(100,))
    process.start()
    print(process.pid)
    return 1
cli.run_command_line = run
from traffic_monitor.main_supervisor import main
main()
"""


def run(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=90, check=False)


@pytest.mark.parametrize(
    "code", [INTERRUPTED_WHILE_IMPORTING, INTERRUPTED_WHILE_CHECKING], ids=["import", "check"]
)
def test_ctrl_c_before_the_run_is_one_line_and_130(code: str) -> None:
    done = run(code)
    assert (done.returncode, done.stderr, done.stdout) == (130, "interrupted\n", "")


def test_no_file_takes_the_place_of_a_standard_stream_that_was_closed() -> None:
    assert run(STARTED_WITHOUT_STREAMS).returncode == 7


def test_a_warning_of_a_command_that_keeps_no_log_is_one_plain_line(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "traffic.db").write_text("no database, only a text of some length" * 100)
    command = [sys.executable, "-m", "traffic_monitor.main_supervisor", "runs", "--output", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    (line,) = done.stderr.splitlines()
    assert re.fullmatch(r"[\d:]{8} WARNING traffic-monitor: .*broken.* cannot be read: .*", line)


def test_a_process_that_cannot_be_ended_does_not_hold_up_the_end_of_the_program() -> None:
    left = subprocess.Popen([sys.executable, "-c", A_PROCESS_IS_LEFT], stdout=subprocess.PIPE, text=True)
    assert left.stdout is not None
    pid = int(left.stdout.readline())
    try:
        assert left.wait(timeout=30) == 1
    finally:
        os.kill(pid, signal.SIGKILL)
        left.kill()
        left.stdout.close()
