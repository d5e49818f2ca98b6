"""Files that are damaged, unusual, or change midway, read by both readers. All of them are written here."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from traffic_monitor.capture.file_source import FileSource
from traffic_monitor.capture.frames import CapturedFrame, Place
from traffic_monitor.settings import FrameGrabberSettings
from traffic_monitor.shared_utils.errors import ServiceError

WIDTH, HEIGHT, FPS = 160, 120, 25
GOP = 12
BLOCK = 20
"""Side of the squares by which a picture shows its number."""


def grabber(source: Path | str, **changes: Any) -> FrameGrabberSettings:
    return FrameGrabberSettings.model_validate({"source": str(source), **changes})


def read_all(source: FileSource) -> list[CapturedFrame]:
    try:
        return list(iter(lambda: source.get(timeout=5), None))
    finally:
        source.close()


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> Any:
    """A picture whose squares along the upper edge are the bits of its number, with some texture below."""
    image = np.random.default_rng(number).integers(0, 255, (height, width, 3), np.uint8)
    image[:BLOCK] = 0
    for bit in range(width // BLOCK):
        if number >> bit & 1:
            image[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 255
    return cv2.blur(image, (9, 9))


def number_in(image: Any) -> int:
    """Which picture it is."""
    middle = image[BLOCK // 2 - 3 : BLOCK // 2 + 3]
    squares = range(image.shape[1] // BLOCK)
    return sum((middle[:, b * BLOCK + 6 : b * BLOCK + 14].mean() > 127) << b for b in squares)


def write_video(
    path: Path,
    frames: int,
    codec: str = "libx264",
    prepare: Callable[[Any], None] = lambda _stream: None,
    times: Callable[[int], int] = lambda index: index,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    rate: int = FPS,
    container_options: dict[str, str] | None = None,
    **options: str,
) -> Path:
    """A video of numbered pictures. Args: times: of each frame, in frames of ``rate``."""
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = GOP
        stream.options = options
        prepare(stream)
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(index, *size), format="bgr24")
            frame.pts, frame.time_base = times(index), Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def packets_of(path: Path) -> list[tuple[int, int]]:
    """Place in the file and size of each packet of its video."""
    with av.open(str(path)) as container:
        return [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]


def overwrite(path: Path, start: int, size: int, seed: int = 1) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(np.random.default_rng(seed).bytes(size))


BOTH = pytest.mark.parametrize("reader", ["opencv", "pyav"])


@BOTH
def test_both_readers_give_the_same_pixels_at_the_same_times(tmp_path: Path, reader: str) -> None:
    path = write_video(tmp_path / "clip.mp4", 30, bf="2")
    frames = read_all(FileSource(grabber(path, reader=reader)))
    assert [number_in(frame.image) for frame in frames] == list(range(30))
    assert [frame.media_time for frame in frames] == pytest.approx([n / FPS for n in range(30)])
    other = read_all(FileSource(grabber(path, reader="opencv")))
    assert all((one.image == two.image).all() for one, two in zip(frames, other, strict=True))


@BOTH
def test_a_packet_that_is_refused_in_the_middle_is_skipped_and_counted(
    tmp_path: Path, log_lines: list[str], reader: str
) -> None:
    path = write_video(tmp_path / "clip.mp4", 60, bf="0")
    for number in range(20, 23):
        overwrite(path, *packets_of(path)[number])
    source = FileSource(grabber(path, reader=reader))
    frames = read_all(source)
    good = [number_in(frame.image) for frame in frames]
    assert good[:20] == list(range(20))
    assert good[-36:] == list(range(24, 60))  # From the next keyframe on.
    assert [frame.media_time for frame in frames[-36:]] == pytest.approx([n / FPS for n in range(24, 60)])
    assert source.damaged >= 3
    assert any("could not be decoded, or only with damage" in line for line in log_lines)


@BOTH
def test_damage_before_the_place_at_which_a_file_goes_on_is_not_counted_again(tmp_path: Path, reader: str) -> None:
    path = write_video(tmp_path / "clip.mp4", 60, bf="0")
    for number in (20, 40):
        overwrite(path, *packets_of(path)[number])
    whole = FileSource(grabber(path, reader=reader))
    frames = read_all(whole)
    last = next(frame for frame in frames if frame.media_time > 30 / FPS)
    rest = FileSource(grabber(path, reader=reader), Place(last.index, last.media_time))
    assert [(f.index, f.media_time) for f in read_all(rest)] == [
        (f.index, f.media_time) for f in frames[last.index + 1 :]
    ]
    assert 0 < rest.damaged < whole.damaged


def test_damage_that_decodes_is_counted(tmp_path: Path, log_lines: list[str]) -> None:
    path = write_video(tmp_path / "clip.mp4", 40, bf="0", crf="12")
    start, size = packets_of(path)[15]
    overwrite(path, start + size // 2, size // 2)
    source = FileSource(grabber(path))
    assert len(read_all(source)) == 40
    assert source.damaged == 1
    assert log_lines == ["WARNING 1 frames of the source could not be decoded, or only with damage\n"]


@BOTH
def test_a_healthy_file_has_no_damaged_frame(tmp_path: Path, log_lines: list[str], reader: str) -> None:
    source = FileSource(grabber(write_video(tmp_path / "clip.mp4", 30, bf="2"), reader=reader))
    read_all(source)
    assert (source.damaged, log_lines) == (0, [])


@BOTH
def test_a_file_of_noise_is_an_error_that_names_the_codec(tmp_path: Path, reader: str) -> None:
    path = write_video(tmp_path / "clip.mp4", 30)
    for start, size in packets_of(path):
        overwrite(path, start, size, seed=start)
    with pytest.raises(ServiceError, match=r"clip\.mp4 holds no frame that can be decoded \(codec: h264\)"):
        read_all(FileSource(grabber(path, reader=reader)))


@BOTH
def test_a_file_without_video_is_refused(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        for _ in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.rate = 16000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(ServiceError, match=r"sound\.mp4 (holds no video|cannot be opened)"):
        FileSource(grabber(path, reader=reader))


@BOTH
def test_av1_is_decoded_or_refused_by_name(tmp_path: Path, reader: str) -> None:
    path = write_video(tmp_path / "clip.mp4", 10, "libsvtav1", preset="12")
    source = FileSource(grabber(path, reader=reader))
    if reader == "pyav":
        assert [number_in(frame.image) for frame in read_all(source)] == list(range(10))
        return
    with pytest.raises(ServiceError, match=r"(?i)\(codec: av01\)"):
        read_all(source)


@BOTH
def test_a_file_that_was_cut_off_is_named(tmp_path: Path, log_lines: list[str], reader: str) -> None:
    path = write_video(tmp_path / "clip.mp4", 60, bf="0", container_options={"movflags": "faststart"})
    start, _ = packets_of(path)[40]
    with path.open("r+b") as file:
        file.truncate(start)
    assert len(read_all(FileSource(grabber(path, reader=reader)))) == 40
    assert log_lines[-1] == "WARNING the recording ended after 40 of 60 frames\n"


def mjpeg_avi(path: Path, pixel_formats: list[str]) -> Path:
    """An AVI of JPEG pictures, each with its own sampling of colours."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixel_formats[0]
        for index, pixel_format in enumerate(pixel_formats):
            encoder = av.CodecContext.create("mjpeg", "w")
            encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, pixel_format
            encoder.time_base = Fraction(1, FPS)
            frame = av.VideoFrame.from_ndarray(picture(index), format="bgr24").reformat(format=pixel_format)
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            for packet in [*encoder.encode(frame), *encoder.encode(None)]:
                packet.stream, packet.pts, packet.dts, packet.time_base = stream, index, index, Fraction(1, FPS)
                container.mux(packet)
    return path


def test_a_pixel_format_that_changes_midway_gives_all_frames(tmp_path: Path) -> None:
    path = mjpeg_avi(tmp_path / "clip.avi", ["yuvj422p"] + ["yuvj420p"] * 9 + ["yuvj444p"] * 5)
    frames = read_all(FileSource(grabber(path)))
    assert [number_in(frame.image) for frame in frames] == list(range(15))


def test_a_size_that_changes_midway_gives_all_frames_in_their_sizes(tmp_path: Path) -> None:
    path = tmp_path / "clip.ts"
    with path.open("wb") as joined:
        for width, height in ((WIDTH, HEIGHT), (320, 240)):
            part = write_video(tmp_path / f"{width}.ts", 20, size=(width, height))
            joined.write(part.read_bytes())
    frames = read_all(FileSource(grabber(path)))
    assert [frame.image.shape[1::-1] for frame in frames] == [(160, 120)] * 20 + [(320, 240)] * 20
    times = [frame.media_time for frame in frames]
    assert times == sorted(set(times))


@BOTH
@pytest.mark.parametrize(("degrees", "upright"), [(90, (120, 160)), (180, (160, 120)), (-90, (120, 160))])
def test_a_turned_recording_is_upright(
    tmp_path: Path, reader: str, degrees: int, upright: tuple[int, int]
) -> None:
    path = write_video(tmp_path / "clip.mp4", 4, prepare=lambda s: s.set_display_rotation(degrees))
    plain = read_all(FileSource(grabber(write_video(tmp_path / "plain.mp4", 4))))
    frames = read_all(FileSource(grabber(path, reader=reader)))
    assert frames[0].image.shape[1::-1] == upright
    turned = np.rot90(plain[3].image, degrees // 90)
    assert abs(frames[3].image.astype(int) - turned).mean() < 1


@BOTH
@pytest.mark.parametrize(
    ("stated", "set_to", "size"),
    [
        pytest.param(None, "auto", (160, 120), id="not stated: as it is"),
        pytest.param(Fraction(16, 11), "auto", (233, 120), id="stated: wide pixels make a wider picture"),
        pytest.param(Fraction(8, 9), "auto", (160, 135), id="stated: narrow pixels make a higher one"),
        pytest.param(Fraction(100, 101), "auto", (160, 120), id="nearly square is square"),
        pytest.param(None, "2:1", (320, 120), id="set where it is not stated"),
        pytest.param(Fraction(16, 11), "1:1", (160, 120), id="what is set wins"),
    ],
)
def test_pixels_become_square(
    tmp_path: Path, reader: str, stated: Fraction | None, set_to: str, size: tuple[int, int]
) -> None:
    def prepare(stream: Any) -> None:
        if stated:
            stream.codec_context.sample_aspect_ratio = stated

    path = write_video(tmp_path / "clip.mp4", 3, prepare=prepare)
    frames = read_all(FileSource(grabber(path, reader=reader, pixel_aspect=set_to)))
    assert {frame.image.shape[1::-1] for frame in frames} == {size}


@BOTH
def test_pixels_of_a_turned_recording_become_square_before_it_is_turned(tmp_path: Path, reader: str) -> None:
    def prepare(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        stream.set_display_rotation(90)

    path = write_video(tmp_path / "clip.mp4", 3, prepare=prepare)
    frames = read_all(FileSource(grabber(path, reader=reader)))
    assert frames[0].image.shape[1::-1] == (120, 320)


@BOTH
def test_a_variable_frame_rate_keeps_its_times(tmp_path: Path, reader: str) -> None:
    times = [0, 1, 2, 10, 11, 30, 31, 60]
    path = write_video(tmp_path / "clip.mp4", len(times), times=lambda index: times[index], bf="0")
    frames = read_all(FileSource(grabber(path, reader=reader)))
    assert [frame.media_time for frame in frames] == pytest.approx([time / FPS for time in times], abs=1e-3)


@BOTH
def test_a_colon_in_a_relative_name_is_part_of_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    write_video(tmp_path / "clip.mp4", 3).rename(tmp_path / "2026-05-04T08:00:00.mp4")
    monkeypatch.chdir(tmp_path)
    assert len(read_all(FileSource(grabber("2026-05-04T08:00:00.mp4", reader=reader)))) == 3


@pytest.mark.parametrize(
    ("name", "fps", "expected"),
    [
        pytest.param("clip.mjpeg", 20, 20, id="the setting"),
        pytest.param("clip_FR10_x.mjpeg", None, 10, id="the rate in the name"),
        pytest.param("clip_FR10_x.mjpeg", 20, 20, id="the setting wins over the name"),
        pytest.param("clip-12fps.mjpeg", None, 12, id="the rate in the name, written otherwise"),
        pytest.param("clip.mjpeg", None, 25, id="a guess"),
    ],
)
def test_a_raw_recording_has_the_rate_it_is_given_and_a_guess_is_a_warning(
    tmp_path: Path, log_lines: list[str], name: str, fps: float | None, expected: float
) -> None:
    path = write_video(tmp_path / name, 30, "mjpeg", lambda stream: setattr(stream, "pix_fmt", "yuvj420p"))
    frames = read_all(FileSource(grabber(path, fps=fps)))
    assert [frame.media_time for frame in frames] == pytest.approx([n / expected for n in range(30)])
    guesses = [line for line in log_lines if "set frame_grabber.fps" in line]
    assert len(guesses) == (name == "clip.mjpeg" and fps is None)


def test_a_raw_recording_that_states_its_rate_has_it(tmp_path: Path, log_lines: list[str]) -> None:
    path = write_video(tmp_path / "clip.h264", 10, prepare=lambda s: setattr(s.codec_context, "framerate", 25))
    frames = read_all(FileSource(grabber(path)))
    assert frames[-1].media_time == pytest.approx(9 / 25)
    assert log_lines == []


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A video of 20 s with reordered frames, in containers that are sought in differently."""
    folder = tmp_path_factory.mktemp("long")
    suffixes = ("mp4", "mkv", "avi", "ts", "hevc")
    codecs = {"avi": "mpeg4", "hevc": "libx265"}
    return {
        suffix: write_video(
            folder / f"long.{suffix}",
            500,
            codecs.get(suffix, "libx264"),
            **({"x265-params": "log-level=none"} if suffix == "hevc" else {"bf": "0" if suffix == "avi" else "3"}),
        )
        for suffix in suffixes
    }


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts", "hevc"])
@pytest.mark.parametrize("target_fps", [None, 7])
def test_a_recording_goes_on_behind_any_frame_exactly(
    long_video: dict[str, Path], suffix: str, target_fps: float | None
) -> None:
    settings = grabber(long_video[suffix], target_fps=target_fps)
    whole = read_all(FileSource(settings))
    count = len(whole)
    assert count == (500 if target_fps is None else 140)
    for number in (0, 1, count // 4, count // 2, count // 2 + 1, count // 2 + 7, count - 2, count - 1):
        last = whole[number]
        rest = read_all(FileSource(settings, Place(last.index, last.media_time)))
        assert [(f.index, f.media_time) for f in rest] == [(f.index, f.media_time) for f in whole[number + 1 :]]
        assert all((a.image == b.image).all() for a, b in zip(rest, whole[number + 1 :], strict=True))


def test_going_on_late_in_a_long_recording_decodes_only_what_is_near(
    long_video: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from traffic_monitor.capture import pyav_reader

    source = FileSource(grabber(long_video["mp4"]), Place(450, 450 / FPS))
    frame = source.get(timeout=5)
    reader = source._reader
    assert isinstance(reader, pyav_reader.PyAvReader)
    source.close()
    assert frame is not None
    assert frame.index == 451
    assert reader._packets < 4 * GOP


@BOTH
def test_times_that_are_rounded_lose_no_frame_at_the_rate_of_the_recording(tmp_path: Path, reader: str) -> None:
    path = write_video(tmp_path / "clip.mkv", 60, rate=30)
    assert len(read_all(FileSource(grabber(path, reader=reader, target_fps=30)))) == 60


def test_the_library_of_a_reader_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_video(tmp_path / "clip.mp4", 30)
    capfd.readouterr()
    for start, size in packets_of(path)[10:]:
        overwrite(path, start, size, seed=start)
    source = FileSource(grabber(path))
    read_all(source)
    assert source.damaged >= 10
    assert capfd.readouterr() == ("", "")


@pytest.fixture(autouse=True)
def quiet_encoders() -> Iterator[None]:
    """What encodes the files of these tests may not print either."""
    level = av.logging.get_level()
    av.logging.set_level(None)
    yield
    av.logging.set_level(level)
