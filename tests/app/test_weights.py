"""Fetching weights: what comes is checked, and what is wrong is not kept. The network is faked."""

from pathlib import Path

import pytest

from traffic_monitor.app import weights as official_weights
from traffic_monitor.app.cli import run_command_line
from traffic_monitor.app.weights import FetchError, fetch_official_weights, use_for_vehicles
from traffic_monitor.settings.loader import load_settings
from traffic_monitor.shared_utils.constants import ExitCode

COCO_NAMES = {0: "person", 2: "car", 3: "motorcycle", 5: "bus", 7: "truck"}
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def good_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was downloaded loads and has COCO's names."""
    monkeypatch.setattr(official_weights, "_class_names", lambda _path: COCO_NAMES)


def write(size: int) -> object:
    """A downloader that writes so many bytes."""
    return lambda path: path.write_bytes(bytes(size))


@pytest.mark.usefixtures("good_model")
def test_good_weights_are_kept(tmp_path: Path) -> None:
    path = fetch_official_weights(tmp_path / "new", write(5_600_000))  # type: ignore[arg-type]
    assert path == tmp_path / "new" / "yolo11n.pt"
    assert path.stat().st_size == 5_600_000


def refuse_to_download(_path: Path) -> None:
    raise AssertionError("there is a file already")


@pytest.mark.usefixtures("good_model")
def test_a_file_that_is_there_already_is_only_checked(tmp_path: Path) -> None:
    (tmp_path / "yolo11n.pt").write_bytes(bytes(5_600_000))
    assert fetch_official_weights(tmp_path, refuse_to_download) == tmp_path / "yolo11n.pt"


def test_a_file_of_the_users_own_is_never_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(official_weights, "_class_names", lambda _path: {0: "forklift"})
    own = tmp_path / "yolo11n.pt"
    own.write_bytes(b"fine-tuned" * 600_000)
    with pytest.raises(FetchError, match=r"does not know car.*is left as it is: move it away"):
        fetch_official_weights(tmp_path, refuse_to_download)
    assert own.read_bytes() == b"fine-tuned" * 600_000
    assert list(tmp_path.iterdir()) == [own]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FetchError, match="cannot be written there"):
        fetch_official_weights(tmp_path / "file" / "weights", refuse_to_download)


@pytest.mark.usefixtures("good_model")
def test_the_beginning_of_a_file_is_refused_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"has 1,000 bytes, at least 5,000,000 were expected"):
        fetch_official_weights(tmp_path, write(1000))  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_weights_of_other_things_are_refused_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(official_weights, "_class_names", lambda _path: {0: "car", 1: "cat"})
    with pytest.raises(FetchError, match="does not know motorcycle, bus, truck"):
        fetch_official_weights(tmp_path, write(5_600_000))  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_loaded_is_refused_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"yolo11n\.pt cannot be loaded as a YOLO model"):
        fetch_official_weights(tmp_path, write(5_600_000))  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_without_a_network_it_is_said_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def offline(_path: Path) -> None:
        raise ConnectionError("no route\nand more")

    monkeypatch.setattr(official_weights, "_download", offline)
    assert run_command_line(["weights", "fetch", "--folder", str(tmp_path)]) == ExitCode.ABORTED
    assert capsys.readouterr().err.strip() == "yolo11n.pt could not be downloaded: no route"


def test_the_settings_point_to_the_weights_and_keep_their_comments(tmp_path: Path) -> None:
    before = (REPOSITORY / "config" / "settings.yaml").read_text()
    settings_file = tmp_path / "settings.yaml"
    settings_file.write_text(before)
    use_for_vehicles(Path("weights/yolo11n.pt"), settings_file)
    assert load_settings(settings_file).vehicle_detector.model_path == Path("weights/yolo11n.pt")
    changed = [line for line in settings_file.read_text().splitlines() if line not in before.splitlines()]
    assert len(changed) == 1
    assert "weights/yolo11n.pt" in changed[0]
    assert "# YOLO model" in changed[0]


def test_a_settings_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="cannot be changed"):
        use_for_vehicles(Path("weights/yolo11n.pt"), tmp_path / "none.yaml")
