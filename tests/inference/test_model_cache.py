"""Converted models are kept, and only whole ones. The conversion itself is faked."""

import fcntl
import os
from pathlib import Path

import pytest
from loguru import logger

from traffic_monitor.inference import model_cache, yolo
from traffic_monitor.inference.model_cache import (
    as_openvino,
    default_cache_dir,
    digest,
    quantised_folder,
    usable_cache_dir,
)
from traffic_monitor.inference.yolo import load_detector
from traffic_monitor.settings import Backend, DetectorSettings, Settings
from traffic_monitor.shared_utils.errors import ServiceError


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


def leftover_in(cache: Path) -> Path:
    """What a process that was killed while it converted a model leaves behind."""
    part = cache / "tmp4z_k1x" / "car_openvino_model"
    part.mkdir(parents=True)
    (part / "car.bin").write_bytes(b"half")
    return part.parent


@pytest.mark.parametrize("is_kept", [False, True], ids=["to be converted", "in the cache"])
def test_what_a_killed_conversion_left_is_cleaned_at_the_next_start(
    is_kept: bool, tmp_path: Path, onnx: Path, converter: Converter
) -> None:
    cache = tmp_path / "cache"
    if is_kept:
        as_openvino(onnx, None, cache)
    leftover_in(cache)
    folder = as_openvino(onnx, None, cache)
    assert list(cache.iterdir()) == [folder]


def test_what_a_process_converts_at_the_moment_is_left_alone(
    tmp_path: Path, onnx: Path, converter: Converter
) -> None:
    cache = tmp_path / "cache"
    as_openvino(onnx, None, cache)
    part = leftover_in(cache)
    other = os.open(cache, os.O_RDONLY)
    try:
        fcntl.flock(other, fcntl.LOCK_EX)
        as_openvino(onnx, None, cache)
        assert part.exists()
    finally:
        os.close(other)


def test_where_no_cache_can_be_made_a_temporary_folder_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_lines: list[str]
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(model_cache.tempfile, "tempdir", str(tmp_path / "tmp"))
    assert usable_cache_dir() == tmp_path / "tmp" / f"traffic-monitor-models-{os.getuid()}"
    assert len(log_lines) == 1
    assert log_lines[0].startswith("WARNING converted models cannot be kept: ")
    monkeypatch.setattr(model_cache.tempfile, "tempdir", str(tmp_path / "file"))
    assert usable_cache_dir() is None


def test_a_user_without_a_home_keeps_models_in_a_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_lines: list[str]
) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(model_cache.Path, "home", no_home)
    monkeypatch.setattr(model_cache.tempfile, "tempdir", str(tmp_path))
    assert usable_cache_dir() == tmp_path / f"traffic-monitor-models-{os.getuid()}"
    assert log_lines == ["WARNING converted models cannot be kept: Could not determine home directory.\n"]


def test_a_cache_that_can_be_written_is_used_and_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_lines: list[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "new"))
    assert usable_cache_dir() == tmp_path / "new" / "traffic-monitor"
    assert (list((tmp_path / "new" / "traffic-monitor").iterdir()), log_lines) == ([], [])


def test_a_temporary_folder_of_somebody_else_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(model_cache.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(model_cache.os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    assert usable_cache_dir() is None


class FakeOpenVino:
    """Loads folders whose model is not marked as damaged."""

    loaded: list[tuple[Path, object]]

    def __init__(self, folder: Path, *options: object) -> None:
        if (folder / "model.xml").read_bytes() == b"half":
            raise RuntimeError("Incorrect weights\nin bin file!")
        self.loaded.append((folder, options[-1]))


@pytest.fixture
def openvino(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[FakeOpenVino]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(FakeOpenVino, "loaded", [], raising=False)
    monkeypatch.setattr(yolo, "OpenVinoDetector", FakeOpenVino)
    return FakeOpenVino


def load(model: Path) -> None:
    load_detector("lp_detector", DetectorSettings(model_path=model, conf_threshold=0.4, device="cpu"))


def test_a_damaged_model_in_the_cache_is_made_anew(
    onnx: Path, converter: Converter, openvino: type[FakeOpenVino], log_lines: list[str]
) -> None:
    folder = as_openvino(onnx, None, default_cache_dir())
    (folder / "model.xml").write_bytes(b"half")
    load(onnx)
    assert openvino.loaded == [(folder, default_cache_dir() / "compiled")]
    assert converter.calls == 2
    assert log_lines == [f"WARNING {folder} is damaged and is made anew: Incorrect weights in bin file!\n"]


def test_a_model_that_is_damaged_itself_is_made_anew_once_and_then_refused(
    onnx: Path, converter: Converter, openvino: type[FakeOpenVino], monkeypatch: pytest.MonkeyPatch
) -> None:
    def convert(onnx_path: Path, imgsz: object, folder: Path) -> None:
        converter(onnx_path, imgsz, folder)
        (folder / "model.xml").write_bytes(b"half")

    monkeypatch.setattr(model_cache, "_convert", convert)
    with pytest.raises(ServiceError, match="cannot be loaded as a YOLO model: Incorrect weights in bin file!"):
        load(onnx)
    assert converter.calls == 2


def quantised_beside(model: Path, metadata: str | None, weights: bytes = b"int8") -> Path:
    folder = quantised_folder(model)
    folder.mkdir()
    (folder / "model.xml").write_bytes(weights)
    if metadata is not None:
        (folder / "metadata.yaml").write_text(metadata)
    return folder


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param("names: [1, {", id="no YAML"),
        pytest.param("hello", id="a text"),
        pytest.param("", id="empty"),
        pytest.param(None, id="missing"),
    ],
)
def test_broken_metadata_of_the_quantised_form_is_reported_and_the_model_converted(
    metadata: str | None, onnx: Path, converter: Converter, openvino: type[FakeOpenVino], log_lines: list[str]
) -> None:
    folder = quantised_beside(onnx, metadata)
    load(onnx)
    assert [loaded.name.startswith("plates-") for loaded, _ in openvino.loaded] == [True]
    assert [line.partition(" is damaged")[0] for line in log_lines] == [f"WARNING {folder / 'metadata.yaml'}"]


def test_a_quantised_form_that_cannot_be_loaded_is_reported_and_the_model_converted(
    onnx: Path, converter: Converter, openvino: type[FakeOpenVino], log_lines: list[str]
) -> None:
    folder = quantised_beside(onnx, f"made_from: {digest(onnx)}", b"half")
    load(onnx)
    assert [loaded.name.startswith("plates-") for loaded, _ in openvino.loaded] == [True]
    assert log_lines[0].startswith(f"WARNING {folder} cannot be loaded, so {onnx} is converted: Incorrect weights")


def test_without_any_cache_the_shipped_detector_runs_all_the_same(
    tmp_path: Path, openvino: type[FakeOpenVino], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "car.onnx").write_bytes(b"weights")
    folder = quantised_beside(tmp_path / "car.onnx", f"made_from: {digest(tmp_path / 'car.onnx')}")
    monkeypatch.setattr(yolo, "usable_cache_dir", lambda: None)
    load(tmp_path / "car.onnx")
    assert openvino.loaded == [(folder, None)]


@pytest.mark.parametrize(("backend", "export"), [("openvino", "converted"), ("onnxruntime", "as_onnx")])
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
