"""Where commands print their tables."""

from rich.console import Console

WIDTH_IN_FILES = 200
"""Columns of a table that is piped somewhere: rich would break its lines for a terminal of 80."""


def wide_console() -> Console:
    """Standard output, wide enough for tables where it is no terminal."""
    output = Console()
    if not output.is_terminal:
        output.width = WIDTH_IN_FILES
    return output
