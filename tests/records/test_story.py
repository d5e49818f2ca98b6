"""One vehicle's story."""

from contextlib import closing
from pathlib import Path

from tests.builders import make_image
from tests.records.road import RecordedRoad
from traffic_monitor.records.database import open_database
from traffic_monitor.records.story import Story, story_of
from traffic_monitor.shared_utils.frame_codec import encode_frame


def tell(folder: Path, track_id: int) -> Story | None:
    with closing(open_database(folder)) as database:
        return story_of(database, folder, track_id)


def test_a_story_tells_everything_in_order_with_frame_and_time(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    for y in (40, 46):
        road.see((7, [85, y - 30, 115, y]))
    road.read(7, "KLM7", vehicle_picture_jpeg=encode_frame(make_image(), 90))
    road.drive_down(7)
    road.end()
    story = tell(tmp_path, 7)
    assert story is not None
    told = [sentence.split(": ", 1)[-1] for sentence in story.sentences]
    assert told == [
        "car (100% sure), tracks 7",
        "first seen coming from the top",
        "read KLM7 (0.90)",
        "crossed main: in (track 7)",
        "last seen going to the bottom",
        "plate KLM7 (0.90, 3 readings)",
    ]
    assert [" frame 2:" in sentence for sentence in story.sentences] == [False, False, True, False, False, False]
    assert story.pictures == [tmp_path / "vehicles" / "7.jpg"]


def test_a_track_that_did_nothing_has_no_story(tmp_path: Path) -> None:
    road = RecordedRoad(tmp_path)
    road.see((7, [85, 10, 115, 40]))
    road.end()
    assert tell(tmp_path, 7) is None
