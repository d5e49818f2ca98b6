"""The live window."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

import numpy as np
from loguru import logger

from traffic_monitor.settings import DisplayMode, VisualizerSettings
from traffic_monitor.shared_utils.frame_codec import Image
from traffic_monitor.sinks.screen import FRAME_HEADER

WINDOW_TITLE = "Traffic Monitor"
PROBE_TIMEOUT_S = 20
CLOSE_TIMEOUT_S = 1.0
READY, GONE = "ready", "gone"
"""The first answer of the process that owns the windows, and what stands for its end."""

PROBE = "import cv2; cv2.namedWindow('probe'); cv2.waitKey(1); cv2.destroyAllWindows()"
"""Qt ends the whole process when it cannot reach the screen, so that is tried in a process of its own."""


def missing_screen_reason() -> str | None:
    """Why no window can be shown here; None where one can."""
    reason = _missing_display()
    if reason is not None:
        return reason
    try:
        probe = subprocess.run(
            [sys.executable, "-c", PROBE], capture_output=True, timeout=PROBE_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"the screen did not answer within {PROBE_TIMEOUT_S} s"
    return None if probe.returncode == 0 else f"the screen {os.environ.get('DISPLAY', '')} cannot be opened"


def _missing_display() -> str | None:
    is_named = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return "DISPLAY is not set" if sys.platform.startswith("linux") and not is_named else None


class Screen:
    """The windows of all cameras, in a process of their own. Nothing that happens to them ends or slows the run.

    Args:
        camera_ids: one window for each; their names stand in the titles where there are several.
        width: of all windows side by side, in pixels.
        on_quit: called once with the reason when the user quits.
        on_pause: called when the user pauses a file, with false when it is to go on; None: nothing can be paused.
        command: starts the process; replaceable in tests.

    Raises:
        OSError: no window can be opened.
    """

    def __init__(
        self,
        camera_ids: Sequence[str],
        width: int,
        on_quit: Callable[[str], None],
        on_pause: Callable[[bool], None] | None = None,
        command: Sequence[str] = (sys.executable, "-m", "traffic_monitor.sinks.screen"),
    ) -> None:
        single = len(camera_ids) == 1
        titles = [WINDOW_TITLE if single else f"{WINDOW_TITLE}: {camera_id}" for camera_id in camera_ids]
        self._on_quit = on_quit
        self._on_pause = on_pause
        self._is_open = True
        self._frames: dict[int, Image] = {}
        """The newest one of each window that was not sent yet."""
        self._wake = threading.Condition()
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        options = {"titles": titles, "width": width, "can_pause": on_pause is not None}
        self._process = subprocess.Popen(
            [*command, json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal is not for it.
        )
        threading.Thread(target=self._receive, name="window answers", daemon=True).start()
        try:
            first = self._answers.get(timeout=PROBE_TIMEOUT_S)
        except queue.Empty:
            first = f"the screen did not answer within {PROBE_TIMEOUT_S} s"
        if first != READY:
            self.close()
            raise OSError(
                first if first != GONE else f"the screen {os.environ.get('DISPLAY', '')} cannot be opened"
            )
        threading.Thread(target=self._send, name="window frames", daemon=True).start()

    def show(self, number: int, image: Image) -> None:
        """Show a BGR frame in one of the windows. It is left out if the next one comes before it could be sent."""
        if self._is_open:
            with self._wake:
                self._frames[number] = image
                self._wake.notify()
        self.take_answers()

    def take_answers(self) -> None:
        """Act on what the user did."""
        while self._is_open:
            try:
                answer = self._answers.get_nowait()
            except queue.Empty:
                return
            word, _, reason = answer.partition(" ")
            if word in ("pause", "resume") and self._on_pause is not None:
                self._on_pause(word == "pause")
            elif word == "quit":
                self.close()
                self._on_quit(reason)
            elif word == GONE:
                self.close()
                logger.warning("the screen or its window is gone: the run goes on without a window")
                if self._on_pause is not None:
                    self._on_pause(False)  # Nobody is left who could end a pause.

    def close(self) -> None:
        """Take the windows away."""
        with self._wake:
            self._is_open = False
            self._wake.notify()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(CLOSE_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _receive(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line.decode().strip())
        self._answers.put(GONE)

    def _send(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # The other thread reports that the process is gone.
            while True:
                with self._wake:
                    self._wake.wait_for(lambda: self._frames or not self._is_open)
                    if not self._is_open:
                        return
                    frames, self._frames = self._frames, {}
                for number, image in frames.items():
                    height, width = image.shape[:2]
                    self._process.stdin.write(FRAME_HEADER.pack(number, height, width))
                    self._process.stdin.write(np.ascontiguousarray(image).data)
                self._process.stdin.flush()


class Window:
    """The window of one camera: a sink of annotated frames."""

    def __init__(self, screen: Screen, number: int) -> None:
        self._screen = screen
        self._number = number

    def take(self, image: Image, media_time: float) -> None:  # noqa: ARG002 - a window has no clock
        """Show one BGR picture."""
        self._screen.show(self._number, image)

    def idle(self) -> None:
        """Act on what the user did; must be called often."""
        self._screen.take_answers()

    def close(self) -> None:
        """Take the windows away, those of other cameras too: all end together."""
        self._screen.close()


def open_screen(
    settings: VisualizerSettings,
    camera_ids: Sequence[str],
    on_quit: Callable[[str], None],
    on_pause: Callable[[bool], None] | None,
) -> Screen | None:
    """The windows that the settings ask for. Where there can be none, the terminal says why."""
    if settings.display is DisplayMode.OFF:
        return None
    reason = _missing_display()
    if reason is None:
        try:
            return Screen(camera_ids, settings.window_width, on_quit, on_pause)
        except OSError as error:
            reason = str(error)
    logger.warning("no window: {} (visualizer.display is {})", reason, settings.display.value)
    return None
