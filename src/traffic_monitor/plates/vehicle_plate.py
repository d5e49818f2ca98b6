"""What is known of one vehicle's plate, and whether it is to be read once more."""

from traffic_monitor.plates.consensus import Consensus, ConsensusState, PlateConsensus, Reading
from traffic_monitor.plates.text import PlateFormats
from traffic_monitor.shared_utils.constants import UnreadReason

LOST_AFTER_S = 2.0
"""Media seconds without a candidate after which a track may have come back as another vehicle. A vehicle on which
no plate is found is searched about every second."""

NEARER = 1.25
"""When a plate is this many times as wide as when it settled, it shows what could not be seen from afar: the seal
between the letters of a German plate is read as a letter at 60 pixels and left out at 70."""

RECHECK_READINGS = 3
"""Crops read of a settled plate after its track was lost or it came nearer: enough to contest the answer if they
disagree."""


class VehiclePlate:
    """Gathers the readings of one vehicle's plate. A settled plate is left alone until its track was lost
    or it has come nearer.

    Args:
        formats: the country's usual formats.
        min_confidence: least probability of an answer worth believing, 0-1.
        min_readings: fewer readings are no answer.
    """

    def __init__(self, formats: PlateFormats, min_confidence: float, min_readings: int) -> None:
        self._min_confidence = min_confidence
        self._min_readings = min_readings
        self._consensus = PlateConsensus(formats, contested_below=min_confidence)
        self.answer: Consensus = self._consensus.result()
        self._last_time: float | None = None
        self._rechecks = 0
        self._settled_width = 0
        self._fits = 0.0
        self._candidates = 0

    def wants(self, media_time: float, fit: float, width: int) -> bool:
        """Whether a candidate is to be read; it is noted, read or not.

        Args:
            media_time: of the candidate, in seconds.
            fit: how well it suits the vehicle's box, 0-1.
            width: of the plate, in pixels.
        """
        if self._last_time is not None and media_time - self._last_time >= LOST_AFTER_S:
            self._rechecks = RECHECK_READINGS
        self._last_time = media_time
        if self.answer.state is not ConsensusState.SETTLED:
            self._settled_width = width
        elif width >= self._settled_width * NEARER:
            self._rechecks, self._settled_width = RECHECK_READINGS, width
        self._fits += fit
        self._candidates += 1
        return self.answer.state is not ConsensusState.SETTLED or self._rechecks > 0

    def add(self, reading: Reading) -> None:
        """Note what a crop said; an empty text where it could not be read."""
        self._rechecks = max(self._rechecks - 1, 0)
        self._consensus.add(reading)
        self.answer = self._consensus.result()

    @property
    def fit(self) -> float:
        """How well the candidates suited the vehicle's box, 0-1, the mean of all."""
        return self._fits / self._candidates if self._candidates else 0.0

    @property
    def unread_reason(self) -> UnreadReason | None:
        """Why the answer is not worth believing; None when it is."""
        answer = self.answer
        if answer.state is ConsensusState.UNREAD:
            return UnreadReason.TOO_BLURRED
        if answer.state is ConsensusState.CONTESTED:
            return UnreadReason.CONTESTED
        if answer.confidence < self._min_confidence or answer.readings < self._min_readings:
            return UnreadReason.TOO_FEW_READINGS
        return None
