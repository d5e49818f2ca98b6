"""What the plate consensus is worth: single view against consensus, and whether its confidence means what it says.

    python benchmarks/plate_consensus.py --shared ../shared [--config SETTINGS] [--set KEY=VALUE ...]

Each plate of the shared photos is degraded into 12 views, as a camera sees it on a passing vehicle: cut a little
differently, 30 to 100 pixels wide, blurred by focus or movement, noisy, JPEG. All views are read with the
recogniser of the settings; the readings go through the same consensus as in the application. The answers after 1
to 12 random views are the calibration set: their reliability is told, for the constants of ``plates/consensus.py``
and for constants fitted on the other four fifths of the plates.
"""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.optimize import minimize

from traffic_monitor.inference.text_recognition import PaddleTextRecognizer
from traffic_monitor.plates.consensus import CALIBRATION, Evidence, PlateConsensus, Reading, probability
from traffic_monitor.plates.reading import TextRecognizer, read_plate
from traffic_monitor.settings.loader import load_settings
from traffic_monitor.shared_utils.frame_codec import Image

REGIONS = ("us", "eu", "br")
VIEWS = 12
FAR_WIDTH, NEAR_WIDTH = 30, 100
"""Widths of a plate in pixels at the far and the near end of the way."""
DRAWS = (1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 6, 8, 8, 10, 12)
"""How many views each draw from a plate's views takes."""
FOLDS = 5
BINS = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1.01)
SEED = 20


@dataclass(frozen=True)
class Plate:
    """One labelled plate and what was read of it."""

    region: str
    text: str
    clean: str
    """Read from the photo as it is."""
    views: list[Reading]


@dataclass(frozen=True)
class Answer:
    """One consensus of the calibration set."""

    plate: int
    evidence: Evidence
    is_right: bool


def labelled_plates(shared: Path) -> Iterator[tuple[str, Image, list[int], str]]:
    """Region, photo, plate box as x, y, width, height, and text."""
    for region in REGIONS:
        for labels in sorted((shared / "plates/endtoend" / region).glob("*.txt")):
            for line in labels.read_text().splitlines():
                name, *box, text = line.split("\t")[:6]
                photo = cv2.imread(str(labels.parent / name))
                yield region, np.asarray(photo, dtype=np.uint8), [int(value) for value in box], text


def cut(photo: Image, box: Sequence[int], margins: Sequence[float]) -> Image:
    """The box with a share of its size added on the left, upper, right and lower side."""
    x, y, width, height = box
    left, top = max(round(x - margins[0] * width), 0), max(round(y - margins[1] * height), 0)
    right, bottom = round(x + (1 + margins[2]) * width), round(y + (1 + margins[3]) * height)
    return photo[top:bottom, left:right]


def degrade(photo: Image, box: Sequence[int], margin: float, rng: np.random.Generator) -> Image:
    """One view of a plate as a road camera gives it: of a vehicle anywhere on its way, so that most are small."""
    view = cut(photo, box, margin + rng.normal(0, 0.03, 4))
    distance = rng.uniform(1 / NEAR_WIDTH, 1 / FAR_WIDTH)
    scale = min(1 / distance / box[2], 1.0)
    view = np.asarray(cv2.resize(view, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    blur = rng.choice(["none", "focus", "movement"])
    if blur == "focus":
        view = np.asarray(cv2.GaussianBlur(view, (0, 0), rng.uniform(0.1, 1.3)), dtype=np.uint8)
    if blur == "movement":
        view = np.asarray(cv2.filter2D(view, -1, _streak(int(rng.integers(1, 6)), rng.uniform(-20, 20))), np.uint8)
    noisy = np.clip(view + rng.normal(0, rng.uniform(1, 9), view.shape), 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(55, 92))])
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), dtype=np.uint8)


def _streak(length: int, angle: float) -> np.ndarray:
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), angle, 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return kernel / kernel.sum()


def read_plates(recognizer: TextRecognizer, shared: Path, margin: float, min_confidence: float) -> list[Plate]:
    """Every plate of the photos, read as it is and in 12 views."""
    rng = np.random.default_rng(SEED)
    plates = []
    for region, photo, box, text in labelled_plates(shared):
        views = [read_plate(recognizer, degrade(photo, box, margin, rng), min_confidence) for _ in range(VIEWS)]
        clean = read_plate(recognizer, cut(photo, box, [margin] * 4), min_confidence)
        plates.append(Plate(region, text, clean.text, views))
    return plates


def consensus_of(views: Sequence[Reading]) -> PlateConsensus:
    """The consensus of some views."""
    consensus = PlateConsensus()
    for view in views:
        consensus.add(view)
    return consensus


def print_exact(plates: Sequence[Plate]) -> None:
    """Exact answers by region: the photo as it is, one view, the consensus of all views."""
    print(f"{'':8s}{'plates':>8s}{'photo':>8s}{'1 view':>8s}" + "".join(f"{k:>6d} views" for k in (3, 6, VIEWS)))
    for region in (*REGIONS, "all"):
        chosen = [plate for plate in plates if region in (plate.region, "all")]
        photo = np.mean([plate.clean == plate.text for plate in chosen])
        single = np.mean([view.text == plate.text for plate in chosen for view in plate.views])
        row = f"{region:8s}{len(chosen):8d}{photo:8.3f}{single:8.3f}"
        for number in (3, 6, VIEWS):
            parts = [(p, p.views[i : i + number]) for p in chosen for i in range(0, VIEWS, number)]
            row += f"{np.mean([consensus_of(views).result().text == plate.text for plate, views in parts]):12.3f}"
        print(row)


def draw_answers(plates: Sequence[Plate]) -> list[Answer]:
    """Answers after 1 to 12 random views of each plate."""
    rng = np.random.default_rng(SEED)
    answers = []
    for number, plate in enumerate(plates):
        for size in DRAWS:
            consensus = consensus_of([plate.views[i] for i in rng.choice(VIEWS, size, replace=False)])
            evidence = consensus.evidence()
            if evidence is not None:
                answers.append(Answer(number, evidence, consensus.result().text == plate.text))
    return answers


def fit_calibration(answers: Sequence[Answer]) -> tuple[float, ...]:
    """The constants of the logistic curve that suit these answers best (largest likelihood)."""

    def loss(constants: np.ndarray) -> float:
        chances = np.clip([probability(a.evidence, constants) for a in answers], 1e-9, 1 - 1e-9)
        right = np.array([a.is_right for a in answers])
        return float(-np.log(np.where(right, chances, 1 - chances)).mean())

    return tuple(round(float(value), 2) for value in minimize(loss, np.array(CALIBRATION)).x)


def print_reliability(title: str, answers: Sequence[Answer], chances: np.ndarray) -> None:
    """Said and true probability by bins of what was said."""
    right = np.array([answer.is_right for answer in answers])
    print(f"\n{title}\n{'said':>12s}{'answers':>9s}{'mean':>8s}{'right':>8s}")
    for low, high in itertools.pairwise(BINS):
        inside = (chances >= low) & (chances < high)
        if inside.any():
            says, is_so = chances[inside].mean(), right[inside].mean()
            print(f"{low:7.2f}-{min(high, 1):.2f}{inside.sum():9d}{says:8.3f}{is_so:8.3f}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--config", type=Path, default=Path("config/settings.yaml"))
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    settings = load_settings(arguments.config, arguments.overrides).ocr_reader
    recognizer = PaddleTextRecognizer(settings)
    plates = read_plates(recognizer, arguments.shared, settings.crop_margin, settings.min_confidence)
    print_exact(plates)

    answers = draw_answers(plates)
    said = np.array([probability(answer.evidence) for answer in answers])
    print_reliability(f"constants of the application {CALIBRATION}", answers, said)
    held_out = np.zeros(len(answers))
    for fold in range(FOLDS):
        constants = fit_calibration([answer for answer in answers if answer.plate % FOLDS != fold])
        for index, answer in enumerate(answers):
            if answer.plate % FOLDS == fold:
                held_out[index] = probability(answer.evidence, constants)
    print_reliability("fitted without the plate that is judged", answers, held_out)
    print(f"\nconstants fitted to all of them: {fit_calibration(answers)}")


if __name__ == "__main__":
    main()
