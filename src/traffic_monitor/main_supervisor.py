"""The door of the program: ``traffic-monitor`` and ``python -m traffic_monitor.main_supervisor``.

Every spawned service process imports this module again, so all imports of the project stand inside ``main``.
"""

import contextlib
import multiprocessing
import os
import signal
import sys

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


def main() -> None:
    """Run the command line and exit with its exit code."""
    signal.signal(signal.SIGINT, _interrupt)  # Importing takes a while, and so do some commands.
    _open_missing_streams()
    from traffic_monitor.app.cli import run_command_line
    from traffic_monitor.shared_utils.constants import PROGRAM
    from traffic_monitor.shared_utils.logging_config import LogTarget, configure_logging, silence_opencv

    silence_opencv()
    configure_logging(PROGRAM, LogTarget(None))  # Until a command knows better.
    exit_code = run_command_line(sys.argv[1:])
    if multiprocessing.active_children():
        # Such a process cannot be killed, because it waits for a broken driver or disk; Python would wait for it.
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(exit_code)
    sys.exit(exit_code)


def _open_missing_streams() -> None:
    """Lead standard streams that were closed into nothing, for this process and its children.

    The next files to be opened would take their numbers, and what libraries print would end up in the records.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # Opening takes the lowest free number.


def _interrupt(_signal: int, _frame: object) -> None:
    """Leave on Ctrl-C while no run is there that could be stopped."""
    with contextlib.suppress(OSError, ValueError):
        print("interrupted", file=sys.stderr)  # noqa: T201 - the console is not imported yet
    sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
