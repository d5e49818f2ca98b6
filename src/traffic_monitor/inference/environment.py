"""Keeps third-party packages from talking and from reaching for the network."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType


def prepare_environment() -> None:
    """Set the environment variables the model libraries read when imported. Call before importing them."""
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    os.environ.setdefault("YOLO_OFFLINE", "true")
    os.environ.setdefault("YOLO_VERBOSE", "false")
    if "YOLO_CONFIG_DIR" not in os.environ:
        folder = (
            Path(tempfile.gettempdir()) / f"traffic-monitor-ultralytics-{os.getuid() if os.name == 'posix' else 0}"
        )
        folder.mkdir(mode=0o700, exist_ok=True)
        os.environ["YOLO_CONFIG_DIR"] = str(folder)
    os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
    os.environ.setdefault("GLOG_minloglevel", "2")


def thread_budget() -> int:
    """Processor threads that this process may use for its model: its share, or all where it has none."""
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def has_nvidia_driver() -> bool:
    """Whether it is worth the seconds and the memory to ask PyTorch for a GPU."""
    return shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia").exists()


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Send what libraries print while they load, from Python or from C, to nowhere."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        kept = [os.dup(descriptor) for descriptor in (1, 2)]
        try:
            for descriptor in (1, 2):
                os.dup2(nowhere.fileno(), descriptor)
            yield
        finally:
            for descriptor, original in zip((1, 2), kept, strict=True):
                os.dup2(original, descriptor)
                os.close(original)


@contextlib.contextmanager
def left_out(name: str) -> Iterator[None]:
    """Give imports in here an empty module instead of a package that they ask for but need not have."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = ModuleType(name)
    try:
        yield
    finally:
        del sys.modules[name]
