"""Whether a source is what it is said to be, and lines and zones lie inside its frames."""

import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from traffic_monitor.app.check_models import check_file
from traffic_monitor.app.check_result import Check
from traffic_monitor.capture.shown import describe_source
from traffic_monitor.settings import NETWORK_SCHEMES, Settings, SourceMode
from traffic_monitor.settings.outside import shapes_outside

SCHEME = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9+.-]+):(?P<slashes>/*)")

CREDENTIALS = re.compile(r"[^/@]*:.*@")
"""A URL whose scheme was forgotten may begin with user and password."""

SPECIAL_FILES = (
    (stat.S_ISFIFO, "is a pipe (FIFO); a video file is needed"),
    (stat.S_ISSOCK, "is a socket; a video file is needed"),
    (stat.S_ISCHR, "is a device; a video file is needed"),
    (stat.S_ISBLK, "is a disk; a video file is needed"),
)


def check_source(section: str, camera: Settings) -> Iterator[Check]:
    """The source of one camera; a file is opened as well, a camera is not.

    Args:
        section: where in the settings the camera's own sections stand, with a dot at the end.
        camera: the settings of this camera alone.
    """
    subject, source = f"{section}frame_grabber.source", camera.frame_grabber.source
    if source is None:
        yield Check(subject, False, "is not set: pass --source with a video file, a webcam index or a URL")
    elif camera.frame_grabber.is_webcam:
        yield _check_webcam(subject, source)
    elif not isinstance(source, str):
        yield Check(subject, False, "should be a video file, a webcam or a URL")
    elif camera.frame_grabber.is_network:
        yield _check_url(subject, source)
    else:
        check = _check_path(subject, source)
        if not check.ok:
            yield check
        else:
            grabber = camera.frame_grabber.model_copy(update={"mode": SourceMode.FILE})
            yield from check_first_frame(subject, section, camera.model_copy(update={"frame_grabber": grabber}))


def check_first_frame(subject: str, section: str, camera: Settings) -> Iterator[Check]:
    """Read the first frame, and see whether lines, masks and so on lie in frames of its size."""
    from traffic_monitor.app.frames import first_frame_of
    from traffic_monitor.capture.opencv_reader import webcam_mode
    from traffic_monitor.shared_utils.errors import ServiceError

    try:
        frame = first_frame_of(camera)
    except ServiceError as error:
        yield Check(subject, False, str(error).removeprefix("frame_grabber.source: "))
        return
    width, height = frame["frame_width"], frame["frame_height"]
    size = f"{width} x {height} pixels"
    if camera.frame_grabber.is_webcam:
        size = f"{size}; the webcam gives {webcam_mode(camera.frame_grabber)}"
    yield Check(subject, True, f"{describe_source(camera.frame_grabber.source)}, {size}")
    for key, problem in shapes_outside(camera, width, height):
        yield Check(f"{section}{key}", False, problem)


def _check_webcam(subject: str, source: int | str) -> Check:
    device = Path(f"/dev/video{source}" if isinstance(source, int) else source)
    if sys.platform.startswith("linux") and not device.exists():
        found = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*")))
        return Check(subject, False, f"there is no webcam {source}; this machine has: {found or 'none'}")
    return Check(subject, True, f"webcam {source}")


def _check_url(subject: str, source: str) -> Check:
    shown = describe_source(source)
    address = source.partition("://")[2].rpartition("@")[2]  # A password may hold anything.
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return Check(subject, False, f"{shown}: host or port is not valid; a port is between 1 and 65535")
    if not host or port == 0:
        return Check(subject, False, f"{shown} names no host, or no port that there is")
    return Check(subject, True, f"{shown}, a network camera")


def _check_path(subject: str, source: str) -> Check:
    path = Path(source)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return Check(subject, False, _missing(source))
    except OSError as error:
        return Check(subject, False, f"{CREDENTIALS.sub('***@', source)} cannot be opened: {error.strerror}")
    for is_it, told in SPECIAL_FILES:
        if is_it(mode):
            return Check(subject, False, f"{source} {told}")
    return check_file(subject, path)


def _missing(source: str) -> str:
    """Why there is no such file: it may be a URL of a kind that is not known, or a mistyped one."""
    scheme = SCHEME.match(source)
    if scheme and scheme["slashes"] == "//":
        return f"{scheme['name']}:// is no kind of URL that can be watched; known: {', '.join(NETWORK_SCHEMES)}, file://"
    if scheme and f"{scheme['name'].lower()}://" in NETWORK_SCHEMES:
        return f"a URL is written {scheme['name']}://, with two slashes"
    return f"{CREDENTIALS.sub('***@', source)} does not exist"
