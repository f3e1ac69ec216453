"""A proportion with its interval, and the arrays that all of evaluation works on."""

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.floating]
Labels = npt.NDArray[np.int64]


def wilson_interval(correct: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Bound a proportion: the interval that holds the true one in `confidence` of all repetitions.

    Args:
        correct: Successes, 0 to n.
        n: Trials, at least 1.
        confidence: A fraction.

    Returns:
        Low and high, fractions.

    Example:
        >>> [round(bound, 4) for bound in wilson_interval(78, 100)]
        [0.6893, 0.85]

    Source:
        Wilson, Journal of the American Statistical Association 22, 1927; computed by SciPy.
    """
    from scipy.stats import binomtest

    interval = binomtest(correct, n).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)
