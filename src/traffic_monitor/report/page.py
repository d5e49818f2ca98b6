"""``report.html``: a run to look at, in one file."""

from collections import Counter
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from plotly.offline import get_plotlyjs

from traffic_monitor.records.database import PSEUDONYMS
from traffic_monitor.records.files import replacing
from traffic_monitor.records.gaps import machine_clock
from traffic_monitor.records.passages import Passage, RunRecords
from traffic_monitor.records.run_folder import SCENE_FILE
from traffic_monitor.report import charts, words
from traffic_monitor.report.pictures import data_url
from traffic_monitor.report.totals import Totals
from traffic_monitor.shared_utils.clock import Clock, local_time

REPORT_FILE = "report.html"

MOST_GAPS = 50
"""Lines in the report; the exports have all."""


def write_report(folder: Path) -> Path:
    """Make the report of the run in ``folder`` from its records, also of one that was killed or goes on.

    Raises:
        DatabaseError: there are no records.
        OSError: the report cannot be written.
    """
    return write_report_of(RunRecords.load(folder, trajectories=True), folder)


def write_report_of(records: RunRecords, folder: Path) -> Path:
    """Make the report of any records, with trajectories, and write it into ``folder``.

    Raises:
        DatabaseError: the records cannot be read.
        OSError: the report cannot be written.
    """
    page = render_report(records)
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
    facts, step_s = records.facts, _step(records)
    totals = Totals(records, step_s)
    flow, flow_caption = charts.movements(totals)
    return environment.get_template("report.html.j2").render(
        has_pseudonyms=facts.values.get("plates") == PSEUDONYMS,
        plotly=get_plotlyjs(),
        facts=facts.values,
        clock=facts.clock,
        recorded=_recorded(facts.seen_between, facts.clock),
        processed=_processed(facts.values.get("started_at")),
        ending=words.ending(facts.values.get("exit_reason")),
        duration=_duration(facts.seen_between),
        gaps=_gaps(records),
        headlines=_headlines(totals),
        directions=[f"{line}: {direction}" for line, direction in totals.directions],
        classes=totals.classes_by_number(),
        step=_step_text(step_s),
        has_crossings=totals.crossings > 0,
        flow_caption=flow_caption,
        shown_trajectories=len(totals.moving.items),
        trajectories=totals.moving.seen,
        passages=totals.passages,
        with_plate=totals.with_plate,
        in_table=len(totals.latest),
        in_gallery=len(totals.gallery.items),
        figures={
            "counts": charts.counts_over_time(totals),
            "flow": flow,
            "paths": charts.trajectories(
                totals, data_url((records.scene_folder or records.folder) / SCENE_FILE, widest_px=1280)
            ),
        },
        gallery=[_card(passage, records) for passage in totals.gallery.items],
        rows=[_row(passage, facts.clock) for passage in totals.latest],
    )


def _step(records: RunRecords) -> float:
    usual = records.facts.interval_minutes * 60
    first, last = records.facts.seen_between or (0.0, 0.0)
    return charts.step_for(last - first, usual)


def _headlines(totals: Totals) -> list[tuple[str, str]]:
    """Number and what it is."""
    headlines = [(f"{totals.passages:,}", "vehicles"), (f"{totals.crossings:,}", "crossings")]
    headlines += [(f"{number:,}", name) for name, number in totals.classes.most_common()]
    if totals.passages:
        share = totals.with_plate / totals.passages
        headlines.append((f"{totals.with_plate:,}", f"plates read ({share:.0%})"))
    if totals.speeds:
        median, p85 = np.percentile(totals.speeds, (50, 85))
        headlines.append((f"{median:.0f} {totals.speed_unit}", "median speed"))
        headlines.append((f"{p85:.0f} {totals.speed_unit}", "85 % are no faster"))
    if totals.crossings:
        starts: Counter[float] = Counter()
        for (_, _, start), vehicles in totals.counted.items():
            starts[start] += vehicles
        start, most = starts.most_common(1)[0]
        when = totals.facts.clock.short(start)
        headlines.append((f"{most:,}", f"in the busiest {_step_text(totals.step_s)}, from {when}"))
    return headlines


def _gaps(records: RunRecords) -> list[str]:
    """When the camera was not watched, one line each, the latest ``MOST_GAPS``."""
    clock = machine_clock(records.facts.clock)
    return [
        f"{clock.short(gap.started_time)} to "
        f"{clock.short(gap.ended_time) if gap.ended_time else 'the end'}: {gap.reason}"
        for gap in records.gaps[-MOST_GAPS:]
    ]


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
