"""Changing a settings file in place."""

import os
from pathlib import Path
from typing import Any

import pytest

from traffic_monitor.settings.editor import Keys, SettingsFileError, change_settings_file

CAMERA: dict[Keys, Any] = {("camera_id",): "north"}


def test_only_what_is_changed_changes(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("# Ours.\ncamera_id: cam1  # Name.\nstart: null\nlist: [1, 2]\n")
    change_settings_file(file, CAMERA)
    assert file.read_text() == "# Ours.\ncamera_id: north  # Name.\nstart: null\nlist: [1, 2]\n"


def test_an_empty_file_is_filled(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.touch()
    change_settings_file(file, CAMERA)
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
        change_settings_file(file, CAMERA)
    assert (file.read_text() if file.exists() else None) == content


def entry(name: str) -> dict[str, Any]:
    return {"name": name, "points": [1, 2]}


BLOCK = """\
# head
counter:
  # our lines
  lines:  # any number
    # the first one
    - name: main   # the road
      points: [1, 2]
    # the second one
    - {name: side, points: [1, 2]}
    # after the lines
  zones: []  # none yet
  speed:
    width: 7  # metres
# tail
level: INFO
"""


@pytest.mark.parametrize(
    ("before", "keys", "value", "after"),
    [
        pytest.param(
            BLOCK,
            ("counter", "lines"),
            [entry("main"), entry("side"), entry("new")],
            BLOCK.replace("    # after", "    - {name: new, points: [1, 2]}\n    # after"),
            id="an entry is added behind the others",
        ),
        pytest.param(
            BLOCK,
            ("counter", "lines"),
            [entry("main")],
            BLOCK.replace("    - {name: side, points: [1, 2]}\n", ""),
            id="an entry without comments is removed",
        ),
        pytest.param(
            BLOCK,
            ("counter", "lines"),
            [entry("side")],
            BLOCK.replace("    - name: main", "    # - name: main").replace("      points", "    #   points"),
            id="an entry with comments is commented out",
        ),
        pytest.param(
            BLOCK,
            ("counter", "lines"),
            [],
            BLOCK.replace("    - name: main", "    # - name: main")
            .replace("      points", "    #   points")
            .replace("    - {name: side", "    # - {name: side")
            .replace("lines:  #", "lines: []  #"),
            id="all entries are removed",
        ),
        pytest.param(
            BLOCK,
            ("counter", "zones"),
            [entry("yard")],
            BLOCK.replace("zones: []  # none yet", "zones:     # none yet\n    - {name: yard, points: [1, 2]}"),
            id="the first entry of an empty list",
        ),
        pytest.param(
            BLOCK,
            ("counter", "speed"),
            None,
            BLOCK.replace("speed:", "speed: null").replace("    width", "    # width"),
            id="a section is taken out",
        ),
        pytest.param(
            BLOCK,
            ("counter", "minutes"),
            5,
            BLOCK.replace("# tail", "  minutes: 5\n# tail"),
            id="a key is added to a section",
        ),
        pytest.param(
            "a: 1",
            ("counter", "lines"),
            [entry("main")],
            "a: 1\ncounter:\n  lines:\n    - {name: main, points: [1, 2]}\n",
            id="a section is added",
        ),
        pytest.param(
            "cameras:\n  - {id: a, grabber: {source: 0}}  # by the gate\n",
            ("cameras", 0, "counter", "lines"),
            [entry("main")],
            "cameras:\n  - {id: a, grabber: {source: 0}, counter: {lines: [{name: main, points: [1, 2]}]}}"
            "  # by the gate\n",
            id="a key is added to a mapping in one line",
        ),
        pytest.param(
            "cameras:\n  - id: a\n    grabber: {source: 0}\n  - id: b\n",
            ("cameras", 0, "counter", "lines"),
            [entry("main")],
            "cameras:\n  - id: a\n    grabber: {source: 0}\n    counter:\n      lines:\n"
            "        - {name: main, points: [1, 2]}\n  - id: b\n",
            id="a key is added to an entry of a list",
        ),
        pytest.param(
            "lines: [{name: main, points: [1, 2]}]  # ours\n",
            ("lines",),
            [entry("main"), entry("new")],
            "lines: [{name: main, points: [1, 2]}, {name: new, points: [1, 2]}]  # ours\n",
            id="a list in one line stays in one line",
        ),
        pytest.param(
            "speed:\nlevel: 1\n", ("speed",), 5, "speed: 5\nlevel: 1\n", id="a value where there was none"
        ),
        pytest.param("a: 'x'  # why\nb: 2\n", ("a",), "Größe: 1", "a: 'Größe: 1'  # why\nb: 2\n", id="a text"),
        pytest.param("a: 1\r\nb: 2\r\n", ("a",), 3, "a: 3\r\nb: 2\r\n", id="line ends of Windows"),
        pytest.param(
            "lines:\n- name: main\n  points: [1, 2]\nlevel: 1\n",
            ("lines",),
            [entry("main"), entry("new")],
            "lines:\n- name: main\n  points: [1, 2]\n- {name: new, points: [1, 2]}\nlevel: 1\n",
            id="a list that is not indented",
        ),
    ],
)
def test_one_value_changes_and_the_text_around_it_stays(
    tmp_path: Path, before: str, keys: Keys, value: object, after: str
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_bytes(before.encode())
    change_settings_file(file, {keys: value})
    assert file.read_bytes().decode() == after


def test_what_cannot_be_changed_safely_is_said_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    before = "first: &same {width: 1}\nsecond: *same\n"
    file.write_text(before)
    with pytest.raises(SettingsFileError, match=r"write into it: second\.width: 2"):
        change_settings_file(file, {("second", "width"): 2})
    assert file.read_text() == before


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_a_private_file_stays_private(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("camera_id: cam1\n")
    file.chmod(mode)
    change_settings_file(file, CAMERA)
    assert (file.stat().st_mode & 0o777, file.read_text()) == (mode, "camera_id: north\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_keeps_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("camera_id: cam1\n")
    os.chown(file, 1234, 4321)
    change_settings_file(file, CAMERA)
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 4321)


def test_an_owner_that_cannot_be_kept_does_not_stop_the_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    file = tmp_path / "settings.yaml"
    file.write_text("camera_id: cam1\n")
    monkeypatch.setattr(os, "chown", refuse)
    change_settings_file(file, CAMERA)
    assert file.read_text() == "camera_id: north\n"


def test_a_link_stays_a_link_and_its_target_is_changed(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    real, link = tmp_path / "ours" / "real.yaml", tmp_path / "settings.yaml"
    real.write_text("camera_id: cam1\n")
    link.symlink_to("ours/real.yaml")
    change_settings_file(link, CAMERA)
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
        change_settings_file(file, CAMERA)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [
        ("settings.yaml", "camera_id: cam1\n")
    ]


@pytest.mark.parametrize("content", ["- a list", "only words"])
def test_a_file_without_keys_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(content)
    with pytest.raises(SettingsFileError, match="must hold 'key: value' pairs"):
        change_settings_file(file, CAMERA)
