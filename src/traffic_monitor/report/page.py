"""``report.html``: a run to look at, in one file."""

import statistics
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from plotly.offline import get_plotlyjs

from traffic_monitor.records.database import PSEUDONYMS
from traffic_monitor.records.files import replacing
from traffic_monitor.records.passages import Passage, RunRecords
from traffic_monitor.records.run_folder import SCENE_FILE
from traffic_monitor.report import charts, words
from traffic_monitor.report.pictures import data_url
from traffic_monitor.settings import VehicleCounterSettings
from traffic_monitor.shared_utils.clock import Clock, local_time

REPORT_FILE = "report.html"

MOST_IN_GALLERY = 120
"""Vehicles with pictures: each adds some 20 kB to the file."""

MOST_ROWS = 20_000
"""Vehicles in the table, the latest ones: each adds some 200 bytes to the file and to the browser's memory."""


def write_report(folder: Path) -> Path:
    """Make the report of the run in ``folder`` from its records, also of one that was killed or goes on.

    Raises:
        DatabaseError: there are no records.
        OSError: the report cannot be written.
    """
    page = render_report(RunRecords.load(folder, trajectories=True))
    path = folder / REPORT_FILE
    with replacing(path) as part:
        part.write_text(page, encoding="utf-8")
    return path


def render_report(records: RunRecords) -> str:
    """The page as HTML. Everything in it that came from a name or a plate is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("traffic_monitor", "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    facts, passages = records.facts, records.passages
    step_s = _step(records)
    flow, flow_caption = charts.movements(passages)
    number, with_plate, crossings = _numbers(passages)
    plates = (passage for passage in passages if passage.plate is not None)
    in_gallery = list(islice(plates, 0, None, max(-(-with_plate // MOST_IN_GALLERY), 1)))
    directions = [f"{line}: {direction}" for line, direction in charts.directions_of(records)]
    return environment.get_template("report.html.j2").render(
        has_pseudonyms=facts.values.get("plates") == PSEUDONYMS,
        plotly=get_plotlyjs(),
        facts=facts.values,
        clock=facts.clock,
        recorded=_recorded(facts.seen_between, facts.clock),
        processed=_processed(facts.values.get("started_at")),
        ending=words.ending(facts.values.get("exit_reason")),
        duration=_duration(facts.seen_between),
        headlines=_headlines(records, step_s),
        directions=directions,
        classes=charts.classes_of(passages),
        step=_step_text(step_s),
        has_crossings=crossings > 0,
        flow_caption=flow_caption,
        shown_trajectories=min(number, charts.MOST_TRAJECTORIES),
        passages=number,
        with_plate=with_plate,
        in_table=min(number, MOST_ROWS),
        in_gallery=len(in_gallery),
        figures={
            "counts": charts.counts_over_time(records, step_s),
            "flow": flow,
            "paths": charts.trajectories(records, data_url(records.folder / SCENE_FILE, widest_px=1280)),
        },
        gallery=[_card(passage, records) for passage in in_gallery],
        rows=[_row(passage, facts.clock) for passage in islice(passages, max(number - MOST_ROWS, 0), None)],
    )


def _numbers(passages: Iterable[Passage]) -> tuple[int, int, int]:
    """Passages, those with a plate, and crossings."""
    number = with_plate = crossings = 0
    for passage in passages:
        number += 1
        with_plate += passage.plate is not None
        crossings += len(passage.crossings)
    return number, with_plate, crossings


def _step(records: RunRecords) -> float:
    usual = VehicleCounterSettings.model_validate(records.facts.counting).interval_minutes * 60
    first, last = records.facts.seen_between or (0.0, 0.0)
    return charts.step_for(last - first, usual)


def _headlines(records: RunRecords, step_s: float) -> list[tuple[str, str]]:
    """Number and what it is."""
    passages = records.passages
    number, plates, crossings = _numbers(passages)
    headlines = [(f"{number:,}", "vehicles"), (f"{crossings:,}", "crossings")]
    headlines += [(f"{n:,}", name) for name, n in Counter(each.class_name for each in passages).most_common()]
    if number:
        headlines.append((f"{plates:,}", f"plates read ({plates / number:.0%})"))
    speeds = [passage.speed for passage in passages if passage.speed is not None]
    if speeds:
        unit = next(passage.speed_unit for passage in passages if passage.speed is not None)
        headlines.append((f"{statistics.median(speeds):.0f} {unit}", "median speed"))
        headlines.append((f"{np.percentile(speeds, 85):.0f} {unit}", "85 % are no faster"))
    if crossings:
        clock = records.facts.clock
        times = (crossing.time for passage in passages for crossing in passage.crossings)
        starts = Counter(clock.interval_start(time, step_s) for time in times)
        start, most = starts.most_common(1)[0]
        headlines.append((f"{most:,}", f"in the busiest {_step_text(step_s)}, from {clock.short(start)}"))
    return headlines


def _card(passage: Passage, records: RunRecords) -> dict[str, Any]:
    """One vehicle of the gallery."""
    pictures = {
        kind: data_url(records.folder / file) if file else None
        for kind, file in (("plate_picture", passage.plate_picture), ("vehicle_picture", passage.vehicle_picture))
    }
    return {
        "plate": passage.plate,
        "confidence": passage.plate_confidence,
        "class": passage.class_name,
        "time": records.facts.clock.short(passage.first_time),
        "passage": passage.passage_id,
        **pictures,
    }


def _row(passage: Passage, clock: Clock) -> list[Any]:
    """One row of the table, in the order of the template's columns."""
    crossed = [f"{each.line}: {each.direction}" for each in passage.crossings]
    return [
        passage.passage_id,
        passage.class_name,
        passage.class_certainty,
        clock.short(passage.first_time),
        crossed,
        clock.short(passage.crossings[0].time) if passage.crossings else "",
        words.way(passage.entry_edge, passage.exit_edge),
        passage.speed,
        passage.plate or "",
        passage.plate_confidence,
        words.unread(passage.unread_reason),
        " ".join(map(str, passage.tracks)),
        passage.first_time,
        passage.crossings[0].time if passage.crossings else None,
    ]


def _recorded(seen: tuple[float, float] | None, clock: Clock) -> str:
    """When the camera saw the first frame, by its own time of day; empty where that is not known."""
    if seen is None or not clock.known:
        return ""
    first = clock.local(seen[0])
    return f"{first:%Y-%m-%d %H:%M:%S} (UTC{first.isoformat()[-6:]})"


def _processed(started_at: str | None) -> str:
    """When the run began, by the time of day of this machine."""
    return f"{local_time(float(started_at)):%Y-%m-%d %H:%M}" if started_at else ""


def _duration(seen: tuple[float, float] | None) -> str:
    first, last = seen or (0.0, 0.0)
    minutes, seconds = divmod(round(last - first), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _step_text(step_s: float) -> str:
    for unit, seconds in (("h", 3600), ("min", 60)):
        if step_s % seconds == 0:
            return f"{step_s / seconds:g} {unit}"
    return f"{step_s:g} s"
