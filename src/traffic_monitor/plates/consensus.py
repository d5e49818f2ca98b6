"""Many readings of one vehicle's plate, one answer: a weighted vote on each character over aligned texts.

The texts are aligned and voted on as in ROVER (J. Fiscus, "A post-processing system to yield reduced word error
rates", ASRU 1997), which does the same with the words of several speech recognisers.
"""

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from traffic_monitor.plates.alignment import GAP, align, distance
from traffic_monitor.plates.text import PlateFormats, fold_look_alikes, look_alikes_of

CONFIDENCE_POWER = 8
"""How much more a sure reading counts. Recognisers are right mostly where they are all but certain, so the weight
falls quickly below that; how many answers are exact hardly depends on the power."""

LOOK_ALIKE_SHARE = 0.1
"""Of each vote, what goes to the characters that look like the one that was read. Where there are two, the second
(D for a 0) gets the same part of that: of 60 look-alikes read wrongly on 1,023 photos 2 were second ones."""

PASSED_ON = LOOK_ALIKE_SHARE / (1 - LOOK_ALIKE_SHARE)
ROUNDING = 1.001
"""Share of a text that nobody read, by that of the look-alike that was; more means that somebody read it."""

FORMAT_ODDS = 400.0
"""How much likelier a text in one of the country's formats is: it outweighs two look-alikes that all readings
agree on (9 to 1 each; one second look-alike, 90 to 1), and never a character without a similar reading."""

BEAM = 64
"""Texts kept while the columns are put together: enough for any two look-alikes of a plate full of them."""
CHOICES = 12
"""Of these the likeliest share the vote, and with them those that have one of the formats."""

ALTERNATIVES = 3
LEAST_ALTERNATIVE = 0.01
"""Other answers that are reported: how many, and from which share of the vote."""

REMEMBERED_READINGS = 60
"""The latest readings of a vehicle that vote: five times what an answer needs, and a bound on time and memory."""

SETTLED_CONFIDENCE = 0.85
SETTLED_AGREEING = 5
"""From this confidence and this many readings that say the same, more would hardly change the answer: of the
answers that settled on the views of benchmarks/plate_consensus.py none did when all views were read."""

CONTESTED_READINGS = 4
"""Fewer readings that disagree are too few to speak of a dispute."""


CALIBRATION = (-18.6, 2.2, 18.3, 1.0)
"""Of the logistic curve that turns the vote into a probability: constant, share of the vote, mean confidence of
the readings, logarithm of 1 + the number of readings that say just this. Fitted to 1 to 12 degraded views of each
plate photo by benchmarks/plate_consensus.py, which prints the constants again and how well they hold: the mean of
those of the shipped recogniser and of PP-OCRv6 small."""


class ConsensusState(StrEnum):
    """How far a vehicle's plate has been read."""

    UNREAD = "unread"
    """No readable crop yet."""
    OPEN = "open"
    """More readings may settle it."""
    SETTLED = "settled"
    """More readings would not change it."""
    CONTESTED = "contested"
    """Many readings, and they disagree."""


@dataclass(frozen=True)
class Reading:
    """What one crop of the plate said."""

    text: str
    """``A-Z0-9``."""
    confidence: float
    """0-1, as the recogniser gives it."""
    quality: float = 1.0
    """0-1: how large and sharp the crop was, see ``plates/quality.py``."""
    signs: int = 0
    """How many signs of other scripts were read beside the text."""

    @property
    def weight(self) -> float:
        """The weight of the reading's vote; never 0, for what was seen counts."""
        return max(self.confidence**CONFIDENCE_POWER * self.quality, 1e-6)


@dataclass(frozen=True)
class Alternative:
    """Another answer, and its share of the vote, 0-1."""

    text: str
    share: float


@dataclass(frozen=True)
class Consensus:
    """What all readings of a plate say together."""

    text: str
    confidence: float
    """The probability 0-1 that the text is exactly right."""
    readings: int
    alternatives: tuple[Alternative, ...] = ()
    state: ConsensusState = ConsensusState.UNREAD
    signs: int = 0
    """How many signs of other scripts the plate has beside the text, by the readings' vote."""


@dataclass(frozen=True)
class Evidence:
    """What speaks for an answer."""

    share: float
    """Of the vote, 0-1."""
    confidence: float
    """Mean of all readings by weight, 0-1."""
    agreeing: int
    """Readings that say just this."""
    lead: float = 1.0
    """Share of the vote between this answer and the next best, 0.5-1; 1 where nobody read the next best."""


class PlateConsensus:
    """Collects the readings of one vehicle and gives the answer so far.

    Args:
        formats: the country's formats. They decide between look-alikes; they never rule out what was seen.
        contested_below: confidence below which many readings are a dispute and not an answer, 0-1.
    """

    def __init__(self, formats: PlateFormats | None = None, contested_below: float = 0.5) -> None:
        self._formats = formats or PlateFormats()
        self._contested_below = contested_below
        self._readings: deque[Reading] = deque(maxlen=REMEMBERED_READINGS)

    def add(self, reading: Reading) -> None:
        """Add one reading. An empty text is no reading and changes nothing."""
        if reading.text:
            self._readings.append(reading)

    def result(self) -> Consensus:
        """The answer so far; an empty text with confidence 0 before the first reading."""
        if not self._readings:
            return Consensus("", 0.0, 0)
        ranked = _rank_texts(_vote(self._readings), self._formats)
        best, *others = ranked
        evidence = self._evidence(ranked)
        confidence = probability(evidence)
        return Consensus(
            best.text,
            confidence,
            len(self._readings),
            tuple(other for other in others[:ALTERNATIVES] if other.share >= LEAST_ALTERNATIVE),
            self._state(confidence, evidence.agreeing),
            self._signs(),
        )

    def _signs(self) -> int:
        votes: defaultdict[int, float] = defaultdict(float)
        for reading in self._readings:
            votes[reading.signs] += reading.weight
        return max(votes, key=lambda number: votes[number])

    def evidence(self) -> Evidence | None:
        """What speaks for the answer so far, for calibration; None before the first reading."""
        return self._evidence(_rank_texts(_vote(self._readings), self._formats)) if self._readings else None

    def _evidence(self, ranked: Sequence[Alternative]) -> Evidence:
        best = ranked[0]
        total = sum(reading.weight for reading in self._readings)
        mean = sum(reading.weight * reading.confidence for reading in self._readings) / total
        agreeing = sum(self._agrees(reading.text, best.text) for reading in self._readings)
        next_best = max((other.share / best.share for other in ranked[1:]), default=0.0)
        lead = 1 / (1 + next_best) if next_best > PASSED_ON * ROUNDING else 1.0
        return Evidence(best.share, mean, agreeing, lead)

    def _agrees(self, text: str, answer: str) -> bool:
        """Whether a reading says the answer, or looks like it and only the answer has a usual format."""
        if text == answer:
            return True
        is_decided = self._formats.rank(text) < self._formats.rank(answer)
        return is_decided and fold_look_alikes(text) == fold_look_alikes(answer)

    def _state(self, confidence: float, agreeing: int) -> ConsensusState:
        if confidence >= SETTLED_CONFIDENCE and agreeing >= SETTLED_AGREEING:
            return ConsensusState.SETTLED
        if confidence < self._contested_below and len(self._readings) >= CONTESTED_READINGS:
            return ConsensusState.CONTESTED
        return ConsensusState.OPEN


def probability(evidence: Evidence, calibration: Sequence[float] = CALIBRATION) -> float:
    """The probability 0-1 that an answer with this evidence is exactly right.

    Never more than its lead over the next best: of two texts that were read equally often one at most is right,
    however sure the readings were.
    """
    constant, share, confidence, agreeing = calibration
    score = constant + share * evidence.share + confidence * evidence.confidence
    return min(1 / (1 + math.exp(-score - agreeing * math.log1p(evidence.agreeing))), evidence.lead)


Column = Mapping[str, float]
"""Share of the vote of each character, and of :data:`GAP`; sums to 1."""


def _vote(readings: Iterable[Reading]) -> list[Column]:
    """The votes of all readings on each character.

    The texts are aligned with one of them, the one that differs least from all others. Aligning them once more
    with the winner of the vote changed no answer in benchmarks/plate_consensus.py.
    """
    weights: dict[str, float] = {}
    for reading in readings:
        weights[reading.text] = weights.get(reading.text, 0.0) + reading.weight
    middle = min(
        weights, key=lambda text: sum(weight * distance(text, other) for other, weight in weights.items())
    )
    return _columns(middle, weights)


def _columns(middle: str, weights: Mapping[str, float]) -> list[Column]:
    """One column for each character of ``middle``, and those between them that any text needs."""
    slots: list[list[dict[str, float]]] = [[] for _ in range(len(middle) + 1)]
    characters: list[dict[str, float]] = [{} for _ in middle]
    for text, weight in weights.items():
        position, inserted = 0, 0
        for own, other in align(middle, text):
            if own == GAP:
                if inserted == len(slots[position]):
                    slots[position].append({})
                votes = slots[position][inserted]
                inserted += 1
            else:
                votes = characters[position]
                position, inserted = position + 1, 0
            votes[other] = votes.get(other, 0.0) + weight
    total = sum(weights.values())
    ordered = list(slots[0])
    for votes, following in zip(characters, slots[1:], strict=True):
        ordered += [votes, *following]
    return [_shares(votes, total) for votes in ordered]


def _shares(votes: Mapping[str, float], total: float) -> Column:
    """Votes as shares, a part of each for its look-alikes; who has no character here votes for none."""
    shares = {GAP: (total - sum(votes.values())) / total}
    for character, weight in votes.items():
        similar = look_alikes_of(character)
        passed_on = LOOK_ALIKE_SHARE if similar else 0.0
        shares[character] = shares.get(character, 0.0) + weight / total * (1 - passed_on)
        for place, other in enumerate(similar):
            part = LOOK_ALIKE_SHARE if place else 1 - LOOK_ALIKE_SHARE * (len(similar) - 1)
            shares[other] = shares.get(other, 0.0) + weight / total * passed_on * part
    return shares


def _rank_texts(columns: Sequence[Column], formats: PlateFormats) -> list[Alternative]:
    """The likeliest texts, best first, with their shares. Texts in the user's formats come before those in a
    country's, and these before others."""
    beam = {"": 1.0}
    for column in columns:
        longer: dict[str, float] = {}
        for text, share in beam.items():
            for character, vote in column.items():
                if vote > 0:
                    longer[text + character] = longer.get(text + character, 0.0) + share * vote
        beam = dict(sorted(longer.items(), key=lambda item: -item[1])[:BEAM])
    ranks = {text: formats.rank(text) for text in beam}
    best_rank = max(ranks.values())
    choices = [text for place, text in enumerate(beam) if text and (place < CHOICES or ranks[text])]
    odds = {text: beam[text] * (FORMAT_ODDS if ranks[text] == best_rank and best_rank else 1) for text in choices}
    total = sum(odds.values())
    ranked = sorted(odds.items(), key=lambda item: -item[1])
    return [Alternative(text, share / total) for text, share in ranked]
