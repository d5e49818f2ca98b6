"""Names as they may be shown in one line, whatever characters they hold."""


def printable(text: str) -> str:
    r"""The text with line breaks, control characters and broken characters written as escapes.

    File names and camera names may hold them; raw, they would split lines of the log and control the terminal.

    >>> printable("clip\n1.mp4")
    'clip\\n1.mp4'
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
