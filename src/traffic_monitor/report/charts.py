"""The charts of the report, as plain Plotly figures (https://plotly.com/javascript/reference/). Pure."""

import html
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from traffic_monitor.counting.lines import CountingLine
from traffic_monitor.drawing.annotate import CLASS_COLORS, OTHER_CLASS_COLOR
from traffic_monitor.records.passages import Passage
from traffic_monitor.report.totals import Totals
from traffic_monitor.shared_utils.clock import Clock

Figure = dict[str, Any]
"""``data`` and ``layout`` for ``Plotly.newPlot``."""

FEWEST_BARS, MOST_BARS = 4, 240
STEPS_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 86400, 604800, 2_592_000)
"""Lengths of an interval to choose from when the one of the settings makes too few bars or too many."""
SHORT_RUN_BARS = 24

MOST_SINGLE_TICKS = 10
"""Plotly would put ticks between whole vehicles."""

TEXT_COLOR, GRID_COLOR, LINE_COLOR = "#1d2730", "#dfe4e8", "#d55e00"


def color_of(class_name: str) -> str:
    """The colour of a class, the same as in the annotated video."""
    blue, green, red = CLASS_COLORS.get(class_name, OTHER_CLASS_COLOR)
    return f"#{red:02x}{green:02x}{blue:02x}"


def plain(text: str) -> str:
    """A name as Plotly shows it: Plotly takes labels for HTML."""
    return html.escape(text, quote=False)


def step_for(duration_s: float, usual_s: float) -> float:
    """Length of an interval in seconds: the usual one where it makes a readable number of bars."""
    if FEWEST_BARS <= duration_s / usual_s <= MOST_BARS:
        return usual_s
    most = SHORT_RUN_BARS if duration_s / usual_s < FEWEST_BARS else MOST_BARS
    return next((step for step in STEPS_S if duration_s / step <= most), STEPS_S[-1])


def counts_over_time(totals: Totals) -> Figure:
    """Stacked bars per class; a trace's ``meta`` is the number of its line and direction, -1 for all together."""
    clock, step_s = totals.facts.clock, totals.step_s
    numbers = {pair: number for number, pair in enumerate(totals.directions)}
    counted: Counter[tuple[int, str, float]] = Counter()
    for (direction, class_name, start), vehicles in totals.counted.items():
        counted[numbers[direction], class_name, start] += vehicles
        counted[-1, class_name, start] += vehicles
    starts = _starts({start for _, _, start in counted}, totals.facts.seen_between, step_s, clock)
    classes = totals.classes_by_number()
    top = max((sum(counted[-1, name, start] for name in classes) for start in starts), default=0)
    x = [_axis_time(start + step_s / 2, clock) for start in starts]
    traces = [
        {
            "type": "bar", "name": plain(name), "meta": number, "visible": number == -1,
            "x": x, "y": [counted[number, name, start] for start in starts], "width": step_s * 1000 * 0.86,
            "marker": {"color": color_of(name), "line": {"width": 0.5, "color": TEXT_COLOR}},
            "hovertemplate": "%{y} %{fullData.name}<extra></extra>",
        }
        for number in (-1, *numbers.values())
        for name in classes
    ]  # fmt: skip
    layout = _layout(
        barmode="stack",
        xaxis={"type": "date", "gridcolor": GRID_COLOR, "tickformat": None if clock.known else "%-H:%M:%S"},
        # The same for every direction, so that they can be compared.
        yaxis={
            "title": {"text": "vehicles"},
            "gridcolor": GRID_COLOR,
            "range": [0, 1.05 * max(top, 1)],
            "dtick": 1 if top <= MOST_SINGLE_TICKS else None,
        },
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="x unified",
        height=380,
    )
    return {"data": traces, "layout": layout}


def _starts(
    times: Collection[float], seen: tuple[float, float] | None, step_s: float, clock: Clock
) -> list[float]:
    ends = [*times, *(seen or ())]
    if not ends:
        return []
    if (max(ends) - min(ends)) / step_s > 10 * MOST_BARS:  # A clock that was set: only what was counted.
        return sorted({clock.interval_start(time, step_s) for time in times})
    return list(clock.interval_starts(min(ends), max(ends), step_s))


def _axis_time(epoch_s: float, clock: Clock) -> str:
    """As Plotly takes it: without a zone, as the clock on the wall shows it."""
    moment = clock.local(epoch_s)
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"[:-3]


def movements(totals: Totals) -> tuple[Figure | None, str]:
    """A flow diagram of where vehicles came from and went to, and what it shows; None where there is nothing.

    From the first line crossed to the last where vehicles crossed two, else from edge to edge of the picture.
    """
    flows = totals.from_line_to_line or totals.from_edge_to_edge
    told = "From the edge of the picture a vehicle came from to the edge it went to."
    if totals.from_line_to_line:
        told = (
            "From the first line a vehicle crossed to the last one; vehicles that crossed one line are left out."
        )
    if not flows:
        return None, told
    origins = sorted({origin for origin, _ in flows})
    destinations = sorted({destination for _, destination in flows})
    labels = [f"from {plain(name)}" for name in origins] + [f"to {plain(name)}" for name in destinations]
    sankey = {
        "type": "sankey",
        "node": {"label": labels, "color": "#0072b2", "pad": 18, "thickness": 16, "line": {"width": 0}},
        "link": {
            "source": [origins.index(origin) for origin, _ in flows],
            "target": [len(origins) + destinations.index(destination) for _, destination in flows],
            "value": list(flows.values()),
            "color": "rgba(86,180,233,0.45)",
        },
        "textfont": {"size": 13, "color": TEXT_COLOR},
        "valueformat": "d",
    }
    layout = _layout(height=max(240, 60 * max(len(origins), len(destinations))))
    layout["margin"] = {"l": 16, "r": 16, "t": 32, "b": 32}
    return {"data": [sankey], "layout": layout}, told


def trajectories(totals: Totals, scene: str | None) -> Figure | None:
    """Where vehicles went, over the still of the scene; the last trace is the heat map, hidden at first.

    Args:
        totals: of the run.
        scene: the still as a data URL.
    """
    width, height = totals.facts.frame_size
    shown, heat = totals.moving.items, totals.heat
    if not shown or heat is None:
        return None
    classes = [name for name, _ in Counter(each.class_name for each in shown).most_common()]
    traces = [_paths(name, [each for each in shown if each.class_name == name]) for name in classes]
    layout = _layout(
        height=None,
        xaxis={"range": [0, width], "visible": False, "constrain": "domain"},
        yaxis={"range": [height, 0], "visible": False, "scaleanchor": "x", "constrain": "domain"},
        legend={"orientation": "h", "y": 1.01, "yanchor": "bottom", "x": 0},
        plot_bgcolor="#55606a",
    )
    layout["margin"] = {"l": 0, "r": 0, "t": 36, "b": 0}
    if scene is not None:
        layout["images"] = [
            {
                "source": scene, "xref": "x", "yref": "y", "x": 0, "y": 0, "sizex": width, "sizey": height,
                "sizing": "stretch", "layer": "below",
            }
        ]  # fmt: skip
    lines = [CountingLine.in_frame(line, width, height) for line in totals.facts.lines]
    layout["shapes"] = [
        {"type": "line", "x0": line.start[0], "y0": line.start[1], "x1": line.end[0], "y1": line.end[1],
         "line": {"color": LINE_COLOR, "width": 3}}
        for line in lines
    ]  # fmt: skip
    layout["annotations"] = [
        {"x": line.start[0], "y": line.start[1], "text": plain(line.name), "showarrow": False,
         "xanchor": "left" if line.start[0] < width / 2 else "right", "yanchor": "bottom",
         "bgcolor": LINE_COLOR, "font": {"color": "white", "size": 13}, "borderpad": 3}
        for line in lines
    ]  # fmt: skip
    return {"data": [*traces, _heat(heat.cells(), width, height)], "layout": layout}


def _paths(class_name: str, passages: Sequence[Passage]) -> dict[str, Any]:
    """One trace for all vehicles of a class: gaps part them."""
    x: list[float | None] = []
    y: list[float | None] = []
    for passage in passages:
        x += [*(place[1] for place in passage.trajectory), None]
        y += [*(place[2] for place in passage.trajectory), None]
    return {
        "type": "scatter", "mode": "lines", "name": plain(class_name), "x": x, "y": y, "hoverinfo": "skip",
        "line": {"color": color_of(class_name), "width": 2}, "opacity": 0.85,
    }  # fmt: skip


def _heat(cells: npt.NDArray[np.int64], width: int, height: int) -> dict[str, Any]:
    """How many vehicles passed through each cell of the picture."""
    down, across = cells.shape
    cell = width / across
    return {
        "type": "heatmap", "visible": False,
        "z": [[value or None for value in row] for row in cells.tolist()],
        "x0": cell / 2, "dx": cell, "y0": height / down / 2, "dy": height / down, "zsmooth": False,
        "colorscale": "Viridis", "opacity": 0.7, "colorbar": {"title": {"text": "vehicles"}, "thickness": 12},
        "hovertemplate": "%{z} vehicles<extra></extra>", "name": "heat map",
    }  # fmt: skip


def _layout(**changes: Any) -> dict[str, Any]:
    return {
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": TEXT_COLOR},
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 56, "r": 16, "t": 40, "b": 44}, "autosize": True, **changes,
    }  # fmt: skip
