"""Changing a settings file in place; comments and order stay."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

NULL_TAG = "tag:yaml.org,2002:null"


class SettingsFileError(Exception):
    """The file cannot be changed. The message is for people."""


def change_settings_file(path: Path, change: Callable[[Any], None]) -> None:
    """Let ``change`` work on the file's content and write it back.

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
    temporary = path.with_name(f".{path.name}.part")
    try:
        settings = yaml.load(path) or {}
        change(settings)
        yaml.dump(settings, temporary)
        temporary.replace(path)
    except OSError as error:
        raise SettingsFileError(f"{path} cannot be changed: {error.strerror}") from error
    except YAMLError as error:
        raise SettingsFileError(f"{path} is not YAML: {str(error).splitlines()[0]}") from error
