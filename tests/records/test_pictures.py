"""The pictures in the run's folder."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from traffic_monitor.records.pictures import MOST_WAITING, PictureFolder
from traffic_monitor.shared_utils.frame_codec import FrameCodecError, encode_frame
from traffic_monitor.shared_utils.guarded import LONGEST_PAUSE_S


def picture(grey: int) -> str:
    return encode_frame(np.full((20, 60, 3), grey, np.uint8), 92)


def brightness(path: Path) -> int:
    return round(float(cv2.imread(str(path)).mean()))


def test_the_last_picture_of_each_track_and_kind_is_written_and_takes_the_place_of_the_one_before(
    tmp_path: Path,
) -> None:
    pictures = PictureFolder(tmp_path)
    pictures.offer(7, "plates", picture(50))
    pictures.offer(7, "plates", picture(60))
    pictures.offer(7, "vehicles", picture(70))
    assert pictures.write() == [(7, "plates", "plates/7.jpg"), (7, "vehicles", "vehicles/7.jpg")]
    assert pictures.write() == []
    assert [brightness(tmp_path / kind / "7.jpg") for kind in ("plates", "vehicles")] == [60, 70]
    pictures.offer(7, "plates", picture(200))
    pictures.write()
    assert brightness(tmp_path / "plates" / "7.jpg") == 200
    assert [path.name for path in tmp_path.rglob("*.*")] == ["7.jpg", "7.jpg"]


def test_what_cannot_be_written_waits_and_the_latest_are_kept(tmp_path: Path, log_lines: list[str]) -> None:
    now = [0.0]
    pictures = PictureFolder(tmp_path / "gone", lambda: now[0])
    for track_id in range(MOST_WAITING + 20):
        pictures.offer(track_id, "plates", picture(50))
        assert pictures.write() == []
    assert len(log_lines) == 1
    (tmp_path / "gone").mkdir()
    now[0] += LONGEST_PAUSE_S
    assert [track_id for track_id, _, _ in pictures.write()] == list(range(20, MOST_WAITING + 20))


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FrameCodecError):
        PictureFolder(tmp_path).offer(7, "plates", "no base64!")
