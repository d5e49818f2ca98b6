"""States of a run, as the supervisor shows them."""

from collections.abc import Mapping
from typing import Any

from traffic_monitor.runtime.control import ServiceReport
from traffic_monitor.shared_utils.constants import ServiceName
from traffic_monitor.supervision.states import RunState
from traffic_monitor.supervision.summary import RunResults
from traffic_monitor.supervision.supervisor import RunStatus


def run_status(
    state: RunState,
    *,
    ready: int = 7,
    frames: Mapping[str, int] | None = None,
    ended: Mapping[str, str] | None = None,
    source: Mapping[str, Any] | None = None,
) -> RunStatus:
    """A run whose cameras have so many frames behind them."""
    results = RunResults()
    for camera_id, number in (frames or {"gate": 0}).items():
        details = {camera_id: {"processed": number}}
        results.take(ServiceName.VEHICLE_COUNTER, ServiceReport(processed=number, dropped=0, details=details))
        if source is not None:
            results.take(ServiceName.FRAME_GRABBER, ServiceReport(dropped=3, details={camera_id: source}))
    return RunStatus(state, ready, 7, 12.5, results, {"raw_frames": 3}, ended or {})
