"""Changing a settings file in place; comments and order stay."""

import contextlib
import io
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

NULL_TAG = "tag:yaml.org,2002:null"


class SettingsFileError(Exception):
    """The file cannot be changed. The message is for people."""


def change_settings_file(path: Path, change: Callable[[Any], None]) -> None:
    """Let ``change`` work on the file's content and write it back. A link stays a link: its target is changed.

    Args:
        path: an existing settings file.
        change: is given ruamel.yaml's mapping of the whole file and changes it in place.

    Raises:
        SettingsFileError: the file cannot be read, understood or written; it is as it was.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096  # Else long lines would be folded.
    yaml.indent(mapping=2, sequence=4, offset=2)
    # ruamel.yaml would write nothing for "not set".
    yaml.representer.add_representer(type(None), lambda out, _: out.represent_scalar(NULL_TAG, "null"))
    try:
        settings = yaml.load(path) or CommentedMap()
        if not isinstance(settings, CommentedMap):
            raise SettingsFileError(f"{path} must hold 'key: value' pairs")
        change(settings)
        text = io.StringIO()
        yaml.dump(settings, text)
        _replace_content(path.resolve(), text.getvalue())
    except OSError as error:
        raise SettingsFileError(f"{path} cannot be changed: {error.strerror}") from error
    except YAMLError as error:
        raise SettingsFileError(f"{path} is not YAML: {str(error).splitlines()[0]}") from error


def _replace_content(path: Path, text: str) -> None:
    """Give a file a new content at once, keeping its permissions and, where the system lets us, its owner."""
    before = path.stat()
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # Readable by nobody else yet.
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
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
