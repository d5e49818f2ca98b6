"""Failures of cameras, from servers on loopback that fail in every way, sorted by both readers."""

import socket
from collections.abc import Callable

import av
import pytest

from tests.servers import TcpCamera, free_port, garbage, http_answer, rtsp_answer, silence
from traffic_monitor.capture.failures import ENCODE_HINT, SENTENCES, FailureCode, classify, why_unreachable
from traffic_monitor.capture.readers import open_reader
from traffic_monitor.settings import FrameGrabberSettings
from traffic_monitor.shared_utils.errors import ServiceError

SECRET = "geh3im"
ASKS = 'WWW-Authenticate: Basic realm="camera"'
PAGE = http_answer("200 OK", b"<html>hello</html>" * 100)


def settings(url: str | int) -> FrameGrabberSettings:
    return FrameGrabberSettings(source=url, open_timeout_s=1.5)


def failure_of_opening(url: str) -> FailureCode:
    """What PyAV's error of opening a URL is sorted into, as a reader would raise it."""
    try:
        av.open(url, timeout=(1.5, 1.5)).close()
    except (av.error.FFmpegError, OSError) as error:
        failure = ServiceError("cannot be opened")
        failure.__cause__ = error
        found = classify(failure, settings(url), 1.5 if isinstance(error, av.error.ExitError) else 0.1)
        assert SECRET not in found.sentence
        return found.code
    raise AssertionError("it opened")


@pytest.mark.parametrize(
    ("scheme", "handler", "expected"),
    [
        pytest.param(
            "rtsp", rtsp_answer("401 Unauthorized", ASKS), FailureCode.REFUSED_CREDENTIALS, id="RTSP 401"
        ),
        pytest.param(
            "http", http_answer("401 Unauthorized", header=ASKS), FailureCode.REFUSED_CREDENTIALS, id="401"
        ),
        pytest.param("http", http_answer("403 Forbidden"), FailureCode.REFUSED_CREDENTIALS, id="403"),
        pytest.param("http", http_answer("404 Not Found"), FailureCode.NO_SUCH_STREAM, id="404"),
        pytest.param("rtsp", rtsp_answer("404 Not Found"), FailureCode.NO_SUCH_STREAM, id="RTSP 404"),
        pytest.param("http", http_answer("503 Busy"), FailureCode.SERVER_ERROR, id="503"),
        pytest.param("http", PAGE, FailureCode.NOT_A_VIDEO, id="a web page"),
        pytest.param("rtsp", garbage, FailureCode.NOT_A_VIDEO, id="RTSP garbage"),
        pytest.param("http", garbage, FailureCode.NOT_A_VIDEO, id="HTTP garbage"),
        pytest.param("https", PAGE, FailureCode.TLS, id="no TLS"),
        pytest.param("rtsps", rtsp_answer("200 OK"), FailureCode.TLS, id="RTSP without TLS"),
        pytest.param("http", silence, FailureCode.TIMED_OUT, id="silence"),
    ],
)
def test_what_a_server_answers_is_told_apart(
    scheme: str, handler: Callable[..., None], expected: FailureCode
) -> None:
    with TcpCamera(handler) as camera:
        assert failure_of_opening(camera.url(scheme, user=f"admin:{SECRET}")) is expected


def test_silence_that_ffmpeg_takes_for_broken_data_is_a_time_out() -> None:
    broken = ServiceError("cannot be opened")
    broken.__cause__ = av.error.InvalidDataError(1, "Invalid data found when processing input")
    with TcpCamera(silence) as camera:
        url = settings(camera.url("rtsp"))
        assert classify(broken, url, took_s=1.6).code is FailureCode.TIMED_OUT
        assert classify(broken, url, took_s=0.2).code is FailureCode.NOT_A_VIDEO


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param(f"rtsp://127.0.0.1:{free_port()}/1", FailureCode.CONNECTION_REFUSED, id="nobody listens"),
        pytest.param("rtsp://no-such-host.invalid/1", FailureCode.UNKNOWN_HOST, id="no such host"),
        pytest.param("rtsp://127.0.0.1:99999/1", FailureCode.INVALID_ADDRESS, id="no such port"),
        pytest.param("rtsp://127.0.0.1:port/1", FailureCode.INVALID_ADDRESS, id="a port of letters"),
        pytest.param("rtsp:///1", FailureCode.INVALID_ADDRESS, id="no host"),
    ],
)
def test_addresses_without_a_server_are_told_apart(url: str, expected: FailureCode) -> None:
    assert failure_of_opening(url) is expected


def test_a_reader_that_names_no_reason_is_looked_behind() -> None:
    nameless = ServiceError("cannot be opened")
    assert classify(nameless, settings(f"rtsp://127.0.0.1:{free_port()}/1"), 0.1).code is (
        FailureCode.CONNECTION_REFUSED
    )
    with TcpCamera(garbage) as camera:
        assert classify(nameless, settings(camera.url("http")), 0.1).code is FailureCode.NOT_A_VIDEO
    with TcpCamera(http_answer("401 Unauthorized", header=ASKS)) as camera:
        found = classify(nameless, settings(camera.url("http", user=f"admin:{SECRET}")), 0.1)
        assert found.code is FailureCode.REFUSED_CREDENTIALS
    assert classify(nameless, settings(3), 0.1).code is FailureCode.NO_WEBCAM


def test_a_bare_connection_tells_soon_whether_anybody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("http_proxy", raising=False)
    with TcpCamera(silence) as camera:
        assert why_unreachable(settings(camera.url("http"))) is None
    nobody = settings(f"http://127.0.0.1:{free_port()}/1")
    refused, unknown = why_unreachable(nobody), why_unreachable(settings("rtsp://no-such-host.invalid/1"))
    assert refused is not None
    assert refused.code is FailureCode.CONNECTION_REFUSED
    assert unknown is not None
    assert unknown.code is FailureCode.UNKNOWN_HOST
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert why_unreachable(nobody) is None


def test_a_camera_that_is_too_busy_to_accept_a_connection_does_not_answer_in_time() -> None:
    waiting: list[socket.socket] = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        url = settings(f"rtsp://127.0.0.1:{server.getsockname()[1]}/1")
        for _ in range(3):  # They fill its queue of connections that wait to be accepted.
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(server.getsockname())
        found = why_unreachable(url)
    for connection in waiting:
        connection.close()
    assert found is not None
    assert found.code is FailureCode.TIMED_OUT


def test_the_reader_in_use_keeps_the_reason() -> None:
    with TcpCamera(silence) as camera:
        url = settings(f"rtsp://127.0.0.1:{free_port()}/1")
        with pytest.raises(ServiceError) as refused:
            open_reader(url)
        assert classify(refused.value, url, 0.1).code is FailureCode.CONNECTION_REFUSED
        url = settings(camera.url("http"))
        with pytest.raises(ServiceError) as silent:
            open_reader(url)
        assert classify(silent.value, url, 1.6).code is FailureCode.TIMED_OUT


def test_every_kind_of_failure_has_a_sentence() -> None:
    assert set(SENTENCES) == set(FailureCode)
    assert len(set(SENTENCES.values())) == len(FailureCode)


def refused(url: str) -> str:
    failure = ServiceError("cannot be opened")
    failure.__cause__ = av.error.HTTPUnauthorizedError(1, "401", url)
    return classify(failure, settings(url), 0.1).sentence


def test_a_camera_that_asks_for_a_password_is_told_from_one_that_refuses_it() -> None:
    assert "it asks for user and password" in refused("rtsp://camera/1")
    assert "it refuses user or password" in refused("rtsp://admin:x@camera/1")


@pytest.mark.parametrize("password", ["Sla/sh", "wh?t", "ha#sh", "a@t"])
def test_a_password_that_makes_the_address_ambiguous_gets_a_hint(password: str) -> None:
    sentence = refused(f"rtsp://admin:{password}@camera/1")
    assert sentence.endswith(ENCODE_HINT)
    assert password not in sentence
    assert not refused("rtsp://admin:Sla%2Fsh@camera/1").endswith(ENCODE_HINT)
