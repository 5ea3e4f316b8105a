"""Figures about shares: intervals and paired comparisons."""

import math
from collections.abc import Sequence

Z = 1.959963984540054
"""Standard deviations either side of the middle 95 % of a normal distribution."""


def wilson(solved: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927); (0, 1) where nothing was tried."""
    if total == 0:
        return 0.0, 1.0
    share = solved / total
    scale = 1 + Z**2 / total
    middle = share + Z**2 / (2 * total)
    width = Z * math.sqrt(share * (1 - share) / total + Z**2 / (4 * total**2))
    # At 0 and 1 the bound is exact; rounding must not push the share out of its interval.
    low = 0.0 if solved == 0 else (middle - width) / scale
    high = 1.0 if solved == total else (middle + width) / scale
    return low, high


def mcnemar(only_one: int, only_other: int) -> float:
    """Return the exact two-sided p-value of a paired comparison (McNemar 1947).

    The arguments count the tasks that only one, or only the other, solved.
    """
    total = only_one + only_other
    if total == 0:
        return 1.0
    tail = sum(math.comb(total, k) for k in range(min(only_one, only_other) + 1))
    return min(1.0, 2 * tail / (1 << total))


def mean(values: Sequence[float]) -> float:
    """Return the mean; 0 of nothing."""
    return sum(values) / len(values) if values else 0.0
