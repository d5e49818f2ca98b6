"""Whether models are the files that they were when they were shipped, by the list ``SHA256SUMS`` beside them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from traffic_monitor.app.check_result import Check

HASHES_FILE = "SHA256SUMS"
"""As ``sha256sum`` writes and checks it."""


def check_hashes(subject: str, model: Path | None) -> Iterator[Check]:
    """The first file of a model that is not what the list beside it says; nothing where all is right, or no list.

    The files of a model are those in the list whose path begins with its name without the ending: a ``.pt`` has
    its OpenVINO variants beside it.
    """
    hashes = model.parent / HASHES_FILE if model is not None else None
    if model is None or hashes is None or not hashes.is_file():
        return
    for line in hashes.read_text(encoding="utf-8").splitlines():
        pinned, name = line.split(maxsplit=1)
        path = hashes.parent / name
        if name.startswith(model.stem) and path.is_file() and _hash_of(path) != pinned:
            told = f"{path} is not the file of {hashes}: damaged, or another model, which needs a name of its own"
            yield Check(subject, False, told)
            return


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
