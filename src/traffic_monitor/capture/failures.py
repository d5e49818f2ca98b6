"""Why a camera sends no frames: errors of the readers sorted into a few codes, each with a sentence for people.

The raw error is looked at, because it holds the reason; what comes out names the source only as it may be shown.
"""

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

import av

from traffic_monitor.settings import FrameGrabberSettings
from traffic_monitor.shared_utils.redaction import has_ambiguous_credentials, hide_urls

KNOCK_TIMEOUT_S = 1.5
"""A request for a connection that is lost is sent again after 1 s, then after 2 and 4 s more: while one connection
is waited for, a camera's return goes unnoticed for as long."""

PROBE_TIMEOUT_S = 2.0
"""For the connection that only finds out why a reader failed."""

DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "rtmp": 1935, "http": 80, "https": 443}
TLS_SCHEMES = ("rtsps", "https")

ENCODE_HINT = (
    " If user or password hold / ? # or @, write these as %2F %3F %23 %40: as it stands the address is ambiguous."
)


class FailureCode(StrEnum):
    """The kinds of failure that users can do something different about."""

    REFUSED_CREDENTIALS = "refused_credentials"
    CONNECTION_REFUSED = "connection_refused"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    UNKNOWN_HOST = "unknown_host"
    INVALID_ADDRESS = "invalid_address"
    NO_SUCH_STREAM = "no_such_stream"
    SERVER_ERROR = "server_error"
    TLS = "tls"
    CODEC = "codec"
    NOT_A_VIDEO = "not_a_video"
    CONNECTION_LOST = "connection_lost"
    NO_WEBCAM = "no_webcam"
    OTHER = "other"


SENTENCES = {
    FailureCode.REFUSED_CREDENTIALS: "it refuses user or password; correct them in frame_grabber.source",
    FailureCode.CONNECTION_REFUSED: "nothing listens there; is the camera on, and is the port right?",
    FailureCode.TIMED_OUT: "it does not answer in time; is the camera overloaded, or the network broken?",
    FailureCode.UNREACHABLE: "the network has no way to it; check cable, router and address",
    FailureCode.UNKNOWN_HOST: "its host name cannot be looked up; check the name, the network and its DNS server",
    FailureCode.INVALID_ADDRESS: "the address is not valid; it needs a host, and a port is between 1 and 65535",
    FailureCode.NO_SUCH_STREAM: "it has no stream of this path; look the path up in the camera's manual",
    FailureCode.SERVER_ERROR: "it reports an error of its own; restart the camera if this lasts",
    FailureCode.TLS: "no encrypted connection can be made (TLS); does this port speak it? Else use rtsp:// or http://",
    FailureCode.CODEC: "its video cannot be decoded; choose H.264, H.265 or MJPEG in the camera's settings",
    FailureCode.NOT_A_VIDEO: "what it sends is not a video; check port and path of the address",
    FailureCode.CONNECTION_LOST: "it closed the connection",
    FailureCode.NO_WEBCAM: "there is no such webcam, or another program uses it; check the cable",
    FailureCode.OTHER: "it cannot be read",
}

BY_AV_ERROR: tuple[tuple[type[Exception], FailureCode], ...] = (
    (av.error.HTTPUnauthorizedError, FailureCode.REFUSED_CREDENTIALS),
    (av.error.HTTPForbiddenError, FailureCode.REFUSED_CREDENTIALS),
    (av.error.HTTPNotFoundError, FailureCode.NO_SUCH_STREAM),
    (av.error.HTTPTooManyRequestsError, FailureCode.SERVER_ERROR),
    (av.error.HTTPClientError, FailureCode.NO_SUCH_STREAM),
    (av.error.HTTPServerError, FailureCode.SERVER_ERROR),
    (av.error.ExitError, FailureCode.TIMED_OUT),  # "Immediate exit requested": by the time-out of av.open
    (av.error.DecoderNotFoundError, FailureCode.CODEC),
    (av.error.PatchWelcomeError, FailureCode.CODEC),
    (av.error.EOFError, FailureCode.CONNECTION_LOST),
    (av.error.InvalidDataError, FailureCode.NOT_A_VIDEO),
)

BY_ERRNO = {
    errno.ECONNREFUSED: FailureCode.CONNECTION_REFUSED,
    errno.ETIMEDOUT: FailureCode.TIMED_OUT,
    errno.EHOSTUNREACH: FailureCode.UNREACHABLE,
    errno.ENETUNREACH: FailureCode.UNREACHABLE,
    errno.ENETDOWN: FailureCode.UNREACHABLE,
    errno.EHOSTDOWN: FailureCode.UNREACHABLE,
    errno.ECONNRESET: FailureCode.CONNECTION_LOST,
    errno.ECONNABORTED: FailureCode.CONNECTION_LOST,
    errno.EPIPE: FailureCode.CONNECTION_LOST,
}


@dataclass(frozen=True)
class SourceFailure:
    """Why a source gives no frames."""

    code: FailureCode
    sentence: str
    """For people: what is wrong and what to do. Holds no secret."""


def failure_of(code: FailureCode, settings: FrameGrabberSettings) -> SourceFailure:
    """A failure that is known by its code. A webcam has no connection to lose: it is there or not."""
    if settings.is_webcam and code is FailureCode.CONNECTION_LOST:
        code = FailureCode.NO_WEBCAM
    sentence = SENTENCES[code]
    if code is FailureCode.REFUSED_CREDENTIALS and settings.is_network and "@" not in str(settings.source):
        sentence = "it asks for user and password; write them as scheme://user:password@host/path"
    if settings.is_network and has_ambiguous_credentials(str(settings.source)):
        sentence += ENCODE_HINT
    return SourceFailure(code, sentence)


def classify(error: BaseException, settings: FrameGrabberSettings, took_s: float) -> SourceFailure:
    """Sort the error of a reader, or of what caused it.

    Args:
        error: raised when the source was opened or read.
        settings: which source.
        took_s: seconds that opening or reading took; FFmpeg reports some time-outs as broken data.
    """
    if settings.is_webcam:
        return failure_of(FailureCode.NO_WEBCAM, settings)
    if not settings.is_network:
        return SourceFailure(FailureCode.OTHER, hide_urls(str(error)))
    url = str(settings.source)
    address = _address(url)
    if address is None:
        return failure_of(FailureCode.INVALID_ADDRESS, settings)
    code = _code_of(error)
    if code in (FailureCode.OTHER, FailureCode.NOT_A_VIDEO) and took_s >= settings.open_timeout_s:
        code = FailureCode.TIMED_OUT
    if code is FailureCode.OTHER and not _is_of_av(error):
        code = _code_of_opening(settings)
    if code is FailureCode.OTHER:
        code = _probe(address)
    return failure_of(code, settings)


def _code_of(error: BaseException) -> FailureCode:
    """By the library's own error; ``OTHER`` where it names no reason, as OpenCV never does."""
    for cause in _causes(error):
        for kind, code in BY_AV_ERROR:
            if isinstance(cause, kind):
                return code
        if isinstance(cause, OSError) and cause.errno in BY_ERRNO:
            return BY_ERRNO[cause.errno]
        if isinstance(cause, TimeoutError):
            return FailureCode.TIMED_OUT
    return FailureCode.OTHER


def _is_of_av(error: BaseException) -> bool:
    return any(isinstance(cause, av.error.FFmpegError) for cause in _causes(error))


def _code_of_opening(settings: FrameGrabberSettings) -> FailureCode:
    """Open the source with PyAV, only to learn why another reader, which names no reason, could not open it."""
    try:
        av.open(str(settings.source), timeout=(settings.open_timeout_s, settings.read_timeout_s)).close()
    except (av.error.FFmpegError, OSError, ValueError) as error:
        return _code_of(error)
    return FailureCode.CODEC  # One of the two can open it.


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it, as ``raise … from`` states it."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _address(url: str) -> SplitResult | None:
    """Scheme, host and port as FFmpeg reads them; None where it cannot."""
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:  # no number, or above 65535
        return None


def why_unreachable(settings: FrameGrabberSettings) -> SourceFailure | None:
    """Try a bare connection to a network source, which tells sooner than opening it whether anybody is there.

    Returns:
        why there is none; None where there is one, or where only opening the source can show it.
    """
    address = _address(str(settings.source)) if settings.is_network else None
    if address is None or address.scheme.lower() == "udp" or _goes_through_proxy(address):
        return None
    try:
        _connect(address, KNOCK_TIMEOUT_S).close()
    except (OSError, UnicodeError) as error:
        return failure_of(_code_of_connecting(error), settings)
    return None


def _goes_through_proxy(address: SplitResult) -> bool:
    """Whether FFmpeg asks a proxy for it: then a direct connection says nothing."""
    return address.scheme.lower() in ("http", "https") and "http_proxy" in os.environ


def _connect(address: SplitResult, timeout_s: float) -> socket.socket:
    port = address.port or DEFAULT_PORTS.get(address.scheme.lower(), 80)
    return socket.create_connection((address.hostname or "", port), timeout_s)


def _code_of_connecting(error: OSError | UnicodeError) -> FailureCode:
    if isinstance(error, UnicodeError):  # a host name that cannot be written in a DNS request
        return FailureCode.INVALID_ADDRESS
    if isinstance(error, socket.gaierror):
        return FailureCode.UNKNOWN_HOST
    if isinstance(error, TimeoutError):
        return FailureCode.TIMED_OUT
    return BY_ERRNO.get(error.errno or 0, FailureCode.UNREACHABLE)


def _probe(address: SplitResult) -> FailureCode:
    """Why no video comes from an address, as far as a bare connection shows. It sends no user and no password."""
    scheme = address.scheme.lower()
    if scheme == "udp":
        return FailureCode.TIMED_OUT
    try:
        with _connect(address, PROBE_TIMEOUT_S) as connection:
            return (
                FailureCode.NOT_A_VIDEO
                if scheme not in TLS_SCHEMES or _speaks_tls(connection)
                else FailureCode.TLS
            )
    except (OSError, UnicodeError) as error:
        return _code_of_connecting(error)


def _speaks_tls(connection: socket.socket) -> bool:
    """Whether the other side encrypts; certificates are not looked at, as FFmpeg does not either."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        context.wrap_socket(connection).close()
    except OSError:  # ssl.SSLError is one
        return False
    return True
