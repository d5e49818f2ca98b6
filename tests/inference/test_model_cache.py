"""Converted models are kept, and only whole ones. The conversion itself is faked."""

import os
from pathlib import Path

import pytest
from loguru import logger

from traffic_monitor.inference import model_cache, yolo
from traffic_monitor.inference.model_cache import as_openvino, default_cache_dir, digest, quantised_folder
from traffic_monitor.inference.yolo import load_detector
from traffic_monitor.settings import Backend, DetectorSettings, Settings


class Converter:
    """Writes a file instead of converting, and counts."""

    def __init__(self) -> None:
        self.calls = 0
        self.fails = False

    def __call__(self, onnx_path: Path, imgsz: object, folder: Path) -> None:
        self.calls += 1
        folder.mkdir()
        (folder / "model.xml").write_bytes(b"converted " + onnx_path.read_bytes())
        if self.fails:
            raise RuntimeError("operator not supported")


@pytest.fixture
def converter(monkeypatch: pytest.MonkeyPatch) -> Converter:
    fake = Converter()
    monkeypatch.setattr(model_cache, "_convert", fake)
    return fake


@pytest.fixture
def onnx(tmp_path: Path) -> Path:
    path = tmp_path / "plates.onnx"
    path.write_bytes(b"weights")
    return path


def test_the_folder_has_a_name_ultralytics_knows_and_the_models_own(
    tmp_path: Path, onnx: Path, converter: Converter
) -> None:
    folder = as_openvino(onnx, None, tmp_path / "new" / "cache")
    assert folder.parent == tmp_path / "new" / "cache"
    assert folder.name.startswith("plates-")
    assert folder.name.endswith("_openvino_model")
    assert (folder / "model.xml").read_bytes() == b"converted weights"


def test_a_model_is_converted_once(tmp_path: Path, onnx: Path, converter: Converter) -> None:
    cache = tmp_path / "cache"
    assert as_openvino(onnx, None, cache) == as_openvino(onnx, None, cache)
    assert converter.calls == 1


def test_other_weights_of_the_same_name_are_converted_anew(
    tmp_path: Path, onnx: Path, converter: Converter
) -> None:
    first = as_openvino(onnx, None, tmp_path / "cache")
    onnx.write_bytes(b"better weights")
    second = as_openvino(onnx, None, tmp_path / "cache")
    assert first != second
    assert (second / "model.xml").read_bytes() == b"converted better weights"
    assert first.is_dir()


def test_a_quantised_form_beside_the_model_is_taken_while_it_is_of_this_model(
    tmp_path: Path, onnx: Path, converter: Converter
) -> None:
    beside = tmp_path / "plates_int8_openvino_model"
    beside.mkdir()
    (beside / "metadata.yaml").write_text(f"names: {{0: plate}}\nmade_from: {digest(onnx)}\n")
    assert as_openvino(onnx, None, tmp_path / "cache") == beside
    onnx.write_bytes(b"weights of the user's own")
    assert as_openvino(onnx, None, tmp_path / "cache").parent == tmp_path / "cache"
    assert converter.calls == 1


def test_the_shipped_quantised_detector_is_of_the_shipped_detector() -> None:
    shipped = Settings().vehicle_detector.model_path
    assert shipped is not None
    assert as_openvino(shipped, None, Path("nowhere")) == quantised_folder(shipped)


def test_a_failed_conversion_leaves_nothing_behind(tmp_path: Path, onnx: Path, converter: Converter) -> None:
    converter.fails = True
    with pytest.raises(RuntimeError, match="operator not supported"):
        as_openvino(onnx, None, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
    converter.fails = False
    assert as_openvino(onnx, None, tmp_path / "cache").is_dir()


def test_another_process_that_was_faster_is_believed(
    tmp_path: Path, onnx: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"

    def convert(onnx_path: Path, imgsz: object, folder: Path) -> None:
        folder.mkdir()
        theirs = cache / folder.name
        theirs.mkdir()
        (theirs / "theirs.xml").touch()

    monkeypatch.setattr(model_cache, "_convert", convert)
    folder = as_openvino(onnx, None, cache)
    assert [path.name for path in folder.iterdir()] == ["theirs.xml"]
    assert list(cache.iterdir()) == [folder]


def test_a_missing_file_is_an_error(tmp_path: Path, converter: Converter) -> None:
    with pytest.raises(FileNotFoundError):
        as_openvino(tmp_path / "gone.onnx", None, tmp_path / "cache")
    assert converter.calls == 0


def test_the_cache_is_where_the_user_wants_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "traffic-monitor"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_cache_dir() == tmp_path / "home" / ".cache" / "traffic-monitor"


@pytest.mark.parametrize(("backend", "export"), [("openvino", "as_openvino"), ("onnxruntime", "as_onnx")])
def test_a_model_that_cannot_be_converted_runs_as_it_is_with_a_warning_on_the_terminal(
    backend: str, export: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> Path:
        raise RuntimeError("operator not supported")

    loaded: list[Path] = []
    monkeypatch.setattr(yolo, export, fail)
    monkeypatch.setattr(yolo, "UltralyticsDetector", lambda path, *_: loaded.append(path))
    settings = DetectorSettings(model_path=tmp_path / "car.pt", conf_threshold=0.4, backend=Backend(backend))
    terminal = logger.add(lambda message: os.write(2, message.encode()), level="WARNING")
    try:
        load_detector("vehicle_detector", settings)
    finally:
        logger.remove(terminal)
    assert loaded == [tmp_path / "car.pt"]
    assert f"could not be converted to {backend} and runs as it is, slower: operator" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("backend", "device", "name", "has_gpu", "expected"),
    [
        pytest.param("auto", "auto", "car.pt", False, ("openvino", "cpu"), id="without a GPU OpenVINO"),
        pytest.param("auto", "auto", "car.pt", True, ("torch", "cuda:0"), id="with one PyTorch"),
        pytest.param("auto", "auto", "car.onnx", True, ("onnxruntime", "cuda:0"), id="or ONNX Runtime"),
        pytest.param("auto", "cpu", "car.pt", True, ("openvino", "cpu"), id="unless the processor is wanted"),
        pytest.param("openvino", "auto", "car.pt", True, ("openvino", "cpu"), id="or OpenVINO is"),
        pytest.param("torch", "auto", "car.pt", False, ("torch", "cpu"), id="PyTorch where it is wanted"),
    ],
)
def test_the_library_suits_file_and_machine(
    backend: str, device: str, name: str, has_gpu: bool, expected: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = DetectorSettings(model_path=Path(name), conf_threshold=0.4, backend=Backend(backend), device=device)
    monkeypatch.setattr(yolo, "has_nvidia_driver", lambda: has_gpu)
    monkeypatch.setattr("torch.cuda.is_available", lambda: has_gpu)
    chosen = yolo._device(settings)
    assert (yolo._backend(settings.backend, Path(name), chosen), chosen) == expected


@pytest.mark.parametrize(("backend", "name"), [("torch", "car.onnx"), ("onnxruntime", "folder_openvino_model")])
def test_a_file_that_the_backend_cannot_run_is_refused(backend: str, name: str) -> None:
    with pytest.raises(ValueError, match=f"backend {backend} runs"):
        DetectorSettings(model_path=Path(name), conf_threshold=0.4, backend=Backend(backend))
