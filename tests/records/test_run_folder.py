"""The folder of a run, the link to the latest one, and the summary in it."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from traffic_monitor.records.days import LATEST, LOG_FILE
from traffic_monitor.records.run_folder import SUMMARY_FILE, create_run_folders, write_summary

NOON = datetime(2026, 5, 4, 12, 30, 59).astimezone()


def create_run_folder(output_dir: Path, camera_id: str, now: datetime) -> Path:
    """The folder of a run with one camera."""
    (folder,) = create_run_folders(output_dir, [camera_id], now)
    return folder


def test_the_folder_is_named_after_camera_and_time_and_latest_points_to_it(tmp_path: Path) -> None:
    folder = create_run_folder(tmp_path / "a" / "output", "cam1", NOON)
    assert folder == tmp_path / "a" / "output" / "cam1_20260504-123059"
    assert folder.is_dir()
    link = folder.parent / LATEST
    assert link.is_symlink()
    assert link.resolve() == folder.resolve()


def test_the_link_is_relative_so_that_the_output_folder_can_be_moved(tmp_path: Path) -> None:
    create_run_folder(tmp_path / "output", "cam1", NOON)
    (tmp_path / "output").rename(tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / LATEST).is_dir()


def test_runs_of_the_same_second_have_folders_of_their_own(tmp_path: Path) -> None:
    folders = [create_run_folder(tmp_path, "cam1", NOON) for _ in range(3)]
    names = ["cam1_20260504-123059", "cam1_20260504-123059-2", "cam1_20260504-123059-3"]
    assert [folder.name for folder in folders] == names
    assert (tmp_path / LATEST).resolve() == folders[-1].resolve()


@pytest.mark.parametrize(
    ("camera_id", "name"),
    [
        pytest.param("gate/north", "gate_north", id="a slash makes no folder"),
        pytest.param("../up", "_up", id="dots lead nowhere"),
        pytest.param("a b:c", "a_b_c", id="blanks and colons go"),
        pytest.param("Größe-1.b", "Größe-1.b", id="letters of any language stay"),
        pytest.param("..", "camera", id="nothing but dots becomes camera"),
    ],
)
def test_camera_names_that_are_no_file_names(tmp_path: Path, camera_id: str, name: str) -> None:
    folder = create_run_folder(tmp_path, camera_id, NOON)
    assert folder == tmp_path / f"{name}_20260504-123059"


def test_something_of_the_users_own_called_latest_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / LATEST).mkdir()
    (tmp_path / LATEST / "mine.txt").write_text("x", encoding="utf-8")
    create_run_folder(tmp_path, "cam1", NOON)
    assert (tmp_path / LATEST / "mine.txt").is_file()
    assert not (tmp_path / LATEST).is_symlink()


def test_a_latest_that_points_nowhere_is_replaced(tmp_path: Path) -> None:
    (tmp_path / LATEST).symlink_to("gone")
    folder = create_run_folder(tmp_path, "cam1", NOON)
    assert (tmp_path / LATEST).resolve() == folder.resolve()


def test_nothing_but_the_folder_and_the_link_is_left(tmp_path: Path) -> None:
    create_run_folder(tmp_path, "cam1", NOON)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cam1_20260504-123059", LATEST]


def test_each_of_several_cameras_has_a_folder_and_a_link_and_all_share_one_log(tmp_path: Path) -> None:
    north, yard = create_run_folders(tmp_path / "output", ["north", "the yard"], NOON)
    assert [folder.name for folder in (north, yard)] == ["north_20260504-123059", "the_yard_20260504-123059"]
    output = tmp_path / "output"
    assert (output / LATEST).resolve() == (output / f"{LATEST}_north").resolve() == north.resolve()
    assert (output / f"{LATEST}_the_yard").resolve() == yard.resolve()
    (north / LOG_FILE).write_text("what happened", encoding="utf-8")
    output.rename(tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / yard.name / LOG_FILE).read_text(encoding="utf-8") == "what happened"


def test_an_output_folder_that_cannot_be_made_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(OSError, match="file"):
        create_run_folder(tmp_path / "file" / "output", "cam1", NOON)


def test_the_summary_is_written_whole_and_replaces_an_older_one(tmp_path: Path) -> None:
    write_summary(tmp_path, {"camera_id": "Größe", "counts": {"total": 1}})
    path = write_summary(tmp_path, {"camera_id": "Größe", "counts": {"total": 2}})
    assert path == tmp_path / SUMMARY_FILE
    assert json.loads(path.read_text(encoding="utf-8")) == {"camera_id": "Größe", "counts": {"total": 2}}
    assert [entry.name for entry in tmp_path.iterdir()] == [SUMMARY_FILE]


def test_a_summary_that_cannot_be_written_leaves_the_older_one(tmp_path: Path) -> None:
    write_summary(tmp_path, {"total": 1})
    with pytest.raises(TypeError):
        write_summary(tmp_path, {"total": 2, "odd": object()})
    assert json.loads((tmp_path / SUMMARY_FILE).read_text(encoding="utf-8")) == {"total": 1}
