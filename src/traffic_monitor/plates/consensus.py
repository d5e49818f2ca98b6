"""Many readings of one vehicle's plate, one answer."""

from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True)
class Consensus:
    """What all readings of a plate say together."""

    text: str
    confidence: float
    """0-1: how sure the readings of this text were, times their share of all readings' weight."""
    readings: int


class PlateConsensus:
    """Collects the readings of one vehicle; the text with the largest summed confidence wins."""

    def __init__(self) -> None:
        self._confidences: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, text: str, confidence: float) -> None:
        """Add one reading. An empty text is no reading and changes nothing."""
        if text:
            self._confidences[text].append(confidence)

    def result(self) -> Consensus:
        """The answer so far; an empty text with confidence 0 before the first reading."""
        if not self._confidences:
            return Consensus("", 0.0, 0)
        weights = {text: sum(values) for text, values in self._confidences.items()}
        best = max(weights, key=lambda text: weights[text])
        readings = sum(len(values) for values in self._confidences.values())
        total = sum(weights.values())
        if total == 0:
            return Consensus(best, 0.0, readings)
        mean = weights[best] / len(self._confidences[best])
        return Consensus(best, mean * weights[best] / total, readings)
