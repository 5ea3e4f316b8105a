"""Figures against known values."""

import pytest

from samovar.bench.stats import mcnemar, mean, wilson


@pytest.mark.parametrize(
    ("solved", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_the_interval_is_wilsons(solved, total, low, high):
    assert wilson(solved, total) == pytest.approx((low, high), abs=1e-4)


def test_nothing_tried_says_nothing():
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("one", "other", "p"), [(0, 0, 1.0), (5, 0, 0.0625), (8, 1, 0.0390625), (3, 3, 1.0)]
)
def test_the_comparison_is_mcnemars_exact_test(one, other, p):
    assert mcnemar(one, other) == pytest.approx(p)
    assert mcnemar(other, one) == pytest.approx(p)


def test_the_mean_of_nothing_is_nothing():
    assert mean([]) == 0.0
    assert mean([1, 2]) == 1.5
