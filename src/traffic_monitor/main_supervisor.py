"""The door of the program: ``traffic-monitor`` and ``python -m traffic_monitor.main_supervisor``.

Every spawned service process imports this module again, so all imports stand inside ``main``.
"""

import sys


def main() -> None:
    """Run the command line and exit with its exit code."""
    from traffic_monitor.app.cli import run_command_line
    from traffic_monitor.shared_utils.logging_config import silence_opencv

    silence_opencv()
    sys.exit(run_command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()
