"""Image cache for the detector trainers: every licensed picture decoded and scaled once, kept in one flat
file.

Decoding JPEGs and video frames again for every sample costs a tenth of a training step on a CPU, so the
pictures are stored as raw BGR bytes (`pixels.bin`) beside an index (`index.json`) that names each picture's
source, size and boxes. `python -m training.detector_data vehicles --out runs/detectors/vehicles` builds one.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.detector_peers import AgreeingPeers
from training.plate_boxes import PlateTeacher, completed

Image = NDArray[np.uint8]

LONG_SIDE = 640
"""Pixels of a cached picture's longer side: the scale at which the application looks at a frame."""

VALIDATION_EVERY = 20
"""Of the still pictures every twentieth is kept back to watch the loss on pictures never trained on."""


@dataclass(frozen=True)
class Source:
    """One folder of pictures or one clip.

    `weight` is the share of samples drawn from it (relative to the other sources), `frame_step` the distance
    between two frames taken from a clip, `plates` says that its label files hold plate boxes as class 0,
    `squared` that the pictures were stretched to a square from some wider shape, `drawn` that they come from
    the scene generator, `top_view` that the camera looks straight down, where the vehicle teacher sees nothing.
    """

    path: str
    weight: float
    frame_step: int = 0
    plates: bool = False
    squared: bool = False
    drawn: bool = False
    top_view: bool = False

    @property
    def exact(self) -> bool:
        """Whether vehicles are learned from the boxes of this source, and not from the teacher's answer."""
        return self.drawn or self.top_view


# Left out on purpose: everything set aside for measuring or whose licence is not stated.
VEHICLE_SOURCES = (
    Source("train/vehicles/atl_version_2", 3.0),
    Source("train/vehicles/manaus_traffic", 2.0),
    Source("train/vehicles/topview_vehicle", 1.0, squared=True),
    Source("train/vehicles/vehicles_openimages", 2.0, squared=True),
    Source("train/vehicles/highway_object_detection", 2.0),
    Source("train/plates/openimages_license_plates", 1.5, plates=True, squared=True),
    Source("train/plates/romanian_dashcam", 2.0, plates=True),
    Source("train/plates/experiment_plates", 0.5, plates=True, squared=True),
    Source("videos/abhishek_highway.mp4", 1.2, frame_step=4),
    Source("videos/iacv_foreste.mp4", 1.0, frame_step=5),
    Source("videos/iacv_salitona.mp4", 1.0, frame_step=5),
    Source("videos/opencv4nodejs_traffic.mp4", 1.2, frame_step=5),
    Source("videos/otvision/Testvideo_Cars-Cyclist_FR20_2020-01-01_00-00-00.mp4", 0.4, frame_step=5),
    Source("videos/otvision/Testvideo_Cars-Truck_FR20_2020-01-01_00-00-00.mp4", 0.4, frame_step=5),
    Source("train/vehicles2/bus_truck_closeups", 2.0, squared=True),
    Source("train/plates2/indonesia", 0.7, plates=True),
    Source("train/plates2/vietnam_motorcycles", 0.5, plates=True),
    Source("train/plates2/thai_street", 0.4, plates=True, squared=True),
    Source("train/plates2/india_phone", 0.7, plates=True),
    Source("train/plates2/sri_lanka", 0.7, plates=True, squared=True),
    Source("train/plates2/turkey", 0.7, plates=True),
    Source("train/plates2/russia", 0.5, plates=True, squared=True),
    Source("train/vehicles2/aerial_cars_minsk", 0.2, top_view=True),
    Source("videos/intel_car-detection.mp4", 0.2, frame_step=2, top_view=True),
)

PLATE_SOURCES = (
    Source("train/plates/openimages_license_plates", 3.0, plates=True, squared=True),
    Source("train/plates/experiment_plates", 3.0, plates=True, squared=True),
    Source("train/plates/romanian_dashcam", 2.0, plates=True),
    Source("train/vehicles/highway_object_detection", 1.5),
    Source("train/vehicles/vehicles_openimages", 1.5, squared=True),
    Source("train/vehicles2/bus_truck_closeups", 1.0, squared=True),
    Source("train/plates2/indonesia", 2.0, plates=True),
    Source("train/plates2/vietnam_motorcycles", 0.8, plates=True),
    Source("train/plates2/thai_street", 0.5, plates=True, squared=True),
    Source("train/plates2/india_phone", 1.0, plates=True),
    Source("train/plates2/sri_lanka", 0.8, plates=True, squared=True),
    Source("train/plates2/turkey", 0.8, plates=True),
    Source("train/plates2/russia", 0.6, plates=True, squared=True),
)

SOURCES = {"vehicles": VEHICLE_SOURCES, "plates": PLATE_SOURCES}

DRAWN_WEIGHTS = {"vehicles": 1.5, "plates": 2.5}
"""Share of the samples that come from drawn scenes, where there are any."""

CAR = 0.0
"""Class of a vehicle seen from above: the sets do not tell which type it is, and nearly all are cars."""


@dataclass(frozen=True)
class CachedPicture:
    """Where one picture lies in `pixels.bin`.

    `boxes` are rows (class, x1, y1, x2, y2) in pixels of the cached picture, x right, y down.
    """

    source: int
    name: str
    offset: int
    height: int
    width: int
    validation: bool
    boxes: list[list[float]]


def scaled(image: Image, long_side: int = LONG_SIDE) -> Image:
    """Shrink a picture so that its longer side is at most `long_side` pixels; smaller ones stay as they
    are.
    """
    height, width = image.shape[:2]
    factor = long_side / max(height, width)
    if factor >= 1:
        return image
    size = (round(width * factor), round(height * factor))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def read_boxes(label_file: Path, width: int, height: int) -> list[list[float]]:
    """Rows (class, x1, y1, x2, y2) in pixels from a YOLO text file; none where the file is missing or
    empty.
    """
    if not label_file.exists():
        return []
    rows = []
    for line in label_file.read_text().splitlines():
        cls, x, y, w, h = (float(v) for v in line.split()[:5])
        rows.append([cls, (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height])
    return rows


def still_pictures(folder: Path, labels: Path) -> Iterator[tuple[str, Image, list[list[float]]]]:
    """Name, BGR picture and boxes of every labelled photo of one set, in the order of the names."""
    for file in sorted((folder / "images").glob("*.jpg")):
        image = cv2.imread(str(file))
        if image is None:
            raise FileNotFoundError(f"{file} is no picture that OpenCV can read")
        image = scaled(np.asarray(image, dtype=np.uint8))
        height, width = image.shape[:2]
        yield file.stem, image, read_boxes(labels / f"{file.stem}.txt", width, height)


def clip_pictures(file: Path, frame_step: int) -> Iterator[tuple[str, Image, list[list[float]]]]:
    """Every `frame_step`-th frame of a clip; clips carry no boxes of their own, the teacher labels them."""
    capture = cv2.VideoCapture(str(file))
    number = 0
    while True:
        ok, frame = capture.read()
        if not ok:
            break
        if number % frame_step == 0:
            yield f"{file.stem}#{number}", scaled(np.asarray(frame, dtype=np.uint8)), []
        number += 1
    capture.release()


def pictures_of(source: Source, task: str, shared: Path) -> Iterator[tuple[str, Image, list[list[float]]]]:
    """Name, BGR picture and labelled boxes of everything one source holds.

    Seen from above every vehicle is a car; of a clip seen from above only frames in which the peers agree on
    one are taken.
    """
    path = shared / source.path
    if not source.frame_step:
        pictures = still_pictures(path, path / task / "labels" if source.drawn else path / "labels")
        if source.top_view:
            return ((name, image, [[CAR, *box[1:]] for box in boxes]) for name, image, boxes in pictures)
        return pictures
    pictures = clip_pictures(path, source.frame_step)
    if source.top_view:
        peers = AgreeingPeers(shared / "peers")
        labelled = ((name, *peers.completed(image)) for name, image, _ in pictures)
        return ((name, image, [[CAR, *box] for box in boxes]) for name, image, boxes in labelled if boxes)
    return pictures


def build_cache(shared: Path, task: str, out: Path, scenes: Path | None = None) -> int:
    """Write `pixels.bin` and `index.json` under `out`; returns the number of pictures.

    For plates the boxes of photos are completed by the shared plate detector. `scenes` is a folder of
    `training.scene.random_scenes`.
    """
    drawn = [Source(str(scenes.resolve()), DRAWN_WEIGHTS[task], plates=True, drawn=True)] if scenes else []
    sources = [*SOURCES[task], *drawn]
    teacher = PlateTeacher(shared / "weights/license_plate_detector_320_int8.onnx") if task == "plates" else None
    out.mkdir(parents=True, exist_ok=True)
    pictures: list[CachedPicture] = []
    offset = 0
    with (out / "pixels.bin").open("wb") as pixels:
        for number, source in enumerate(sources):
            for order, (name, image, boxes) in enumerate(pictures_of(source, task, shared)):
                if teacher is not None and not source.drawn:
                    image, boxes = completed(image, boxes if source.plates else [], teacher)
                height, width = image.shape[:2]
                validation = not source.frame_step and order % VALIDATION_EVERY == VALIDATION_EVERY - 1
                pictures.append(CachedPicture(number, name, offset, height, width, validation, boxes))
                pixels.write(np.ascontiguousarray(image).tobytes())
                offset += image.size
    index = {"sources": [asdict(s) for s in sources], "pictures": [asdict(p) for p in pictures]}
    (out / "index.json").write_text(json.dumps(index))
    return len(pictures)


class PictureCache:
    """Read access to a built cache; the pixels stay on disk and are mapped into memory."""

    def __init__(self, folder: Path) -> None:
        index = json.loads((folder / "index.json").read_text())
        self.sources = [Source(**s) for s in index["sources"]]
        self.pictures = [CachedPicture(**p) for p in index["pictures"]]
        self._pixels = np.memmap(folder / "pixels.bin", dtype=np.uint8, mode="r")

    def image(self, picture: CachedPicture) -> Image:
        """BGR pixels of one picture, shape (height, width, 3)."""
        size = picture.height * picture.width * 3
        flat = self._pixels[picture.offset : picture.offset + size]
        return np.asarray(flat.reshape(picture.height, picture.width, 3))

    def chances(
        self, validation: bool, exact: bool | None = None
    ) -> tuple[list[CachedPicture], NDArray[np.float64]]:
        """The pictures of one part and the chance of each to be taken, by its source's weight.

        `exact` asks for the sources with exact boxes alone or for the others alone; None for both.
        """
        part = [
            p
            for p in self.pictures
            if p.validation == validation and (exact is None or self.sources[p.source].exact == exact)
        ]
        counts = Counter(p.source for p in part)
        weights = np.array([self.sources[p.source].weight / counts[p.source] for p in part])
        return part, weights / weights.sum()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=sorted(SOURCES))
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scenes", type=Path, help="drawn scenes to train on as well")
    args = parser.parse_args()
    count = build_cache(args.shared, args.task, args.out, args.scenes)
    print(f"{count} pictures cached under {args.out}")


if __name__ == "__main__":
    main()
