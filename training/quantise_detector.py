"""The shipped vehicle detector with eight-bit integers, for OpenVINO: two thirds of the processor time.

    pip install nncf
    python -m training.quantise_detector --shared ../shared

Writes `weights/vehicle_detector_int8_openvino_model`, which the application uses instead of an export of its own
as long as `weights/vehicle_detector.pt` is the file it was made from. The ranges of the activations come from
pictures the detector was trained on, equally many of each set. Every third is shown as an old small camera would:
calibrated with sharp pictures only, the network lost one sure answer in fifty on such views. The head stays in
floating point: quantised too, the detector finds two vehicles in a hundred less and is faster by a tenth. So do
the first two layers, which see faint differences of grey; that costs two hundredths of the network's time.
"""

import argparse
import random
import shutil
from pathlib import Path

import cv2
import nncf
import numpy as np
import numpy.typing as npt
import openvino as ov
import yaml

from traffic_monitor.inference.model_cache import MADE_FROM, as_openvino, digest, quantised_folder
from traffic_monitor.inference.openvino_model import fit_into
from traffic_monitor.shared_utils.frame_codec import Image

SETS = ("atl_version_2", "highway_object_detection", "manaus_traffic", "topview_vehicle", "vehicles_openimages")
INPUT = (416, 640)
"""Height and width at which the application searches pictures of 16:9."""
FLOATING = [r".*model\.23.*", r".*model\.0[./].*", r".*model\.1[./].*"]
"""Names of the operations that stay in floating point: the head's and those of the first two layers."""
SEED = 0

COARSE_EVERY = 3
COARSE_SIZE = (352, 288)
"""Width and height of a small camera's picture (CIF)."""
COARSE_INPUT = (576, 640)
"""Height and width at which the application searches it."""
COARSE_CONTRAST = (0.4, 1.0)
COARSE_BRIGHTNESS = (-40, 25)
"""Grey levels added."""
COARSE_JPEG_QUALITY = (25, 70)


def calibration_pictures(folder: Path, number: int) -> list[Path]:
    """So many pictures, equally many of each set, in random order."""
    drawn = random.Random(SEED)
    chosen: list[Path] = []
    for name in SETS:
        pictures = sorted((folder / name).rglob("*.jpg"))
        chosen += drawn.sample(pictures, number // len(SETS))
    drawn.shuffle(chosen)
    return chosen


def coarse(image: Image, drawn: random.Random) -> Image:
    """A picture as an old small camera shows it: few pixels, low contrast, strongly compressed."""
    small = cv2.resize(image, COARSE_SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
    contrast = drawn.uniform(*COARSE_CONTRAST)
    brightness = drawn.uniform(*COARSE_BRIGHTNESS)
    dull = np.clip((small - 128) * contrast + 128 + brightness, 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", dull, [cv2.IMWRITE_JPEG_QUALITY, drawn.randint(*COARSE_JPEG_QUALITY)])
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), dtype=np.uint8)


def as_input(numbered: tuple[int, Path]) -> npt.NDArray[np.float32]:
    """The network's input for a picture and its number: RGB, 0-1, shape (1, 3, height, width)."""
    number, picture = numbered
    image = np.asarray(cv2.imread(str(picture)), dtype=np.uint8)
    shape = INPUT
    if number % COARSE_EVERY == 0:
        image, shape = coarse(image, random.Random(picture.name)), COARSE_INPUT
    image, *_ = fit_into(image, shape)
    return image[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255


def main() -> None:
    """Export, quantise, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=Path("weights/vehicle_detector.pt"))
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--cache", type=Path, default=Path("runs/quantise"))
    args = parser.parse_args()
    target = quantised_folder(args.weights)
    shutil.rmtree(target, ignore_errors=True)
    export = as_openvino(args.weights, None, args.cache)
    pictures = calibration_pictures(args.shared / "train/vehicles", args.pictures)
    quantised = nncf.quantize(
        ov.Core().read_model(next(export.glob("*.xml"))),
        nncf.Dataset(list(enumerate(pictures)), as_input),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(pictures),
        ignored_scope=nncf.IgnoredScope(patterns=FLOATING),
    )
    target.mkdir()
    ov.save_model(quantised, target / f"{args.weights.stem}.xml")
    metadata = yaml.safe_load((export / "metadata.yaml").read_text(encoding="utf-8"))
    metadata[MADE_FROM] = digest(args.weights)
    (target / "metadata.yaml").write_text(yaml.safe_dump(metadata, sort_keys=False), encoding="utf-8")
    print(f"{target}: {sum(file.stat().st_size for file in target.iterdir()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
