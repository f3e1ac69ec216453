"""Two classifiers on the same images: the paired test, the interval of the difference, and what more images would show.

Only images on which exactly one of the two is right tell them apart; with b of these for the one and c for the other
among n images, the difference of the accuracies is (c - b) / n.
"""

import math

import numpy as np
import numpy.typing as npt

CONFIDENCE, LEVEL, POWER = 0.95, 0.05, 0.8
WORTH_SEEING = 0.005
"""A difference of accuracies that people ask for: half a point."""
RESAMPLES = 10_000


def mcnemar(only_a: int, only_b: int) -> float:
    """Test whether two classifiers are equally good, given the images on which exactly one is right.

    Args:
        only_a: Images that only the first gets right.
        only_b: Images that only the second gets right.

    Returns:
        The exact two-sided p-value: how often equally good classifiers differ by at least as much.

    Example:
        >>> round(mcnemar(1, 9), 4), mcnemar(0, 0)
        (0.0215, 1.0)

    Source:
        McNemar, Psychometrika 12, 1947; its exact form, the sign test, by SciPy.
    """
    from scipy.stats import binomtest

    different = only_a + only_b
    return float(binomtest(only_a, different, 0.5).pvalue) if different else 1.0


def paired_bootstrap(only_a: int, only_b: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Bound the difference of the accuracies, second less first, by resampling the images.

    Two images are added, one that only the first gets right and one that only the second does. Without them, few
    images that tell the two apart would make the interval too narrow, and none would make it a point.

    Args:
        only_a: Images that only the first gets right.
        only_b: Images that only the second gets right.
        n: Images in all, at least 1.
        confidence: A fraction.

    Returns:
        Low and high, fractions; the same for the same numbers.

    Source:
        Efron, Annals of Statistics 7, 1979 (the percentile bootstrap); the two images are those of Bonett and Price,
        Journal of Educational and Behavioral Statistics 37, 2012, whose closed form it approaches.
    """
    both = np.array([only_a + 1, only_b + 1, n - only_a - only_b]) / (n + 2)
    drawn = np.random.default_rng(0).multinomial(n + 2, both, size=RESAMPLES)
    differences = (drawn[:, 1] - drawn[:, 0]) / (n + 2)
    outside = 50 * (1 - confidence)
    low, high = np.percentile(differences, [outside, 100 - outside])
    return float(low), float(high)


def holm(p_values: npt.ArrayLike) -> list[float]:
    """Adjust p-values for their number, so that all together err as rarely as one alone would.

    Args:
        p_values: `(m,)`, in any order.

    Returns:
        As many, in the same order; those below 0.05 stay significant among all.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]

    Source:
        Holm, Scandinavian Journal of Statistics 6, 1979.
    """
    given = np.asarray(p_values, np.float64)
    order = np.argsort(given, kind="stable")
    stepped = np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1))
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(stepped, 1)
    return [float(its) for its in adjusted]


def images_for(difference: float, discordant: float, level: float = LEVEL, power: float = POWER) -> int:
    """Return how many images McNemar's test needs to show a difference.

    Args:
        difference: Of the accuracies, a fraction above 0.
        discordant: Share of images on which exactly one of the two is right.
        level: Below which a p-value counts.
        power: How often it is to be shown where it is there.

    Example:
        >>> images_for(0.02, 0.1)
        1960

    Source:
        Connor, Biometrics 43, 1987, equation 4.
    """
    from scipy.stats import norm

    share = max(discordant, difference)  # classifiers that differ by so much differ on as many images
    z, beyond = norm.isf(level / 2), norm.ppf(power)
    root = (z * math.sqrt(share) + beyond * math.sqrt(share - difference**2)) / difference
    return math.ceil(float(root) ** 2)


def detectable(discordant: float, n: int, level: float = LEVEL, power: float = POWER) -> float:
    """Return the smallest difference that McNemar's test shows in `power` of all cases, a fraction.

    It is 1 where there are so few images that hardly any difference would be shown.

    Args:
        discordant: Share of images on which exactly one of the two is right.
        n: Images.
        level: Below which a p-value counts.
        power: How often it is to be shown where it is there.
    """
    from scipy.optimize import brentq

    # The exact p-value is at least that of all n images telling the two apart in the same way.
    if images_for(1.0, discordant, level, power) > n or mcnemar(0, n) >= level:
        return 1.0
    return float(brentq(lambda its: images_for(its, discordant, level, power) - n, 1e-9, 1.0, xtol=1e-9))
