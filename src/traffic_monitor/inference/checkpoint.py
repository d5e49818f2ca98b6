"""Looks into PyTorch's ``.pt`` files without loading them.

Such a file is a pickle, and loading a pickle calls whatever functions it names. Ultralytics loads its models in
this way and offers no safe one. So the file is first read with nothing behind its names, and refused when it names
more than a YOLO model needs.
"""

import pickle
import re
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

FUNCTIONS = re.compile(
    r"torch\._utils\._rebuild_\w+|torch\.(\w+Storage|Size|device|Tensor|b?float\w*|u?int\d+|half|double|long|bool)"
    r"|torch\.nn\.parameter\.\w+|torch\.storage\.(Untyped|Typed)Storage"
    r"|numpy\.(ndarray|dtype)|numpy\._?core\.multiarray\.(_reconstruct|scalar)|_codecs\.encode"
    r"|(__builtin__|builtins)\.(set|frozenset|dict|list|tuple|slice|range|bytearray|int|float|str|bool|complex|object)"
    r"|collections\.(OrderedDict|defaultdict)|copyreg\._reconstructor|pathlib\.\w*Path|types\.SimpleNamespace"
    r"|datetime\.(datetime|date|timedelta|timezone)|ultralytics\.utils\.IterableSimpleNamespace"
)
"""What may be called while a model is loaded: it makes tensors, containers and plain values."""

CLASSES = re.compile(
    r"torch\.nn\.modules\.\w+\.[A-Z]\w*|ultralytics\.nn\.(modules(\.\w+)?|tasks)\.[A-Z]\w*"
    r"|ultralytics\.utils\.(loss|tal)\.[A-Z]\w*"
)
"""Of which objects may be made and filled, but whose constructors must not be called: some of them run texts."""


ZIP_BEGINS = b"PK\x03\x04"
MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
"""Of PyTorch's older form (``torch/serialization.py``)."""


class CheckpointError(Exception):
    """The file is no PyTorch model, or one that runs foreign code. The message is for people."""


@dataclass
class Checkpoint:
    """What a ``.pt`` file holds, as far as that can be seen without loading it."""

    names: Mapping[int, str] | None
    """Class names of a detector by class id; None where the file states none."""


def inspect_checkpoint(path: Path) -> Checkpoint:
    """Read a ``.pt`` file without running anything in it.

    Raises:
        CheckpointError: it is no PyTorch file, it is damaged, or loading it would call what no model needs.
    """
    foreign: set[str] = set()
    try:
        with path.open("rb") as file:
            # PyTorch decides by the first bytes, too; an archive may also hang at the end of another file.
            is_archive = file.read(len(ZIP_BEGINS)) == ZIP_BEGINS
            file.seek(0)
            content = _content_of_archive(file, foreign) if is_archive else _content_of_pickles(file, foreign)
    except Exception as error:
        raise CheckpointError("is not a PyTorch file, or is damaged") from error
    if foreign:
        called = ", ".join(sorted(foreign)[:3])
        raise CheckpointError(
            f"would run code that no model needs ({called}); if you trust it, convert it to ONNX elsewhere"
        )
    return Checkpoint(_class_names(content))


def _content_of_archive(file: BinaryIO, foreign: set[str]) -> Any:
    with zipfile.ZipFile(file) as archive:
        (inside,) = [name for name in archive.namelist() if name.endswith("data.pkl")]
        with archive.open(inside) as pickled:
            return _Reader(pickled, foreign).load()


def _content_of_pickles(file: BinaryIO, foreign: set[str]) -> Any:
    """Of the form before PyTorch 1.6: magic number, version, machine, content and keys, a pickle each."""
    magic, _, _, content, _ = [_Reader(file, foreign).load() for _ in range(5)]
    if magic != MAGIC_NUMBER:
        raise ValueError("no PyTorch file")
    return content


def _class_names(content: Any) -> Mapping[int, str] | None:
    model = (content.get("ema") or content.get("model")) if isinstance(content, dict) else None
    names = model.state.get("names") if isinstance(model, _Stub) and isinstance(model.state, dict) else None
    return {int(number): str(name) for number, name in names.items()} if isinstance(names, dict) else None


class _Stub(dict[Any, Any]):
    """Stands for an object of any class: takes whatever the pickle gives it and does nothing."""

    name: ClassVar[str]
    foreign: ClassVar[set[str]]

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()
        self.state: Any = None
        if not FUNCTIONS.fullmatch(self.name):
            self.foreign.add(self.name)

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)

    def __bool__(self) -> bool:
        return True

    def append(self, _item: Any) -> None:
        """As lists have it."""

    def extend(self, _items: Any) -> None:
        """As lists have it."""


class _Reader(pickle.Unpickler):
    def __init__(self, file: Any, foreign: set[str]) -> None:
        super().__init__(file)
        self.foreign = foreign

    def find_class(self, module: str, name: str) -> Any:
        whole = f"{module}.{name}"
        if whole == "collections.OrderedDict":
            return OrderedDict
        if not FUNCTIONS.fullmatch(whole) and not CLASSES.fullmatch(whole):
            self.foreign.add(whole)
        return type(name, (_Stub,), {"name": whole, "foreign": self.foreign})

    def persistent_load(self, _pid: Any) -> None:
        """Tensors are not read."""
