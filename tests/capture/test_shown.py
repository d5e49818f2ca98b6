"""What of a source may be shown: never a password, wherever the URL holds it."""

import pytest

from traffic_monitor.capture.shown import describe_source


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        pytest.param("rtsp://user:secret@10.0.0.9:554/live", "rtsp://***@10.0.0.9:554/live", id="credentials"),
        pytest.param("rtsp://user:s@cret@10.0.0.9/live", "rtsp://***@10.0.0.9/live", id="a password with an @"),
        pytest.param("rtsp://u:se/cret@host/live", "rtsp://***@host/live", id="a password with a slash"),
        pytest.param("rtsp://u:secr?et@host/live", "rtsp://***@host/live", id="a password with a question mark"),
        pytest.param("rtsp://u:secr#et@host/live", "rtsp://***@host/live", id="a password with a hash"),
        pytest.param("http://user@host/v", "http://***@host/v", id="a user alone"),
        pytest.param(
            "http://cam/video.cgi?user=admin&pwd=secret",
            "http://cam/video.cgi?user=***&pwd=***",
            id="in the query",
        ),
        pytest.param("http://cam/video.cgi?pwd=sec/ret", "http://cam/video.cgi?pwd=***", id="slash in a value"),
        pytest.param("http://cam/snapshot?admin:secret", "http://cam/snapshot?***", id="a query without names"),
        pytest.param(
            "rtsp://10.0.0.9:554/user=admin&password=secret&channel=1",
            "rtsp://10.0.0.9:554/user=***&password=***&channel=***",
            id="in the path",
        ),
        pytest.param(
            "rtsp://10.0.0.9/user=admin;password=secret.sdp?real_stream",
            "rtsp://10.0.0.9/user=***;password=***?***",
            id="in the path with semicolons",
        ),
        pytest.param("http://host/admin:secret/live", "http://host/***/live", id="a path segment of its own"),
        pytest.param("http://host/live#secret", "http://host/live#***", id="in the fragment"),
        pytest.param("rtsp://user:secret@[bad/1", "rtsp://***@[bad/1", id="in a malformed URL"),
        pytest.param("RTSP://user:secret@host/1", "RTSP://***@host/1", id="scheme in capitals"),
        pytest.param("rtsp://host:8554/live", "rtsp://host:8554/live", id="nothing to hide"),
        pytest.param("clips/a@b=c.mp4", "clips/a@b=c.mp4", id="a file is shown as it is"),
        pytest.param("file:///clips/a@b=c.mp4", "file:///clips/a@b=c.mp4", id="a file's URL too"),
        pytest.param(0, "0", id="a webcam is its number"),
        pytest.param(None, "None", id="no source"),
    ],
)
def test_how_a_source_is_shown(source: int | str | None, shown: str) -> None:
    assert describe_source(source) == shown
