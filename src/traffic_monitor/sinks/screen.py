"""The process that owns the windows: frames come on its standard input, keys leave on its standard output.

Qt ends the whole process when it loses the screen, so windows live in a process of their own. It imports nothing
of the project: it must start fast. A frame is ``FRAME_HEADER`` and the BGR bytes. An answer is a line of words:
``ready``, ``quit <why>``, ``pause`` or ``resume``. The process ends with its input.
"""

import ctypes
import json
import math
import os
import struct
import sys
import threading
from dataclasses import dataclass
from typing import IO, Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Size = tuple[int, int]
"""Width and height in pixels."""

FRAME_HEADER = struct.Struct("!III")
"""Number of the window, height and width of the picture."""

COMMON_SCREEN: Size = (1366, 768)
"""Assumed where the system does not report the size of its screen: the smallest one in common use."""

DECORATION_PX = 40
"""Height of a window's title bar; a bar of the desktop may need as much again."""

LEAST_WIDTH_PX = 160
EVENT_PAUSE_MS = 15
QUIT_KEYS, PAUSE_KEY, HELP_KEY = (ord("q"), ord("Q")), ord(" "), (ord("h"), ord("H"))

KEYS = "h  show or hide the keys", "q  stop the run; results are completed"
PAUSE = "space  pause or go on"
PAUSED = "paused - space goes on"


@dataclass(frozen=True)
class Area:
    """Room for a window on the screen, in pixels, without its title bar."""

    left: int
    top: int
    width: int
    height: int


def area_of(number: int, windows: int, wanted_width: int, screen: Size) -> Area:
    """Room for one of several windows, side by side: together as wide as wanted, if the screen is."""
    columns = math.ceil(math.sqrt(windows))
    rows = math.ceil(windows / columns)
    width = max(min(wanted_width, screen[0]) // columns, LEAST_WIDTH_PX)
    room = (screen[1] - DECORATION_PX) // rows  # The last bar is the desktop's.
    if windows > 1:
        room = min(room, round(width * 9 / 16) + DECORATION_PX)
    return Area(number % columns * width, number // columns * room, width, max(room - DECORATION_PX, 90))


def fitted(picture: Size, area: Area) -> Size:
    """The largest size with the picture's proportions that the area holds."""
    scale = min(area.width / picture[0], area.height / picture[1])
    return max(round(picture[0] * scale), 1), max(round(picture[1] * scale), 1)


def resized(picture: Picture, size: Size) -> Picture:
    """A picture at another size. Qt would neither enlarge it nor keep its proportions."""
    if (picture.shape[1], picture.shape[0]) == size:
        return picture
    shrinks = size[0] < picture.shape[1]
    return np.asarray(
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), dtype=np.uint8
    )


def screen_size() -> Size:
    """Width and height of the screen in pixels; of all screens together where there are several."""
    try:
        if sys.platform == "win32":
            metrics = ctypes.windll.user32.GetSystemMetrics
            return int(metrics(0)), int(metrics(1))
        x11 = ctypes.CDLL("libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        display = ctypes.c_void_p(x11.XOpenDisplay(None))
        if not display:
            return COMMON_SCREEN
        size = int(x11.XDisplayWidth(display, 0)), int(x11.XDisplayHeight(display, 0))
        x11.XCloseDisplay(display)
    except (OSError, AttributeError):  # macOS, Wayland without X
        return COMMON_SCREEN
    return size


def waiting_picture(text: str = "Loading the models ...") -> Picture:
    """What is shown before the first frame."""
    return captioned(np.full((360, 640, 3), 24, dtype=np.uint8), [text])


def captioned(picture: Picture, lines: list[str]) -> Picture:
    """A copy of a BGR picture with lines of text in a dark box in its lower left corner."""
    canvas = picture.copy()
    height, width = canvas.shape[:2]
    scale = max(width / 1100, 0.3)
    sizes = [cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)[0] for line in lines]
    step = round(2.2 * max(size[1] for size in sizes))
    top = max(height - step * (len(lines) + 1), 0)
    box = canvas[top:, : max(size[0] for size in sizes) + 2 * step]
    box[:] = box // 4
    for number, line in enumerate(lines, start=1):
        place = step, top + step * number + step // 4
        cv2.putText(canvas, line, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (240, 240, 240), 1, cv2.LINE_AA)
    return canvas


class Windows:
    """The windows of all cameras.

    Args:
        titles: one for each window.
        width: of all windows side by side, in pixels.
        can_pause: whether the source is a file.
        answers: where answers are written to.
    """

    def __init__(self, titles: list[str], width: int, can_pause: bool, answers: IO[str]) -> None:
        self._titles = titles
        self._answers = answers
        self._can_pause = can_pause
        self._is_paused = self._shows_keys = False
        screen = screen_size()
        self._areas = [area_of(number, len(titles), width, screen) for number in range(len(titles))]
        self._pictures = [waiting_picture() for _ in titles]
        self._shapes: list[Size | None] = [None] * len(titles)
        self._changed = set(range(len(titles)))
        self._lock = threading.Lock()
        """Of what :meth:`put` changes; it is called by another thread."""
        for title, area in zip(titles, self._areas, strict=True):
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
            if len(titles) > 1:  # A single one is left where the desktop puts it.
                cv2.moveWindow(title, area.left, area.top)

    def put(self, number: int, picture: Picture) -> None:
        """Give a window its next picture. One that was not shown yet is left out."""
        with self._lock:
            if not self._is_paused:
                self._pictures[number] = picture
                self._changed.add(number)

    def step(self) -> bool:
        """Show what is new and take keys; false when the user wants to quit."""
        for number, title in enumerate(self._titles):
            # Showing a picture would bring a window that was just closed back.
            if self._shapes[number] is not None and cv2.getWindowProperty(title, cv2.WND_PROP_VISIBLE) < 1:
                return self._quit("the window was closed")
        with self._lock:
            changed, self._changed = self._changed, set()
            pictures = {number: self._pictures[number] for number in changed}
        for number, picture in pictures.items():
            self._show(number, picture)
        return self._take_key(cv2.waitKey(EVENT_PAUSE_MS) & 0xFF)

    def _show(self, number: int, picture: Picture) -> None:
        size = picture.shape[1], picture.shape[0]
        title, area = self._titles[number], self._areas[number]
        if size == self._shapes[number]:  # The user may have given the window another size.
            left, top, width, height = cv2.getWindowImageRect(title)
            area = Area(0, 0, max(width + 2 * left, 1), max(height + 2 * top, 1))
        else:
            self._shapes[number] = size
            cv2.resizeWindow(title, *fitted(size, area))
        lines = [*KEYS, *([PAUSE] if self._can_pause else [])] if self._shows_keys else []
        lines += [PAUSED] if self._is_paused else []
        picture = resized(picture, fitted(size, area))
        cv2.imshow(title, captioned(picture, lines) if lines else picture)

    def _take_key(self, key: int) -> bool:
        if key in QUIT_KEYS:
            return self._quit("q was pressed in the window")
        if key in HELP_KEY:
            self._shows_keys = not self._shows_keys
        elif key == PAUSE_KEY and self._can_pause:
            with self._lock:
                self._is_paused = not self._is_paused
            self._answer("pause" if self._is_paused else "resume")
        else:
            return True
        self._changed |= set(range(len(self._titles)))
        return True

    def _quit(self, why: str) -> bool:
        self._answer(f"quit {why}")
        return False

    def _answer(self, words: str) -> None:
        self._answers.write(f"{words}\n")
        self._answers.flush()


def read_frames(source: IO[bytes], windows: Windows, ended: threading.Event) -> None:
    """Hand frames to their windows until the input ends."""
    try:
        while header := source.read(FRAME_HEADER.size):
            number, height, width = FRAME_HEADER.unpack(header)
            pixels = np.frombuffer(source.read(height * width * 3), dtype=np.uint8)
            windows.put(number, pixels.reshape(height, width, 3))
    except (OSError, ValueError, struct.error):
        pass  # The sender died in the middle of a frame.
    finally:
        ended.set()


def main(arguments: str) -> None:
    """Show windows until the input ends or the user quits.

    Args:
        arguments: ``titles``, ``width`` and ``can_pause`` of :class:`Windows` as JSON.
    """
    os.environ.setdefault("QT_LOGGING_RULES", "*=false")
    options: dict[str, Any] = json.loads(arguments)
    windows = Windows(**options, answers=sys.stdout)
    is_open = windows.step()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    ended = threading.Event()
    threading.Thread(target=read_frames, args=(sys.stdin.buffer, windows, ended), daemon=True).start()
    while is_open and not ended.is_set():
        is_open = windows.step()


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)  # Qt may hang when the interpreter is taken down while a thread reads.
