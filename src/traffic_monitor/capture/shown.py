"""How a source is shown and stored: without anything that may be a password."""

from traffic_monitor.shared_utils.redaction import hide_url, remember_url


def describe_source(source: int | str | None) -> str:
    """The source as it may be shown and stored; from now on it is hidden in this process's log as well.

    Of URLs only what cannot be a secret is shown, see ``shared_utils/redaction.py``. File names and webcams are
    shown as they are.
    """
    shown = str(source)
    remember_url(shown)
    return hide_url(shown)
