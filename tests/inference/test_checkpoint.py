"""Looking into ``.pt`` files: what they would run is found, and nothing of it is run."""

import os
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

from tests.builders import write_checkpoint
from traffic_monitor.inference.checkpoint import CheckpointError, inspect_checkpoint

REPOSITORY = Path(__file__).parents[2]


class Calls:
    """When it is loaded, a function is called."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("name", ["plate_detector", "vehicle_detector"])
def test_the_shipped_models_are_fine_and_their_classes_known(name: str) -> None:
    names = inspect_checkpoint(REPOSITORY / "weights" / f"{name}.pt").names
    assert names is not None
    assert (len(names) == 1) is (name == "plate_detector")


def test_weights_without_a_model_have_no_names(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "osnet.pt", OrderedDict(layer=[1.0, 2.0], seen={1, 2}))
    assert inspect_checkpoint(path).names is None


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        pytest.param(os.system, ("touch ran",), "system", id="a command"),
        pytest.param(eval, ("open('ran', 'w')",), "eval", id="a text that is run"),
        pytest.param(getattr, (os, "system"), "getattr", id="a way to anything"),
    ],
)
def test_a_file_that_would_run_code_is_refused_and_nothing_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: Any, arguments: tuple[Any, ...], named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = tuple(each if isinstance(each, str) else "os" for each in arguments)
    path = write_checkpoint(tmp_path / "evil.pt", {"model": Calls(function, *arguments)})
    with pytest.raises(CheckpointError, match=rf"would run code that no model needs \(\w+\.{named}\)"):
        inspect_checkpoint(path)
    assert not Path("ran").exists()


def write_old_form(path: Path, content: Any) -> Path:
    """A file as PyTorch wrote it before 1.6."""
    import torch

    torch.save(content, path, _use_new_zipfile_serialization=False)
    return path


def test_weights_in_the_form_before_pytorch_1_6_are_read_too(tmp_path: Path) -> None:
    import torch

    path = write_old_form(tmp_path / "osnet.pt", OrderedDict(weight=torch.zeros(2), seen=[1]))
    assert inspect_checkpoint(path).names is None


def test_code_in_the_old_form_is_found_also_before_a_harmless_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_old_form(tmp_path / "evil.pt", {"model": Calls(os.system, "touch ran")})
    harmless = write_checkpoint(tmp_path / "harmless.pt", OrderedDict(layer=[1.0]))
    for content in (path.read_bytes(), path.read_bytes() + harmless.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"would run code .*\.system"):
            inspect_checkpoint(path)
    assert not Path("ran").exists()


def test_the_constructor_of_a_model_must_not_be_called(tmp_path: Path) -> None:
    # protocol 0: DetectionModel({"activation": "..."}), whose constructor evaluates the text
    data = b"cultralytics.nn.tasks\nDetectionModel\n((dVactivation\nV__import__('os')\nstR."
    path = tmp_path / "evil.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", data)
    with pytest.raises(CheckpointError, match=r"ultralytics\.nn\.tasks\.DetectionModel"):
        inspect_checkpoint(path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"PK\x03\x04 half a file", id="half"),
        pytest.param(b"text", id="text"),
    ],
)
def test_a_file_that_is_no_model_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="is not a PyTorch file, or is damaged"):
        inspect_checkpoint(path)
