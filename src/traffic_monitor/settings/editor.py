"""Changing values in a settings file. Everything else in it stays as it is, to the character."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

Keys = tuple[str | int, ...]
"""Where a value stands: names of sections and keys, numbers of list entries."""


class SettingsFileError(Exception):
    """The file cannot be changed. The message is for people."""


def read_settings_file(path: Path) -> dict[str, Any]:
    """What a settings file holds, not validated.

    Raises:
        SettingsFileError: it cannot be read or understood.
    """
    with _explained(path):
        return _values(path.read_bytes().decode("utf-8"))


def change_settings_file(path: Path, changes: Mapping[Keys, Any]) -> None:
    """Set values in a settings file. A link stays a link: its target is changed.

    An entry of a list that is removed is turned into a comment if it has comments of its own.

    Args:
        path: an existing settings file.
        changes: the new values as YAML would give them (texts, numbers, lists, mappings, None).

    Raises:
        SettingsFileError: the file cannot be read, understood, changed or written; it is as it was.
    """
    with _explained(path):
        text = path.read_bytes().decode("utf-8")
        for keys, value in changes.items():
            text = _with_value(text, keys, value)
        _replace_content(path.resolve(), text)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsFileError(f"{path} cannot be changed: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsFileError(f"{path} is not YAML: {str(error).splitlines()[0]}") from error
    except _CannotEdit as error:
        raise SettingsFileError(f"{path} {error}") from None


class _CannotEdit(Exception):  # noqa: N818 - becomes a SettingsFileError, which names the file
    pass


def _with_value(text: str, keys: Keys, value: Any) -> str:
    """The text with one value set; checked, because YAML can be written in more ways than are known here."""
    wanted = _put(_values(text), keys, value)
    edited = _edit(text if text.endswith("\n") or not text else f"{text}\n", keys, value)
    with contextlib.suppress(yaml.YAMLError):
        if yaml.safe_load(edited) == wanted:
            return edited
    name = ".".join(map(str, keys))
    raise _CannotEdit(f"is written in a way that cannot be changed here; write into it: {name}: {_flow(value)}")


def _values(text: str) -> dict[str, Any]:
    values = yaml.safe_load(text) or {}
    if not isinstance(values, dict):
        raise _CannotEdit("must hold 'key: value' pairs")
    return values


def _put(values: Any, keys: Keys, value: Any) -> Any:
    """The values with one changed; the given ones stay, because YAML aliases can make one object stand twice."""
    if not keys:
        return value
    if isinstance(values, list):
        return [_put(each, keys[1:], value) if number == keys[0] else each for number, each in enumerate(values)]
    inside = dict(values) if isinstance(values, dict) else {}
    return inside | {keys[0]: _put(inside.get(keys[0]), keys[1:], value)}


def _edit(text: str, keys: Keys, value: Any) -> str:
    node = yaml.compose(text)
    if node is None:
        return text + "".join(_block_lines(keys, value, 0))
    for depth, key in enumerate(keys):
        if isinstance(node, yaml.SequenceNode):
            node = node.value[int(key)]
            continue
        found = [pair for pair in node.value if pair[0].value == key] if isinstance(node, yaml.MappingNode) else []
        if not found:
            return _insert(text, node, keys[depth:], value)
        parent, (name, node) = node, found[0]
    if isinstance(value, list) and value and isinstance(node, yaml.SequenceNode) and not node.flow_style:
        present = yaml.safe_load(text)
        for key in keys:
            present = present[key]
        return _change_entries(text, node, present, value)
    return _replace(text, parent, name, node, value)


def _insert(text: str, node: Any, keys: Keys, value: Any) -> str:
    """Add a key that is not there yet at the end of its mapping."""
    for key in reversed(keys[1:]):
        value = {key: value}
    if node.flow_style or not node.value:
        at = node.end_mark.index - 1
        return f"{text[:at]}{', ' if node.value else ''}{keys[0]}: {_flow(value)}{text[at:]}"
    lines = text.splitlines(keepends=True)
    after = _last_line(node) + 1
    lines[after:after] = _block_lines(keys[:1], value, node.value[0][0].start_mark.column)
    return "".join(lines)


def _replace(text: str, parent: Any, name: Any, node: Any, value: Any) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    is_block = isinstance(node, yaml.CollectionNode) and not node.flow_style
    if is_block:  # What stood below the key goes, the new value stands beside the key.
        lines = text.splitlines(keepends=True)
        _remove_lines(lines, node.start_mark.line, _last_line(node))
        line = lines[name.end_mark.line]
        colon = line.index(":", name.end_mark.column) + 1
        lines[name.end_mark.line] = f"{line[:colon]} {_flow(value)}{line[colon:]}"
        return "".join(lines)
    if isinstance(value, list) and value and not parent.flow_style and not getattr(node, "value", None):
        lines = (text[:start] + " " * (end - start) + text[end:]).splitlines(keepends=True)
        after = node.end_mark.line + 1
        lines[after:after] = _entries(value, name.start_mark.column + 2)
        return "".join(lines)
    return f"{text[:start]}{' ' if start == end else ''}{_flow(value)}{text[end:]}"


def _change_entries(text: str, node: Any, present: Sequence[Any], value: Sequence[Any]) -> str:
    """Remove the entries of a list in block style that are not wanted, and add new ones behind the others."""
    lines = text.splitlines(keepends=True)
    new = list(value)
    column = lines[node.start_mark.line].index("-")
    after = _last_line(node) + 1
    for entry, content in zip(node.value, present, strict=True):
        if content in new:
            new.remove(content)
        else:
            _remove_lines(lines, entry.start_mark.line, _last_line(entry), column)
    lines[after:after] = _entries(new, column)
    return "".join(lines)


def _remove_lines(lines: list[str], first: int, last: int, column: int | None = None) -> None:
    """Empty the lines, or comment them out if there are comments in them; their number stays the same."""
    column = len(lines[first]) - len(lines[first].lstrip()) if column is None else column
    keep = any("#" in line for line in lines[first : last + 1])
    for number in range(first, last + 1):
        line = lines[number]
        if not keep:
            lines[number] = ""
        elif line.strip() and not line.lstrip().startswith("#"):
            lines[number] = f"{line[:column]}# {line[column:]}"


def _last_line(node: Any) -> int:
    """Number of the last line with content of a node; comments behind it belong to what follows."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    return int(node.end_mark.line)


def _block_lines(keys: Keys, value: Any, column: int) -> list[str]:
    """Lines that set a value below keys that are not there yet."""
    if len(keys) > 1 or (isinstance(value, dict) and value):
        inner = keys[1:] or tuple(value)[:1]
        below = value if keys[1:] else value[inner[0]]
        return [f"{' ' * column}{keys[0]}:\n", *_block_lines(inner, below, column + 2)]
    if isinstance(value, list) and value:
        return [f"{' ' * column}{keys[0]}:\n", *_entries(value, column + 2)]
    return [f"{' ' * column}{keys[0]}: {_flow(value)}\n"]


def _entries(values: Sequence[Any], column: int) -> list[str]:
    return [f"{' ' * column}- {_flow(value)}\n" for value in values]


def _flow(value: Any) -> str:
    """A value in one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


def _replace_content(path: Path, text: str) -> None:
    """Give a file a new content at once, keeping its permissions and, where the system lets us, its owner."""
    before = path.stat()
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # Readable by nobody else yet.
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        after = temporary.stat()
        if (after.st_uid, after.st_gid) != (before.st_uid, before.st_gid):
            with contextlib.suppress(PermissionError):  # Only root may give files away.
                os.chown(temporary, before.st_uid, before.st_gid)
        temporary.chmod(stat.S_IMODE(before.st_mode))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
