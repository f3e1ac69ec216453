"""The few numbers that sum up repeats: a middle, the lowest and the highest, how many; ratios of pairs; lines."""

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Spread:
    """Repeats summed up.

    Attributes:
        middle: Their median, or their mean where `mean_of` made it.
        low: The lowest.
        high: The highest.
        n: How many.
    """

    middle: float
    low: float
    high: float
    n: int


def median_of(values: Iterable[float]) -> Spread | None:
    """Sum up by the median; `None` of nothing.

    Example:
        >>> median_of([3.0, 1.0, 8.0])
        Spread(middle=3.0, low=1.0, high=8.0, n=3)
    """
    found = list(values)
    return Spread(statistics.median(found), min(found), max(found), len(found)) if found else None


def mean_of(values: Iterable[float]) -> Spread | None:
    """Sum up by the mean, as accuracies over seeds are; `None` of nothing."""
    found = list(values)
    return Spread(statistics.mean(found), min(found), max(found), len(found)) if found else None


def pairs(a: Mapping[int, Any], b: Mapping[int, Any]) -> list[tuple[Any, Any]]:
    """Pair what two contestants came to in the same repeat, which ran one after the other."""
    return [(a[repeat], b[repeat]) for repeat in sorted(a.keys() & b.keys())]


def ratios_of(a: Mapping[int, float], b: Mapping[int, float]) -> Spread | None:
    """Sum up a ÷ b over the pairs of repeats; `None` without a pair.

    Example:
        >>> ratios_of({0: 10.0, 1: 9.0, 2: 8.0}, {0: 2.0, 2: 4.0, 5: 1.0})
        Spread(middle=3.5, low=2.0, high=5.0, n=2)
    """
    return median_of(its / other for its, other in pairs(a, b))


@dataclass(frozen=True)
class Line:
    """A straight line through measured points.

    Attributes:
        slope: Seconds for each unit of x.
        intercept: Seconds where x is 0: what starting costs.
        r_squared: Share of the variance of y that the line explains, at most 1.
        n: Number of points.
    """

    slope: float
    intercept: float
    r_squared: float
    n: int


def fit_line(points: Iterable[tuple[float, float]]) -> Line | None:
    """Fit y = slope · x + intercept by least squares; `None` when there are not two different x.

    Example:
        >>> fit_line([(0, 1), (1, 3), (2, 5)])
        Line(slope=2.0, intercept=1.0, r_squared=1.0, n=3)
    """
    found = list(points)
    x, y = [its for its, _ in found], [its for _, its in found]
    if len(set(x)) < 2:
        return None
    slope, intercept = statistics.linear_regression(x, y)
    r_squared = statistics.correlation(x, y) ** 2 if len(set(y)) > 1 else 1.0
    return Line(slope, intercept, r_squared, len(found))
