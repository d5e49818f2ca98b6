"""URLs inside other text are shown without secrets; the rest of the text stays."""

import pytest

from traffic_monitor.shared_utils import redaction
from traffic_monitor.shared_utils.redaction import has_ambiguous_credentials, hide_urls, remember_url


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("no address in it", "no address in it", id="none"),
        pytest.param("rtsp://u:s@cam/1 is back", "rtsp://***@cam/1 is back", id="at the start"),
        pytest.param("opening 'http://cam/?pwd=s' failed", "opening 'http://cam/?pwd=***' failed", id="quoted"),
        pytest.param("http://cam:80/live: refused", "http://cam:80/live: refused", id="before a colon"),
        pytest.param("see rtsp://u:s@a/1, rtsp://u:s@b/1.", "see rtsp://***@a/1, rtsp://***@b/1.", id="two"),
        pytest.param("rtsp://***@cam/1 is back", "rtsp://***@cam/1 is back", id="hidden before"),
    ],
)
def test_urls_in_text(text: str, shown: str) -> None:
    assert hide_urls(text) == shown


def test_a_remembered_url_is_hidden_whatever_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", set())
    url = "rtsp://admin:two words' @cam/1"
    remember_url(url)
    assert hide_urls(f"{url} cannot be opened") == "rtsp://***@cam/1 cannot be opened"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("rtsp://u:a/b@cam/1", True),
        ("rtsp://u:a@b@cam/1", True),
        ("rtsp://u:a#b@cam/1", True),
        ("rtsp://u:a%2Fb@cam/1", False),
        ("rtsp://cam/1", False),
        ("clip.mp4", False),
    ],
)
def test_a_password_that_has_to_be_encoded_is_noticed(url: str, expected: bool) -> None:
    assert has_ambiguous_credentials(url) is expected
