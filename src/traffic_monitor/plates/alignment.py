"""Aligning two readings of one plate: which character of the one stands for which of the other."""

from collections.abc import Sequence

from traffic_monitor.plates.text import look_alikes_of

GAP = ""
"""Stands where one text has a character and the other has none."""

GAP_COST = 1.0
SUBSTITUTION_COST = 1.0
LOOK_ALIKE_COST = 0.5
"""0 and O are half a difference: they fall into one column where anything else could as well."""


def align(first: str, second: str) -> list[tuple[str, str]]:
    """The cheapest pairing of all characters of both texts, in order; :data:`GAP` where one has none.

    S. Needleman and C. Wunsch, "A general method applicable to the search for similarities in the amino acid
    sequence of two proteins", Journal of Molecular Biology 48 (1970).
    """
    costs = _costs(first, second)
    pairs: list[tuple[str, str]] = []
    i, j = len(first), len(second)
    while i or j:
        if i and j and costs[i][j] == costs[i - 1][j - 1] + _substitution(first[i - 1], second[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((first[i], second[j]))
        elif i and costs[i][j] == costs[i - 1][j] + GAP_COST:
            i -= 1
            pairs.append((first[i], GAP))
        else:
            j -= 1
            pairs.append((GAP, second[j]))
    return pairs[::-1]


def distance(first: str, second: str) -> float:
    """How much two texts differ: the cost of their alignment; a look-alike is half a difference."""
    return _costs(first, second)[len(first)][len(second)]


def _costs(first: str, second: str) -> Sequence[Sequence[float]]:
    """``costs[i][j]``: of aligning the first i characters of the one with the first j of the other."""
    costs = [[j * GAP_COST for j in range(len(second) + 1)]]
    for i, one in enumerate(first, start=1):
        row = [i * GAP_COST]
        above = costs[-1]
        for j, other in enumerate(second, start=1):
            row.append(min(above[j - 1] + _substitution(one, other), above[j] + GAP_COST, row[-1] + GAP_COST))
        costs.append(row)
    return costs


def _substitution(one: str, other: str) -> float:
    if one == other:
        return 0.0
    return LOOK_ALIKE_COST if other in look_alikes_of(one) else SUBSTITUTION_COST
