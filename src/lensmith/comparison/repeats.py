"""Recipes that were trained several times: what another seed changes, and what other images would.

Which images a run gets right is a table of repeats by images. Its analysis of variance (two crossed random factors)
tells how much of an accuracy is the luck of the seed, and how much that of the test images.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lensmith.comparison.paired import CONFIDENCE
from lensmith.records import Record

Right = npt.NDArray[np.bool_]
"""`(S, N)`: whether each of S repeats names each of N images right."""


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


@dataclass(frozen=True)
class _OfSeeds:
    """What the choice of seeds adds to the variance of a table's mean, and its part of Satterthwaite's sum.

    The estimate may be below 0, where it is all chance.
    """

    variance: float
    uncertainty: float


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
        seeds=float(np.sqrt(max(0.0, _of_seeds(right).variance) * len(right))),
        images=float(np.sqrt(np.mean([its * (1 - its) for its in accuracies]) / right.shape[1])),
    )


def mean_interval(right: Right, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Bound the mean accuracy of a recipe over seeds and images: Student's t with Satterthwaite's degrees of freedom.

    Args:
        right: At least two repeats, at least two images.
        confidence: A fraction.

    Returns:
        Low and high, fractions.
    """
    low, high, _ = _interval(right.mean(axis=0), [_of_seeds(right)], confidence)
    return max(0.0, low), high


def compare_repeats(right_a: Right, right_b: Right, confidence: float = CONFIDENCE) -> tuple[float, float, float]:
    """Compare the mean accuracies of two recipes over seeds and images.

    Images are the same for both, and so paired; seeds are not, as the same seed means nothing to another network.

    Args:
        right_a: Of the first, at least two repeats.
        right_b: Of the second, likewise, on the same images.
        confidence: A fraction.

    Returns:
        Low and high of the difference, second less first, and the two-sided p-value. Of fewer than two images nothing
        can be said: -1, 1 and 1.

    Source:
        Variance components of two crossed factors, as in Searle, Casella and McCulloch, Variance Components, 1992,
        chapter 4; degrees of freedom by Satterthwaite, Biometrics Bulletin 2, 1946.
    """
    if right_a.shape[1] < 2:
        return -1.0, 1.0, 1.0
    gaps = right_b.mean(axis=0) - right_a.mean(axis=0)
    return _interval(gaps, [_of_seeds(right_a), _of_seeds(right_b)], confidence)


def _of_seeds(right: Right) -> _OfSeeds:
    repeats, n = right.shape
    values = right.astype(np.float64)
    by_seed, by_image, mean = values.mean(axis=1), values.mean(axis=0), values.mean()
    of_seeds = n * ((by_seed - mean) ** 2).sum() / (repeats - 1)
    rest = values - by_seed[:, np.newaxis] - by_image + mean
    of_rest = (rest**2).sum() / ((repeats - 1) * max(n - 1, 1))
    share = n * repeats
    return _OfSeeds(
        variance=float((of_seeds - of_rest) / share),
        uncertainty=float((of_seeds / share) ** 2 / (repeats - 1)),
    )


def _interval(values: npt.NDArray[np.float64], seeds: list[_OfSeeds], confidence: float) -> tuple[float, float, float]:
    """Bound the mean of one value an image, and test whether it is 0."""
    from scipy.stats import t

    n, mean = len(values), float(values.mean())
    # No spread at all is not taken for certainty: the floor is what one image more either way would make.
    of_images = max(float(values.var(ddof=1)) / n, 2 / (n + 2) ** 2)
    # Cut off at 0 as a whole, not one by one: else the intervals of recipes whose seeds do nothing are too wide.
    of_seeds = max(0.0, sum(its.variance for its in seeds))
    uncertainty = sum(its.uncertainty for its in seeds) if of_seeds else 0.0
    variance = of_images + of_seeds
    freedom = variance**2 / (of_images**2 / (n - 1) + uncertainty)
    error = float(np.sqrt(variance))
    wide = float(t.ppf((1 + confidence) / 2, freedom)) * error
    return max(-1.0, mean - wide), min(1.0, mean + wide), float(2 * t.sf(abs(mean) / error, freedom))
