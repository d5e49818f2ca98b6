"""Keeps third-party packages from talking and from reaching for the network."""

import contextlib
import ctypes
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Collection, Iterator
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar


def prepare_environment() -> None:
    """Set the environment variables the model libraries read when imported. Call before importing them."""
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    os.environ.setdefault("YOLO_OFFLINE", "true")
    os.environ.setdefault("YOLO_VERBOSE", "false")
    if "YOLO_CONFIG_DIR" not in os.environ:
        with contextlib.suppress(OSError):  # Then Ultralytics finds a place of its own, or does without.
            os.environ["YOLO_CONFIG_DIR"] = str(_temporary_folder("ultralytics"))
    os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
    os.environ.setdefault("GLOG_minloglevel", "2")


def give_paddle_a_cache() -> None:
    """Give PaddleOCR a temporary folder where the user has no home that can be written. Call before importing it.

    It makes a folder for its cache when it is imported, and fails where it cannot.
    """
    if "PADDLE_PDX_CACHE_HOME" in os.environ:
        return
    try:
        folder = Path.home() / ".paddlex"
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except (OSError, RuntimeError):  # The latter where nobody knows of a home.
        os.environ["PADDLE_PDX_CACHE_HOME"] = str(_temporary_folder("paddle"))


def _temporary_folder(name: str) -> Path:
    """A folder of this user's own for files that a library wants to keep."""
    user = os.getuid() if os.name == "posix" else 0
    folder = Path(tempfile.gettempdir()) / f"traffic-monitor-{name}-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


class _SignalStack(ctypes.Structure):
    """``stack_t`` of ``sigaltstack(2)`` on Linux."""

    _fields_: ClassVar = [("start", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]


SS_DISABLE = 2


def leave_signals_alone() -> None:
    """Undo what paddle does when it is imported: on SIGTERM it prints a C++ traceback and ends the process.

    What a signal means is decided by the program, which lets its services finish what is queued.
    """
    paddle = sys.modules.get("paddle")
    if paddle is not None:
        paddle.disable_signal_handler()
        if threading.current_thread() is threading.main_thread():  # No other may set handlers.
            signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))  # Python's own, which was pushed out.


def use_ordinary_signal_stack() -> None:
    """Have signals of this thread handled on its ordinary stack. Call after OpenVINO has loaded its CPU plugin.

    The plugin gives the thread a signal stack of 12 KB, which cannot hold the registers of a processor with AMX:
    the next signal for which Python has a handler, such as Ctrl-C, can end the process with SIGSEGV.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).sigaltstack(ctypes.byref(_SignalStack(None, SS_DISABLE, 0)), None)


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
def stubbed_imports(*names: str) -> Iterator[None]:
    """Replace packages that are imported but not needed by stub modules, inside this context.

    Whatever is taken from such a module is a hollow class, which can be called, subclassed and asked for more.
    Packages that are there already stay as they are.
    """
    finder = _HollowFinder({name for name in names if name not in sys.modules})
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name, module in sys.modules.items() if isinstance(module, _HollowModule)]:
            del sys.modules[name]


class _HollowType(type):
    def __getattr__(cls, name: str) -> type:
        return _hollow(name)

    def __call__(cls, *_arguments: object, **_options: object) -> Any:
        return super().__call__()


class _HollowModule(ModuleType):
    def __getattr__(self, name: str) -> type:
        return _hollow(name)


def _hollow(name: str) -> type:
    if name.startswith("__"):  # Whoever asks for these wants to know what it is.
        raise AttributeError(name)
    return _HollowType(name, (), {})


class _HollowFinder(MetaPathFinder, Loader):
    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> ModuleSpec | None:
        """Any module of the packages that are left out."""
        return ModuleSpec(fullname, self, is_package=True) if fullname.partition(".")[0] in self._names else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A module with nothing in it."""
        return _HollowModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""
