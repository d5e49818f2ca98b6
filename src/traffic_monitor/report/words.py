"""What the codes of the records mean, in words for readers of the report."""

from traffic_monitor.shared_utils.constants import UnreadReason

UNREAD = {
    UnreadReason.NO_PLATE_FOUND: "no plate was found",
    UnreadReason.TOO_SMALL: "too small to read",
    UnreadReason.TOO_BLURRED: "too blurred to read",
    UnreadReason.TOO_FEW_READINGS: "read too few times to be sure",
    UnreadReason.CONTESTED: "readings contradict each other",
}

ENDINGS = {
    "end_of_stream": "the recording was processed to its end",
    "stopped": "stopped by the user",
    "end_of_day": "recorded until the end of the day",
}


def unread(reason: str | None) -> str:
    """Why a plate was not read; empty where it was, or where nobody looked for one."""
    return UNREAD.get(UnreadReason(reason), "") if reason in set(UnreadReason) else _spaced(reason)


def ending(exit_reason: str | None) -> str:
    """How a run ended; empty while it goes on."""
    return ENDINGS.get(exit_reason or "") or _spaced(exit_reason)


def way(entry_edge: str | None, exit_edge: str | None) -> str:
    """From which edge of the picture a vehicle came and to which it went."""
    parts = (f"from {entry_edge}" if entry_edge else "", f"to {exit_edge}" if exit_edge else "")
    return " ".join(part for part in parts if part)


def _spaced(code: str | None) -> str:
    return (code or "").replace("_", " ")
