"""The temperature that mends a classifier's probabilities."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lensmith.errors import LensmithError
from lensmith.evaluation.calibration import Floats, check_some
from lensmith.evaluation.proportions import Labels, Probabilities
from lensmith.evaluation.tta import SMALLEST
from lensmith.records import Record

COLDEST, HOTTEST = 0.05, 20.0
"""Bounds of a fitted temperature. What lies beyond is as good as certain, or as good as guessing."""

EVIDENCE = 1.645**2 / 2
"""Nats by which all images together must speak against a value to rule it out: 95 % confidence, one side.

Half the square of the normal distribution's 95 % point, by the likelihood ratio (Wilks 1938).
"""


@dataclass(frozen=True)
class Temperature(Record):
    """A fitted temperature: above 1 makes answers less sure, below 1 surer; the likeliest class stays.

    Attributes:
        value: What logarithms of probabilities are divided by.
        n: Images it was fitted on.
        log_loss_before, log_loss_after: Mean negative log of the label's probability on these images, nats.
    """

    value: float
    n: int
    log_loss_before: float
    log_loss_after: float


def temper(probabilities: Probabilities, temperature: float) -> Floats:
    """Divide the logits by a temperature: softmax(log p / T). The likeliest class stays.

    A log-probability is the logit less a constant, which the softmax takes away again.

    Args:
        probabilities: `float (N, K)`, rows sum to 1; what is below `SMALLEST`, 0 too, is taken for it.
        temperature: Above 0.

    Returns:
        `float64 (N, K)`, rows sum to 1.

    Raises:
        LensmithError: The temperature is no positive number.

    Example:
        >>> temper(np.array([[0.8, 0.2]]), 2).round(4).tolist()
        [[0.6667, 0.3333]]
    """
    if not 0 < temperature < np.inf:
        raise LensmithError(f"The temperature is {temperature:g}. It must be a number above 0; 1 changes nothing.")
    likelihoods = np.exp(_logits(probabilities) / temperature)
    tempered: Floats = likelihoods / likelihoods.sum(axis=1, keepdims=True)
    return tempered


def fit_temperature(probabilities: Probabilities, labels: Labels) -> Temperature:
    """Find the temperature that gives the least log loss, within `COLDEST` and `HOTTEST`.

    Below 1 it is held back: of the temperatures that the images do not rule out with 95 % confidence, by the likelihood
    ratio, it is the one nearest to 1. For the least log loss trusts few images too much. Where all of fifty answers
    are right, it is that of a temperature of 0, which makes every answer a certainty. But fifty right answers only
    say that an accuracy of 0.9 is too low, not that it is 0.999: so answers of 0.9 become 0.973, and answers of 0.99
    stay. This costs at most `EVIDENCE` / N nats: little where there are many images. Above 1 nothing is held back:
    being less sure than necessary does less harm.

    Args:
        probabilities: `float (N, K)`, rows sum to 1, of images that were not trained on.
        labels: `int64 (N,)`, each in `[0, K)`.

    Raises:
        LensmithError: There are no images.

    Source:
        Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks, ICML 2017; holding back is ours.
    """
    from scipy.optimize import minimize_scalar

    check_some(labels)
    log_loss = _log_loss_at(_logits(probabilities), labels)
    # Convex in 1 / T, and so with a single minimum over log T.
    best = float(minimize_scalar(log_loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded").x)
    if best < 0:
        best = _hold_back(log_loss, best, len(labels))
    elif log_loss(best) >= log_loss(0.0):  # the search ends a little beside the minimum
        best = 0.0
    return Temperature(float(np.exp(best)), len(labels), log_loss(0.0), log_loss(best))


def _logits(probabilities: Probabilities) -> Floats:
    logs = np.log(np.maximum(probabilities.astype(np.float64), SMALLEST))
    logits: Floats = logs - logs.max(axis=1, keepdims=True)
    return logits


def _log_loss_at(logits: Floats, labels: Labels) -> Callable[[float], float]:
    """Give the mean log loss, nats, as a function of the logarithm of the temperature."""
    of_label = logits[np.arange(len(labels)), labels]

    def log_loss(log_temperature: float) -> float:
        coldness = np.exp(-log_temperature)
        return float((np.log(np.exp(coldness * logits).sum(axis=1)) - coldness * of_label).mean())

    return log_loss


def _hold_back(log_loss: Callable[[float], float], best: float, n: int) -> float:
    """Go from the best logarithm of the temperature, below 0, towards 0 as far as the images do not rule it out."""
    from scipy.optimize import brentq

    def ruled_out(log_temperature: float) -> float:
        return n * (log_loss(log_temperature) - log_loss(best)) - EVIDENCE

    return 0.0 if ruled_out(0.0) <= 0 else float(brentq(ruled_out, best, 0.0))
