"""The frame grabber alone: a tiny clip in, messages out."""

import itertools
import queue
import threading
import uuid
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.builders import FRAME_FIELDS, START, FullQueue, drain, make_image, start
from traffic_monitor.capture.frames import CapturedFrame
from traffic_monitor.runtime.control import Command, ServiceControl
from traffic_monitor.services import frame_grabber as module
from traffic_monitor.services.frame_grabber import FrameGrabber, GrabberSource, frame_grabber_process
from traffic_monitor.settings import FrameGrabberSettings, Settings
from traffic_monitor.shared_utils.errors import ServiceError
from traffic_monitor.shared_utils.frame_codec import decode_frame
from traffic_monitor.shared_utils.resume import ResumePoint


def config(source: Any = None, **changes: Any) -> Settings:
    return Settings.model_validate({"camera_id": "gate", "frame_grabber": {"source": source, **changes}})


def captured(index: int = 0, width: int = 320, height: int = 240) -> CapturedFrame:
    return CapturedFrame(make_image(width, height), index, index / 25, START + index / 25)


def test_a_message_holds_every_field_of_the_contract() -> None:
    (message,) = FrameGrabber(config()).process(captured(4))
    assert message.keys() >= FRAME_FIELDS
    assert (message["camera_id"], message["timestamp"]) == ("gate", pytest.approx(START + 0.16))
    assert (message["frame_width"], message["frame_height"]) == (320, 240)
    assert (message["frame_index"], message["media_time"]) == (4, pytest.approx(0.16))
    assert abs(decode_frame(message["frame_data_jpeg"]).astype(int) - make_image()).mean() < 3


def test_every_frame_has_a_random_uuid_of_its_own() -> None:
    grabber = FrameGrabber(config())
    ids = [grabber.process(captured(index))[0]["frame_id"] for index in range(5)]
    assert len(set(ids)) == 5
    assert {uuid.UUID(frame_id).version for frame_id in ids} == {4}


@pytest.mark.parametrize(
    ("resize_width", "expected"),
    [
        pytest.param(None, (320, 240), id="without a width frames keep their size"),
        pytest.param(160, (160, 120), id="a smaller width keeps the proportions"),
        pytest.param(101, (101, 76), id="an odd width rounds the height"),
        pytest.param(640, (320, 240), id="frames are never blown up"),
    ],
)
def test_frames_are_shrunk(resize_width: int | None, expected: tuple[int, int]) -> None:
    (message,) = FrameGrabber(config(resize_width=resize_width)).process(captured())
    assert (message["frame_width"], message["frame_height"]) == expected
    assert decode_frame(message["frame_data_jpeg"]).shape[1::-1] == expected


@pytest.mark.parametrize(("resize_width", "sent"), [(None, (320, 240)), (160, (160, 120)), (1000, (320, 240))])
def test_a_picture_whose_size_changes_midway_keeps_that_of_the_first_one_and_the_log_says_so(
    log_lines: list[str], resize_width: int | None, sent: tuple[int, int]
) -> None:
    grabber = FrameGrabber(config(resize_width=resize_width))
    sizes = [(320, 240), (640, 360), (640, 360), (80, 60)]
    messages = [grabber.process(captured(number, *size))[0] for number, size in enumerate(sizes)]
    assert {(message["frame_width"], message["frame_height"]) for message in messages} == {sent}
    assert {decode_frame(message["frame_data_jpeg"]).shape[1::-1] for message in messages} == {sent}
    changes = [line for line in log_lines if "the size of the picture has changed" in line]
    assert len(changes) == 2
    assert "gate: the size of the picture has changed from 320 x 240 to 640 x 360 pixels" in changes[0]


@pytest.mark.parametrize("resize_width", [None, 160])
def test_what_a_mask_covers_is_in_no_message(resize_width: int | None) -> None:
    masks = [{"points": [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]}]
    settings = Settings.model_validate(
        {"frame_grabber": {"resize_width": resize_width}, "privacy": {"masks": masks}}
    )
    frame = CapturedFrame(np.full((240, 320, 3), 255, np.uint8), 0, 0.0, START)
    (message,) = FrameGrabber(settings).process(frame)
    image = decode_frame(message["frame_data_jpeg"])
    height, width = image.shape[:2]
    assert image[height // 4 : height * 3 // 4, width // 4 : width * 3 // 4].max() < 30
    assert image[: height // 5].min() > 225


def test_a_lower_jpeg_quality_makes_smaller_messages() -> None:
    sizes = [
        len(FrameGrabber(config(jpeg_quality=quality)).process(captured())[0]["frame_data_jpeg"])
        for quality in (20, 95)
    ]
    assert sizes[0] < sizes[1]


def run_to_the_end(settings: Settings) -> list[Any]:
    outgoing: queue.Queue[Any] = queue.Queue()
    start(frame_grabber_process, settings, outgoing, threading.Event()).result(timeout=10)
    return drain(outgoing)


def test_the_process_sends_every_frame_of_a_file_in_order_and_ends_once(clip: Path) -> None:
    *messages, end = run_to_the_end(config(str(clip)))
    assert end is None
    assert [message["frame_index"] for message in messages] == list(range(12))
    brightness = [decode_frame(message["frame_data_jpeg"]).mean() for message in messages]
    assert brightness == pytest.approx([20 * index for index in range(12)], abs=8)


def test_a_files_timestamps_follow_the_media_clock(clip: Path) -> None:
    *messages, _ = run_to_the_end(config(str(clip), start_time="2026-05-04T08:00:00+02:00"))
    assert messages[0]["timestamp"] == 1_777_874_400.0
    steps = [b["timestamp"] - a["timestamp"] for a, b in itertools.pairwise(messages)]
    assert steps == pytest.approx([0.04] * 11, abs=1e-3)


def test_a_full_queue_holds_a_file_up_and_loses_nothing(clip: Path) -> None:
    outgoing: queue.Queue[Any] = queue.Queue(maxsize=1)
    future = start(frame_grabber_process, config(str(clip)), outgoing, threading.Event())
    received = list(iter(lambda: outgoing.get(timeout=5), None))
    future.result(timeout=5)
    assert len(received) == 12


def test_the_process_leaves_within_a_second_when_its_output_is_full(clip: Path) -> None:
    full, shutdown = FullQueue(), threading.Event()
    future = start(frame_grabber_process, config(str(clip)), full, shutdown)
    assert full.tried.wait(10)
    shutdown.set()
    future.result(timeout=1)


def test_a_source_that_cannot_be_opened_is_said_so(tmp_path: Path) -> None:
    not_a_video = tmp_path / "notes.mp4"
    not_a_video.write_text("no video", encoding="utf-8")
    future = start(frame_grabber_process, config(str(not_a_video)), queue.Queue(), threading.Event())
    with pytest.raises(ServiceError, match=r"frame_grabber\.source: .*notes\.mp4 cannot be opened"):
        future.result(timeout=10)


def test_a_file_is_read_from_start_to_stop(clip: Path) -> None:
    ours, theirs = Pipe()
    source = GrabberSource(config(str(clip)), ServiceControl(theirs))
    with pytest.raises(queue.Empty):
        source.get(timeout=0.01)
    ours.send(Command.START)
    frame = source.get(timeout=1)
    assert frame is not None
    assert frame.index == 0
    ours.send(Command.STOP)
    assert source.get(timeout=1) is None
    source.close()


def test_a_paused_file_gives_no_frame_until_it_goes_on_and_can_be_stopped(clip: Path) -> None:
    ours, theirs = Pipe()
    source = GrabberSource(config(str(clip)), ServiceControl(theirs))
    ours.send(Command.START)
    ours.send(Command.PAUSE)
    with pytest.raises(queue.Empty):
        source.get(timeout=0.01)
    ours.send(Command.RESUME)
    frame = source.get(timeout=1)
    assert frame is not None
    assert frame.index == 0
    ours.send(Command.PAUSE)
    ours.send(Command.STOP)
    assert source.get(timeout=1) is None
    source.close()


class FakeSource:
    """A source that remembers what was done to it."""

    frames_total = None
    dropped = 2
    closed = 0

    def get(self, *, timeout: float) -> CapturedFrame | None:
        return captured(2)

    def close(self) -> None:
        self.closed += 1


def test_a_camera_is_not_opened_before_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[FakeSource] = []

    def open_source(_settings: FrameGrabberSettings, _after: ResumePoint | None) -> FakeSource:
        opened.append(FakeSource())
        return opened[-1]

    monkeypatch.setattr(module, "open_source", open_source)
    ours, theirs = Pipe()
    source = GrabberSource(config(0), ServiceControl(theirs))
    with pytest.raises(queue.Empty):
        source.get(timeout=0.01)
    assert (len(opened), source.dropped) == (0, 0)
    ours.send(Command.START)
    source.get(timeout=1)
    source.get(timeout=1)
    assert (len(opened), source.dropped) == (1, 2)
    source.close()
    assert opened[0].closed == 1


def test_a_stop_ends_the_stream_although_the_file_goes_on(clip: Path) -> None:
    ours, theirs = Pipe()
    outgoing: queue.Queue[Any] = queue.Queue(maxsize=1)
    future = start(
        frame_grabber_process, config(str(clip)), outgoing, threading.Event(), control=ServiceControl(theirs)
    )
    ours.send(Command.START)
    first = outgoing.get(timeout=10)
    ours.send(Command.STOP)
    rest = list(iter(lambda: outgoing.get(timeout=5), None))
    future.result(timeout=5)
    assert first["frame_index"] == 0
    assert len(rest) <= 3  # One waits in the queue, one in the service, one was being read.


def test_the_details_tell_how_far_the_source_is(clip: Path) -> None:
    settings = config(str(clip))
    source = GrabberSource(settings, ServiceControl())
    grabber = FrameGrabber(settings, source)
    while (frame := source.get(timeout=1)) is not None:
        grabber.process(frame)
    details = grabber.details_by_camera()[settings.camera_id]
    grabber.close()
    assert details["frames_total"] == 12
    assert details["media_seconds"] == pytest.approx(12 / 25, abs=1e-3)
    assert (details["source"], details["dropped_at_source"], details["frames_damaged"]) == (str(clip), 0, 0)


def test_the_details_hide_the_password_of_a_camera() -> None:
    details = FrameGrabber(config("rtsp://user:secret@10.0.0.9/live")).details()
    assert "secret" not in str(details)


def test_closing_the_service_releases_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeSource()
    monkeypatch.setattr(module, "open_source", lambda _settings, _after: fake)
    FrameGrabber(config("clip.mp4"), GrabberSource(config("clip.mp4"), ServiceControl())).close()
    assert fake.closed == 1
