"""Webcams: what is asked of them, in which order, and what they give instead. The camera is faked."""

from typing import Any

import cv2
import numpy as np
import pytest

from traffic_monitor.app import check_sources
from traffic_monitor.app.check_sources import check_first_frame, check_source
from traffic_monitor.capture import opencv_reader
from traffic_monitor.capture.opencv_reader import OpenCvReader, open_capture, webcam_mode
from traffic_monitor.capture.readers import open_reader
from traffic_monitor.settings import FrameGrabberSettings, Settings

MJPG = cv2.VideoWriter.fourcc(*"MJPG")
YUYV = cv2.VideoWriter.fourcc(*"YUYV")


class FakeWebcam:
    """A webcam that gives 640 x 480 at 30 frames/s, and larger pictures in MJPG only."""

    def __init__(self, *_where: Any) -> None:
        self.mode: dict[int, float] = {
            cv2.CAP_PROP_FOURCC: YUYV, cv2.CAP_PROP_FRAME_WIDTH: 640, cv2.CAP_PROP_FRAME_HEIGHT: 480,
            cv2.CAP_PROP_FPS: 30,
        }  # fmt: skip
        self.asked: list[int] = []
        self.is_open = True

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self.is_open

    def get(self, what: int) -> float:
        return self.mode.get(what, 0.0)

    def set(self, what: int, value: float) -> bool:
        self.asked.append(what)
        is_large = what in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT) and value > 640
        if is_large and self.mode[cv2.CAP_PROP_FOURCC] != MJPG:
            return False
        self.mode[what] = value
        return True

    def grab(self) -> bool:
        return self.is_open

    def retrieve(self) -> tuple[bool, Any]:
        height, width = int(self.mode[cv2.CAP_PROP_FRAME_HEIGHT]), int(self.mode[cv2.CAP_PROP_FRAME_WIDTH])
        return True, np.zeros((height, width, 3), np.uint8)

    def release(self) -> None:
        self.is_open = False


@pytest.fixture
def webcam(monkeypatch: pytest.MonkeyPatch) -> FakeWebcam:
    """The webcam that is opened last; it is a new one each time."""
    latest = FakeWebcam()

    def plug_in(*_where: Any) -> FakeWebcam:
        latest.__init__()  # type: ignore[misc]
        return latest

    monkeypatch.setattr(cv2, "VideoCapture", plug_in)
    return latest


def grabber(source: int | str = 0, **changes: Any) -> FrameGrabberSettings:
    return FrameGrabberSettings.model_validate({"source": source, **changes})


def test_a_webcam_is_asked_for_the_pixel_format_first_and_for_nothing_that_is_not_set(webcam: FakeWebcam) -> None:
    OpenCvReader(grabber())
    assert webcam.asked == []
    OpenCvReader(grabber(pixel_format="mjpg", width=1920, height=1080, fps=25))
    assert webcam.asked[0] == cv2.CAP_PROP_FOURCC
    assert webcam.mode[cv2.CAP_PROP_FRAME_WIDTH] == 1920


def test_what_a_webcam_does_not_do_is_a_warning_with_what_it_gives(
    webcam: FakeWebcam, log_lines: list[str]
) -> None:
    OpenCvReader(grabber(width=1920, height=1080, fps=29.97))
    assert log_lines == [
        "WARNING webcam 0 does not do width, height of frame_grabber as set; "
        "it gives 640 x 480 pixels at 29.97 frames/s, YUYV\n"
    ]
    assert webcam_mode(grabber(pixel_format="MJPG")) == "640 x 480 pixels at 30 frames/s, MJPG"
    assert not webcam.is_open
    assert len(log_lines) == 1


def test_check_says_what_a_webcam_really_gives(webcam: FakeWebcam) -> None:
    camera = Settings.model_validate({"frame_grabber": {"source": 0, "width": 1280, "height": 720}})
    (check,) = check_first_frame("first frame", "", camera)
    assert check.ok
    assert check.message == "0, 640 x 480 pixels; the webcam gives 640 x 480 pixels at 30 frames/s, YUYV"


@pytest.mark.parametrize("source", ["/dev/video2", "/dev/v4l/by-id/usb-Cam_x-video-index0", "2", 2])
@pytest.mark.parametrize("reader", ["auto", "pyav", "opencv"])
def test_a_device_path_is_a_webcam_and_opencv_reads_it(webcam: FakeWebcam, source: int | str, reader: str) -> None:
    settings = grabber(source, reader=reader)
    assert (settings.is_webcam, settings.is_file, settings.is_live) == (True, False, True)
    assert isinstance(open_reader(settings), OpenCvReader)


def test_a_device_is_opened_by_its_path_so_that_it_is_found_again_after_replugging(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(opencv_reader.cv2, "VideoCapture", lambda *where: opened.append(where))
    monkeypatch.setattr(opencv_reader.sys, "platform", "linux")
    open_capture(grabber("/dev/v4l/by-id/usb-Cam"))
    open_capture(grabber(1))
    assert opened == [("/dev/v4l/by-id/usb-Cam", cv2.CAP_V4L2), (1, cv2.CAP_ANY)]


def test_a_webcam_that_is_there_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_sources.sys, "platform", "win32")
    for source in (3, "/dev/video3"):
        (check,) = check_source("", Settings.model_validate({"frame_grabber": {"source": source}}))
        assert (check.ok, check.message) == (True, f"webcam {source}")


@pytest.mark.parametrize("name", ["/dev/video", "/dev/videos/1.mp4", "video0", "dev/video0"])
def test_a_path_that_only_looks_like_a_device_is_a_file(name: str) -> None:
    assert grabber(name).is_file
