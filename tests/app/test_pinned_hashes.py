"""A shipped model that was damaged or exchanged is noticed before it is loaded."""

import hashlib
from pathlib import Path

import pytest

from tests.shared_material import REPOSITORY
from traffic_monitor.app.check import check_settings
from traffic_monitor.app.pinned_hashes import HASHES_FILE, check_hashes
from traffic_monitor.settings import Settings

WEIGHTS = REPOSITORY / "weights"
NOT_MODELS = {"README.md", "metrics.json", HASHES_FILE}


def test_the_list_has_every_shipped_model_file_as_it_is() -> None:
    listed = dict(line.split()[::-1] for line in (WEIGHTS / HASHES_FILE).read_text().splitlines())
    files = {path.relative_to(WEIGHTS).as_posix(): path for path in WEIGHTS.rglob("*") if path.is_file()}
    shipped = {name: path for name, path in files.items() if name not in NOT_MODELS}
    assert listed == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in shipped.items()}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    names = ["cars.pt", "cars_int8_openvino_model/cars.bin", "plates.pt"]
    lines = []
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
        lines.append(f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n")
    (tmp_path / HASHES_FILE).write_text("".join(lines))
    return tmp_path / "cars.pt"


@pytest.mark.parametrize("name", ["cars.pt", "cars_int8_openvino_model/cars.bin"])
def test_a_changed_file_of_a_model_is_named(name: str, model: Path) -> None:
    assert list(check_hashes("model", model)) == []
    (model.parent / name).write_bytes(b"changed")
    (check,) = check_hashes("model", model)
    assert (check.subject, check.ok) == ("model", False)
    assert str(model.parent / name) in check.message
    assert "needs a name of its own" in check.message


def test_other_models_and_models_without_a_list_are_not_looked_at(model: Path, tmp_path: Path) -> None:
    (model.parent / "plates.pt").write_bytes(b"changed")
    assert list(check_hashes("model", model)) == []
    assert list(check_hashes("model", tmp_path / "elsewhere" / "own.pt")) == []
    assert list(check_hashes("model", None)) == []


def test_a_run_does_not_start_with_a_changed_model(model: Path) -> None:
    model.write_bytes(b"changed")
    config = Settings.model_validate({"lp_detector": {"model_path": str(model)}})
    told = [check.message for check in check_settings(config) if check.subject == "lp_detector.model_path"]
    assert any("is not the file of" in message for message in told)
