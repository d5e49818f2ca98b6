"""The live window."""

import contextlib
import math
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from loguru import logger

from traffic_monitor.settings import DisplayMode
from traffic_monitor.shared_utils.frame_codec import Image

WINDOW_TITLE = "Traffic Monitor"
TITLE_BAR_HEIGHT = 40
"""Pixels kept free between two rows of windows."""
QUIT_KEYS = (ord("q"), ord("Q"))
PROBE_TIMEOUT_S = 20

PROBE = "import cv2; cv2.namedWindow('probe'); cv2.waitKey(1); cv2.destroyAllWindows()"
"""Qt ends the whole process when it cannot reach the screen, so that is tried in a process of its own."""


def missing_screen_reason() -> str | None:
    """Why no window can be shown here; None where one can."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "DISPLAY is not set"
    try:
        probe = subprocess.run(
            [sys.executable, "-c", PROBE], capture_output=True, timeout=PROBE_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"the screen did not answer within {PROBE_TIMEOUT_S} s"
    return None if probe.returncode == 0 else f"the screen {os.environ.get('DISPLAY', '')} cannot be opened"


def wants_window(mode: DisplayMode) -> bool:
    """Whether to open the window, said in the log where the answer may surprise."""
    if mode is DisplayMode.OFF:
        return False
    reason = missing_screen_reason()
    if reason is None:
        return True
    if mode is DisplayMode.ON:
        logger.warning("visualizer.display is on, but {}: going on without a window", reason)
    else:
        logger.info("no window: {}", reason)
    return False


@dataclass(frozen=True)
class Tile:
    """One camera's window: its title, and where on the screen it is, in pixels from the upper left."""

    title: str
    width: int
    corner: tuple[int, int] | None = None
    """None: where the desktop puts it."""


def tiles_of(camera_ids: Sequence[str], width: int) -> list[Tile]:
    """The windows of some cameras: one of this width or, for several, side by side as if in one window."""
    if len(camera_ids) == 1:
        return [Tile(WINDOW_TITLE, width)]
    columns = math.ceil(math.sqrt(len(camera_ids)))
    each = max(width // columns, 160)
    height = round(each * 9 / 16) + TITLE_BAR_HEIGHT
    return [
        Tile(f"{WINDOW_TITLE}: {camera_id}", each, (number % columns * each, number // columns * height))
        for number, camera_id in enumerate(camera_ids)
    ]


class Window:
    """Shows annotated frames; ``q`` or closing it asks for the end of the run."""

    def __init__(self, tile: Tile, on_quit: Callable[[str], None]) -> None:
        os.environ.setdefault("QT_LOGGING_RULES", "*=false")
        self._title = tile.title
        self._width = tile.width
        self._on_quit = on_quit
        self._open = True
        self._shape = (0, 0)
        cv2.namedWindow(self._title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        if tile.corner is not None:
            cv2.moveWindow(self._title, *tile.corner)
        self.take(_waiting_picture(self._width), 0.0)

    def take(self, image: Image, media_time: float) -> None:  # noqa: ARG002 - a window has no clock
        """Show one BGR picture."""
        # Showing a picture would bring a window that was just closed back.
        if not self._open or self._quit_if_closed():
            return
        if image.shape[:2] != self._shape:  # Only then: the user may have given the window another size.
            self._shape = image.shape[:2]
            cv2.resizeWindow(self._title, self._width, round(image.shape[0] * self._width / image.shape[1]))
        cv2.imshow(self._title, image)
        self._take_keys()

    def idle(self) -> None:
        """Let the window redraw itself and take keys; must be called often."""
        if self._open and not self._quit_if_closed():
            self._take_keys()

    def close(self) -> None:
        """Take the window away."""
        if self._open:
            self._open = False
            with contextlib.suppress(cv2.error):  # The user has closed it.
                cv2.destroyWindow(self._title)

    def _quit_if_closed(self) -> bool:
        closed = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1
        if closed:
            self._quit("the window was closed")
        return closed

    def _take_keys(self) -> None:
        if cv2.waitKey(1) & 0xFF in QUIT_KEYS:
            self._quit("q was pressed in the window")

    def _quit(self, reason: str) -> None:
        self.close()
        self._on_quit(reason)


def _waiting_picture(width: int) -> Image:
    picture = np.full((round(width * 9 / 16), width, 3), 24, dtype=np.uint8)
    cv2.putText(
        picture, "Loading the models ...", (width // 20, width // 4), cv2.FONT_HERSHEY_SIMPLEX, width / 1000,
        (230, 230, 230), max(width // 800, 1), cv2.LINE_AA,
    )  # fmt: skip
    return picture
