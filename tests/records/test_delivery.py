"""How changes reach a listener that fails now and then."""

from pathlib import Path

import pytest

from traffic_monitor.records import delivery as module
from traffic_monitor.records.book import Changes, ReadingRecord
from traffic_monitor.records.delivery import FIRST_PAUSE_S, LONGEST_PAUSE_S, Delivery
from traffic_monitor.records.passages import Passage


def passage(number: int, plate: str | None = None) -> Passage:
    unknown = dict.fromkeys(("first_frame", "last_frame", "entry_edge", "exit_edge", "speed", "speed_unit"))
    unknown |= dict.fromkeys(
        ("plate_confidence", "plate_readings", "unread_reason", "plate_picture", "vehicle_picture")
    )
    times = dict.fromkeys(("first_time", "last_time", "first_media", "last_media"), 0.0)
    return Passage(passage_id=number, class_name="car", class_certainty=1.0, plate=plate, **times, **unknown)  # type: ignore[arg-type]


def news(*numbers: int, plate: str | None = None) -> Changes:
    return Changes({number: passage(number, plate) for number in numbers})


class Listener:
    name = "listener"

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.tries = 0
        self.taken: list[Changes] = []

    def take(self, changes: Changes, now: float) -> None:
        self.tries += 1
        if self.error is not None:
            raise self.error
        self.taken.append(changes)

    def close(self) -> None:
        return


def test_what_waited_comes_as_it_is_by_then() -> None:
    listener, now = Listener(), [0.0]
    delivery = Delivery(listener, lambda: now[0])
    listener.error = OSError("disk full")
    reading = ReadingRecord(1, 0.0, 0.0, None, "KLM7", 0.9)
    for changes in (news(1, 2), Changes(removed={2}, readings=[reading]), news(1, plate="KLM7"), news(3)):
        delivery.deliver(changes, 0.0)
    assert delivery.missing == 2
    listener.error = None
    now[0] += FIRST_PAUSE_S
    delivery.deliver(Changes(), 0.0)
    (taken,) = listener.taken
    assert {number: each.plate for number, each in taken.passages.items()} == {1: "KLM7", 3: None}
    assert (taken.removed, taken.readings, delivery.missing) == ({2}, [reading], 0)


def test_a_passage_that_was_removed_and_came_back_is_there() -> None:
    changes = Changes()
    for newer in (news(1), Changes(removed={1}), news(1, plate="KLM7")):
        changes.add(newer)
    assert (list(changes.passages), changes.removed) == ([1], set())


def test_the_pause_grows_up_to_a_bound_and_begins_anew_after_a_success() -> None:
    listener, now = Listener(), [0.0]
    delivery = Delivery(listener, lambda: now[0])

    def pause() -> float:
        """Until the next try."""
        start, tries = now[0], listener.tries
        while listener.tries == tries:
            now[0] += 0.25
            delivery.deliver(Changes(), 0.0)
        return now[0] - start

    listener.error = OSError("disk full")
    delivery.deliver(news(1), 0.0)
    assert [pause() for _ in range(6)] == [0.5, 1.0, 2.0, 4.0, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    listener.error = None
    assert pause() == LONGEST_PAUSE_S
    listener.error = OSError("disk full")
    assert [pause(), pause()] == [0.25, FIRST_PAUSE_S]


def test_what_waits_is_bounded_and_what_is_given_up_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 5)
    listener = Listener()
    delivery = Delivery(listener)
    listener.error = OSError("disk full")
    for number in range(1, 21):
        changes = news(number)
        changes.readings = [ReadingRecord(number, 0.0, 0.0, None, "", 0.0)] * 10
        delivery.deliver(changes, 0.0)
    assert delivery.missing == 20
    listener.error = None
    delivery.deliver(Changes(), 0.0, at_once=True)
    assert list(listener.taken[0].passages) == [16, 17, 18, 19, 20]
    assert len(listener.taken[0].readings) == 50
    assert delivery.missing == 15


def test_an_end_without_a_failure_waits_for_nothing(tmp_path: Path) -> None:
    listener = Listener()
    delivery = Delivery(listener, lambda: 0.0)
    delivery.deliver(news(1), 0.0)
    delivery.close(lambda: 0.0, 60.0)
    assert delivery.missing == 0


def test_a_listener_that_fails_for_days_is_still_tried() -> None:
    listener, now = Listener(), [0.0]
    delivery = Delivery(listener, lambda: now[0])
    listener.error = OSError("disk full")
    for _ in range(2000):
        delivery.deliver(news(1), 0.0)
        now[0] += LONGEST_PAUSE_S
    assert listener.tries == 2000


def test_what_can_never_be_written_does_not_hold_up_what_comes_after_it(log_lines: list[str]) -> None:
    listener = Listener()
    delivery = Delivery(listener, lambda: 0.0)
    listener.error = OverflowError("Python int too large to convert to SQLite INTEGER")
    delivery.deliver(news(1), 0.0)
    listener.error = None
    delivery.deliver(news(2), 0.0)
    assert [list(changes.passages) for changes in listener.taken] == [[2]]
    assert delivery.missing == 1
    assert any("1 passages are lost" in line and "too large" in line for line in log_lines)
