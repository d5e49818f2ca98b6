"""Changing a settings file in place."""

import os
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


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_a_private_file_stays_private(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("camera_id: cam1\n")
    file.chmod(mode)
    change_settings_file(file, set_camera)
    assert (file.stat().st_mode & 0o777, file.read_text()) == (mode, "camera_id: north\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_keeps_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("camera_id: cam1\n")
    os.chown(file, 1234, 4321)
    change_settings_file(file, set_camera)
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 4321)


def test_an_owner_that_cannot_be_kept_does_not_stop_the_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    file = tmp_path / "settings.yaml"
    file.write_text("camera_id: cam1\n")
    monkeypatch.setattr(os, "chown", refuse)
    change_settings_file(file, set_camera)
    assert file.read_text() == "camera_id: north\n"


def test_a_link_stays_a_link_and_its_target_is_changed(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    real, link = tmp_path / "ours" / "real.yaml", tmp_path / "settings.yaml"
    real.write_text("camera_id: cam1\n")
    link.symlink_to("ours/real.yaml")
    change_settings_file(link, set_camera)
    assert link.is_symlink()
    assert real.read_text() == "camera_id: north\n"
    assert [path.name for path in real.parent.iterdir()] == ["real.yaml"]


def test_a_disk_that_is_full_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "settings.yaml"
    file.write_text("camera_id: cam1\n")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingsFileError, match="No space left on device"):
        change_settings_file(file, set_camera)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [
        ("settings.yaml", "camera_id: cam1\n")
    ]


@pytest.mark.parametrize("content", ["- a list", "only words"])
def test_a_file_without_keys_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(content)
    with pytest.raises(SettingsFileError, match="must hold 'key: value' pairs"):
        change_settings_file(file, set_camera)
