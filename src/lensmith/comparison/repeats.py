"""Recipes that were trained several times: what another seed changes, and what other images would.

Which images a run gets right is a table of repeats by images. Its analysis of variance (two crossed random factors)
tells how much of an accuracy is the luck of the seed, and how much that of the test images.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lensmith.comparison.paired import CONFIDENCE
from lensmith.evaluation import wilson_interval
from lensmith.records import Record

Right = npt.NDArray[np.bool_]
"""`(S, N)`: whether each of S repeats names each of N images right."""
Parts = Sequence[tuple[float, int]]
"""Of a variance, each with its degrees of freedom."""
SMALLEST_P = 1e-100


@dataclass(frozen=True)
class SeedSpread(Record):
    """Accuracies of a recipe's repeats, and where their spread comes from. Fractions.

    Attributes:
        accuracies: One a repeat.
        mean: Of these.
        deviation: Of these, the sample standard deviation.
        seeds: Standard deviation of the accuracy of one training through its seed alone, on endlessly many images.
        images: Standard deviation of the accuracy of one training through the choice of this many test images.
    """

    accuracies: list[float]
    mean: float
    deviation: float
    seeds: float
    images: float


def seed_spread(right: Right) -> SeedSpread:
    """Tell what seeds and images do to an accuracy.

    Args:
        right: At least two repeats.
    """
    accuracies = right.mean(axis=1)
    mean = float(accuracies.mean())
    return SeedSpread(
        accuracies=[float(its) for its in accuracies],
        mean=mean,
        deviation=float(accuracies.std(ddof=1)),
        seeds=float(np.sqrt(max(0.0, _of_seeds(right)) * len(right))),
        images=float(np.sqrt(np.mean([its * (1 - its) for its in accuracies]) / right.shape[1])),
    )


def mean_interval(right: Right, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Bound the mean accuracy of a recipe over seeds and images, as `compare_repeats` does a difference.

    Where all repeats get all images right, or none, they know no more than one: the interval is Wilson's.

    Args:
        right: At least two repeats, at least two images.
        confidence: A fraction.

    Returns:
        Low and high, fractions.
    """
    if right.all() or not right.any():
        n = right.shape[1]
        return wilson_interval(n if right.all() else 0, n, confidence)
    low, high, _ = _interval(right.mean(axis=0), _of_seeds(right), len(right), confidence)
    return max(0.0, low), high


def compare_repeats(right_a: Right, right_b: Right, confidence: float = CONFIDENCE) -> tuple[float, float, float]:
    """Compare the mean accuracies of two recipes over seeds and images.

    Images are the same for both, and so paired; seeds are not, as the same seed means nothing to another network.

    The variance has two parts. What the images add is known well; what the seeds add is estimated from as few values
    as there are repeats. So each part has its own quantile of Student's t, with its own degrees of freedom. That is
    wider than one quantile with Satterthwaite's, which is too narrow where the seeds of only one recipe matter.

    Args:
        right_a: Of the first, at least two repeats.
        right_b: Of the second, as many, on the same images.
        confidence: A fraction.

    Returns:
        Low and high of the difference, second less first, and the two-sided p-value. Of fewer than two images nothing
        can be said: -1, 1 and 1.

    Source:
        Variance components of two crossed factors, as in Searle, Casella and McCulloch, Variance Components, 1992,
        chapter 4; a quantile for each part after Banerjee, Sankhya 22, 1960.
    """
    if right_a.shape[1] < 2:
        return -1.0, 1.0, 1.0
    gaps = right_b.mean(axis=0) - right_a.mean(axis=0)
    return _interval(gaps, _of_seeds(right_a) + _of_seeds(right_b), len(right_a), confidence)


def _of_seeds(right: Right) -> float:
    """Estimate what the choice of seeds adds to the variance of a table's mean; below 0, where it is all chance."""
    repeats, n = right.shape
    values = right.astype(np.float64)
    by_seed, by_image, mean = values.mean(axis=1), values.mean(axis=0), values.mean()
    of_seeds = n * ((by_seed - mean) ** 2).sum() / (repeats - 1)
    rest = values - by_seed[:, np.newaxis] - by_image + mean
    of_rest = (rest**2).sum() / ((repeats - 1) * max(n - 1, 1))
    return float((of_seeds - of_rest) / (n * repeats))


def _interval(
    values: npt.NDArray[np.float64], of_seeds: float, repeats: int, confidence: float
) -> tuple[float, float, float]:
    """Bound the mean of one value an image, and test whether it is 0."""
    n, mean = len(values), float(values.mean())
    # No spread at all is not taken for certainty: the floor is what one image more either way would make.
    of_images = max(float(values.var(ddof=1)) / n, 2 / (n + 2) ** 2)
    parts = [(of_images, n - 1), (max(0.0, of_seeds), repeats - 1)]
    wide = _reach(1 - confidence, parts)
    return max(-1.0, mean - wide), min(1.0, mean + wide), _p_value(abs(mean), parts)


def _reach(outside: float, parts: Parts) -> float:
    """Return how far from the truth a mean lies in all but a share `outside` of cases."""
    from scipy.special import stdtrit

    return math.sqrt(sum(variance * float(stdtrit(freedom, outside / 2)) ** 2 for variance, freedom in parts))


def _p_value(distance: float, parts: Parts) -> float:
    """Return the share of cases that lie so far from the truth or farther: where `_reach` is the distance."""
    from scipy.optimize import brentq

    if not distance:
        return 1.0
    if distance >= _reach(SMALLEST_P, parts):
        return SMALLEST_P
    return math.exp(brentq(lambda its: _reach(math.exp(its), parts) - distance, math.log(SMALLEST_P), 0.0))
