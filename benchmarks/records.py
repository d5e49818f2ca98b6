"""How fast a large run is recorded, searched, exported and reported, and whether its report is usable.

    python benchmarks/records.py [--passages 100000]

Makes passages of a day on a road of two directions, with plates and 20 points each, records them as a run does,
and times the commands' own functions in this process. The report is opened in headless Chromium if there is one.
"""

import argparse
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from traffic_monitor.records.database import DATABASE_FILE, open_database
from traffic_monitor.records.exports import ExportFormat, export_run
from traffic_monitor.records.passages import RunRecords
from traffic_monitor.records.recorder import Recorder
from traffic_monitor.records.search import Query, search
from traffic_monitor.report.page import write_report
from traffic_monitor.settings import Settings
from traffic_monitor.shared_utils.custom_types import (
    CountUpdateMessage,
    Crossing,
    FrameMoment,
    OcrResultMessage,
    TrackedMessage,
    VehicleJourney,
)

DAY_S, FPS, IN_SIGHT_S = 86_400.0, 25, 6.0
MIDNIGHT = 1_780_000_000.0
CLASSES = ("car", "car", "car", "car", "truck", "bus", "motorcycle")
BATCH = 500
SEARCHES = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=100_000)
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), parser.parse_args().passages)


def measure(folder: Path, passages: int) -> None:
    """Print one line for each thing that is timed."""
    dice = random.Random(1)
    timed(f"record {passages} passages", lambda: record(folder, passages, dice))
    print(f"{'size of the database':40} {(folder / DATABASE_FILE).stat().st_size / 1e6:8.1f} MB")
    with closing(open_database(folder)) as database:
        plates = [row[0] for row in database.execute("SELECT plate FROM passages WHERE plate IS NOT NULL")]
        wanted = [misread(dice.choice(plates), dice) for _ in range(SEARCHES)]
        search(database, Query(plate=wanted[0], is_fuzzy=True))
        times = [seconds(lambda: search(database, Query(plate=text, is_fuzzy=True))) for text in wanted]  # noqa: B023
    print(f"{'fuzzy search, slowest of 20':40} {max(times):8.3f} s")
    for kind in ExportFormat:
        timed(f"export to {kind}", lambda: export(folder, kind))  # noqa: B023
    timed("report", lambda: write_report(folder))
    report = folder / "report.html"
    print(f"{'size of the report':40} {report.stat().st_size / 1e6:8.1f} MB")
    if shutil.which("chromium") and shutil.which("chromedriver"):
        measure_in_browser(report)


def export(folder: Path, kind: ExportFormat) -> None:
    """As the command does."""
    export_run(RunRecords.load(folder, trajectories=kind is ExportFormat.JSONL), kind, folder)


def record(folder: Path, passages: int, dice: random.Random) -> None:
    """Let the recorder take everything that a run would tell it."""
    line = {"name": "main", "points": [[0.0, 0.6], [1.0, 0.6]]}
    config = Settings.model_validate(
        {"frame_grabber": {"start_time": "2026-05-28T00:00"}, "vehicle_counter": {"lines": [line]}}
    )
    recorder = Recorder(folder, config, "generated")
    recorder.take(frame_at(0.0))
    for number in range(1, passages + 1):
        media = number * DAY_S / passages
        journey = journey_at(number, media, dice)
        recorder.take(CountUpdateMessage(
            camera_id="cam1", timestamp=MIDNIGHT + media, counts_by_class={}, total_count=number,
            journeys=[journey],
        ))  # fmt: skip
        if dice.random() < 0.8:
            recorder.take(reading_at(number, media, journey["class_name"], dice))
        if number % BATCH == 0:
            recorder.take(frame_at(media))
            recorder.write()
    recorder.close()


def frame_at(media: float) -> TrackedMessage:
    return TrackedMessage(
        frame_id="", camera_id="cam1", timestamp=MIDNIGHT + media, frame_index=int(media * FPS), media_time=media,
        frame_data_jpeg="", frame_width=1280, frame_height=720, tracked_objects=[],
    )  # fmt: skip


def journey_at(number: int, media: float, dice: random.Random) -> VehicleJourney:
    """A vehicle that comes down the right lane or goes up the left one."""
    moments = [moment_at(media + share * IN_SIGHT_S) for share in (0.0, 0.5, 1.0)]
    down, name = dice.random() < 0.5, dice.choice(CLASSES)
    way = range(20) if down else range(19, -1, -1)
    lane = (700 if down else 500) + dice.gauss(0, 15)
    trajectory = [
        (round(media + step * IN_SIGHT_S / 19, 2), round(lane + (y - 10) * (9 if down else -9)), 60 + 34 * y)
        for step, y in enumerate(way)
    ]
    return VehicleJourney(
        vehicle_id=number, track_ids=[number], class_name=name, class_share=0.97, first_seen=moments[0],
        last_seen=moments[2], entry_edge="top" if down else "bottom", exit_edge="bottom" if down else "top",
        crossings=[Crossing(
            **moments[1], line="main", direction="in" if down else "out", track_id=number, class_name=name,
        )],
        zones=[], trajectory=trajectory,
    )  # fmt: skip


def moment_at(media: float) -> FrameMoment:
    return FrameMoment(timestamp=MIDNIGHT + media, frame_index=int(media * FPS), media_time=media)


def reading_at(number: int, media: float, class_name: str, dice: random.Random) -> OcrResultMessage:
    letters, digits = "ABCDEFGHJKLMNPRSTUVWXYZ", "0123456789"
    text = "".join(dice.choice(letters if kind == "A" else digits) for kind in "99A99999")
    return OcrResultMessage(
        **moment_at(media), frame_id="", camera_id="cam1", vehicle_track_id=number, license_plate_text=text,
        ocr_confidence=0.9, vehicle_class_name=class_name, consensus_text=text, consensus_confidence=0.95,
        readings=3, unread_reason=None, plate_fit=0.8,
    )  # fmt: skip


def misread(plate: str, dice: random.Random) -> str:
    """The plate with one wrong character."""
    place = dice.randrange(len(plate))
    return plate[:place] + dice.choice("ABCXYZ0123456789") + plate[place + 1 :]


def measure_in_browser(report: Path) -> None:
    """Time what a reader waits for."""
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService
    from selenium.webdriver.common.by import By

    options = ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,1600"):
        options.add_argument(argument)
    browser = Chrome(options, ChromeService(shutil.which("chromedriver")))
    try:
        timed("browser: open", lambda: browser.get(report.as_uri()))
        timed("browser: filter by one letter", lambda: browser.find_element(By.ID, "filter").send_keys("k"))
        button = browser.find_element(By.CSS_SELECTOR, "#table th:nth-child(9) button")
        timed("browser: sort by plate", button.click)
        timed("browser: next page", browser.find_element(By.ID, "after").click)
        timed("browser: heat map", browser.find_element(By.ID, "show-heat").click)
    finally:
        browser.quit()


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def timed(what: str, work: Callable[[], object]) -> None:
    print(f"{what:40} {seconds(work):8.2f} s", flush=True)


if __name__ == "__main__":
    main()
