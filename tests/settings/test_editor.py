"""Changing a settings file in place."""

from pathlib import Path
from typing import Any

import pytest

from traffic_monitor.settings.editor import SettingsFileError, change_settings_file


def set_camera(settings: Any) -> None:
    settings["camera_id"] = "north"


def test_only_what_is_changed_changes(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("# Ours.\ncamera_id: cam1  # Name.\nstart: null\nlist: [1, 2]\n")
    change_settings_file(file, set_camera)
    assert file.read_text() == "# Ours.\ncamera_id: north # Name.\nstart: null\nlist: [1, 2]\n"


def test_an_empty_file_is_filled(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.touch()
    change_settings_file(file, set_camera)
    assert file.read_text() == "camera_id: north\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "cannot be changed", id="there is no file"),
        pytest.param("a: [1", "is not YAML", id="the file is broken"),
    ],
)
def test_what_cannot_be_changed_is_said(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "settings.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsFileError, match=message):
        change_settings_file(file, set_camera)
    assert (file.read_text() if file.exists() else None) == content


def test_a_change_that_fails_leaves_the_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("camera_id: cam1\n")
    with pytest.raises(KeyError):
        change_settings_file(file, lambda settings: settings["missing"])
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [
        ("settings.yaml", "camera_id: cam1\n")
    ]
