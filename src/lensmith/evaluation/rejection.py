"""Saying "unknown" instead of guessing: how many errors that spares, and from which probability on to answer.

The confidence of an answer is the probability of its likeliest class. Images of equal confidence are answered together
or not at all, as no threshold can tell them apart.
"""

from dataclasses import dataclass
from itertools import count
from math import ceil, log
from typing import Literal

import numpy as np

from lensmith.errors import LensmithError
from lensmith.evaluation.calibration import Floats, Places, Truths, judge
from lensmith.evaluation.proportions import Labels, Probabilities, wilson_interval
from lensmith.records import Record

POINTS_STORED = 200


@dataclass(frozen=True)
class RiskCoverage(Record):
    """How errors grow with the fraction of images that is answered, the surest first.

    Attributes:
        coverage: Fractions of all images, ascending, the last is 1; at most `POINTS_STORED` of them.
        risk: Errors as a fraction of the images answered, for each coverage.
        aurc: Area under the curve of all points, 0 to 1: the mean risk over the images' own confidences as thresholds.
        aurc_best: Of the best order there is: all wrong answers last.
        aurc_random: Of an order that knows nothing: the fraction of errors.

    Source:
        Geifman and El-Yaniv, Selective Classification for Deep Neural Networks, NeurIPS 2017 (the curve); Geifman,
        Uziel and El-Yaniv, Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers, ICLR 2019 (the areas).
    """

    coverage: list[float]
    risk: list[float]
    aurc: float
    aurc_best: float
    aurc_random: float


@dataclass(frozen=True)
class Selective(Record):
    """How a classifier fares that answers only where it is sure.

    Attributes:
        threshold: Answers of at least this confidence are given; below it is "unknown".
        n: Images in all.
        accepted: Images answered.
        coverage: The fraction of images answered.
        accuracy, accuracy_low, accuracy_high: Of the images answered, a fraction with the 95 % Wilson interval;
            `None` where none was answered.
    """

    threshold: float
    n: int
    accepted: int
    coverage: float
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None


@dataclass(frozen=True)
class Rejection(Selective):
    """A threshold, and how it fares on the images it was chosen on: a little better than on new ones.

    Attributes:
        target: What was asked for.
        target_value: How much of it, a fraction.
        guaranteed: The accuracy of the answers given on new images of the same kind is at least this, with
            `confidence`; `None` where a coverage was asked for.
        confidence: How sure that is: the fraction of all choices of images in which it holds.
    """

    target: Literal["accuracy", "coverage"]
    target_value: float
    guaranteed: float | None = None
    confidence: float | None = None


@dataclass(frozen=True)
class _Choices:
    """What there is to choose from: one entry for each distinct confidence, highest first.

    Attributes:
        thresholds: `float64 (M,)`, each half-way to the next lower confidence: a model's files differ in the last
            digits, and none of the images may change sides for that. The last is 0: everything is answered.
        counts, errors: `int64 (M,)`: images answered, and how many of these wrong.
    """

    thresholds: Floats
    counts: Places
    errors: Places


def risk_coverage(probabilities: Probabilities, labels: Labels) -> RiskCoverage:
    """Measure how many errors are spared by answering fewer images.

    Args:
        probabilities: `float (N, K)`, rows sum to 1.
        labels: `int64 (N,)`, each in `[0, K)`.

    Raises:
        LensmithError: There are no images.
    """
    choices = _choices(*judge(probabilities, labels))
    n, wrong = int(choices.counts[-1]), int(choices.errors[-1])
    risk = choices.errors / choices.counts
    shown = np.unique(np.linspace(0, len(risk) - 1, POINTS_STORED).round().astype(np.int64))
    wrong_so_far = np.arange(1, wrong + 1)
    return RiskCoverage(
        coverage=(choices.counts[shown] / n).tolist(),
        risk=risk[shown].tolist(),
        aurc=float((np.diff(choices.counts, prepend=0) * risk).sum() / n),
        aurc_best=float((wrong_so_far / (n - wrong + wrong_so_far)).sum() / n),
        aurc_random=wrong / n,
    )


def threshold_for_accuracy(
    probabilities: Probabilities, labels: Labels, accuracy: float, confidence: float = 0.95
) -> Rejection:
    """Find the threshold that answers the most images and still promises an accuracy on new ones.

    The accuracy on new images is bounded from below for one threshold after the other, in a binary search (SGR). Each
    bound (Clopper and Pearson's, exact) may fail with a part of 1 − `confidence`, so that all hold together. Thresholds
    that leave too few images for the promise even without an error are not tried. Like every binary search it takes
    it that a higher threshold means a higher accuracy; where that is not so, it may miss the best.

    Args:
        probabilities: `float (N, K)`, rows sum to 1, of images that were neither trained on nor will be tested on.
        labels: `int64 (N,)`, each in `[0, K)`.
        accuracy: Wanted of the answers given, in (0, 1].
        confidence: How sure the promise must be, in (0, 1).

    Raises:
        LensmithError: The promise cannot be made from these images; the message says which can. Or there are no
            images, or a number is out of range.

    Source:
        Geifman and El-Yaniv, Selective Classification for Deep Neural Networks, NeurIPS 2017, algorithm 1, with one
        step more for N a power of 2, so that answering everything is among the choices.
    """
    _check_fraction("accuracy", accuracy)
    if not 0 < confidence < 1:
        raise LensmithError(f"The confidence is {confidence:g}. It must be above 0 and below 1, such as 0.95.")
    choices = _choices(*judge(probabilities, labels))
    delta = (1 - confidence) / _steps(len(labels))
    promised = _lower_bounds(choices, delta)
    found = _search(choices.counts, promised, delta, accuracy)
    if found is None:
        raise LensmithError(_no_promise(choices.counts, promised, accuracy, confidence))
    chosen = measure_rejection(probabilities, labels, float(choices.thresholds[found]))
    return Rejection(
        **vars(chosen),
        target="accuracy",
        target_value=accuracy,
        guaranteed=float(promised[found]),
        confidence=confidence,
    )


def threshold_for_coverage(probabilities: Probabilities, labels: Labels, coverage: float) -> Rejection:
    """Find the highest threshold that still answers at least this fraction of the images.

    Args:
        probabilities: `float (N, K)`, rows sum to 1.
        labels: `int64 (N,)`, each in `[0, K)`.
        coverage: In (0, 1].

    Raises:
        LensmithError: There are no images, or the coverage is out of range.
    """
    _check_fraction("coverage", coverage)
    choices = _choices(*judge(probabilities, labels))
    enough = int(np.argmax(choices.counts / len(labels) >= coverage))
    chosen = measure_rejection(probabilities, labels, float(choices.thresholds[enough]))
    return Rejection(**vars(chosen), target="coverage", target_value=coverage)


def reject(probabilities: Probabilities, threshold: float) -> Truths:
    """Tell which answers are "unknown".

    Args:
        probabilities: `float (N, K)`.
        threshold: In [0, 1]; the likeliest class's probability must be at least this for an answer.

    Returns:
        `bool (N,)`, true where there is no answer.

    Raises:
        LensmithError: The threshold is out of range.
    """
    if not 0 <= threshold <= 1:
        raise LensmithError(f"The threshold is {threshold:g}. It is a probability: a number from 0 to 1.")
    # Else NumPy would round the threshold to the probabilities' precision.
    rejected: Truths = probabilities.max(axis=1).astype(np.float64) < threshold
    return rejected


def measure_rejection(probabilities: Probabilities, labels: Labels, threshold: float) -> Selective:
    """Measure a threshold, best on images that it was not chosen on.

    Args:
        probabilities: `float (N, K)`, rows sum to 1.
        labels: `int64 (N,)`, each in `[0, K)`.
        threshold: In [0, 1].

    Raises:
        LensmithError: There are no images, or the threshold is out of range.
    """
    _, right = judge(probabilities, labels)
    answered = right[~reject(probabilities, threshold)]
    low, high = wilson_interval(int(answered.sum()), len(answered)) if len(answered) else (None, None)
    return Selective(
        threshold=threshold,
        n=len(right),
        accepted=len(answered),
        coverage=len(answered) / len(right),
        accuracy=float(answered.mean()) if len(answered) else None,
        accuracy_low=low,
        accuracy_high=high,
    )


def _check_fraction(name: str, value: float) -> None:
    if not 0 < value <= 1:
        raise LensmithError(f"The {name} asked for is {value:g}. It must be a fraction above 0, at most 1.")


def _choices(confidence: Floats, right: Truths) -> _Choices:
    order = np.argsort(-confidence)
    descending = confidence[order]
    last = np.append(np.flatnonzero(np.diff(descending)), len(descending) - 1)  # of each group of equal confidence
    here, next_lower = descending[last], descending[last[:-1] + 1]
    half_way = (here[:-1] + next_lower) / 2
    # Of two numbers with none between them, half-way is one of the two.
    thresholds = np.where(half_way > next_lower, half_way, here[:-1])
    return _Choices(np.append(thresholds, 0.0), last + 1, np.cumsum(~right[order])[last])


def _steps(n: int) -> int:
    """Steps that a binary search takes at most to find one of n choices, or none of them: ⌈log₂(n + 1)⌉."""
    return n.bit_length()


def _lower_bounds(choices: _Choices, delta: float) -> Floats:
    """Bound each accuracy from below, each with a chance of `delta` to fail (Clopper and Pearson 1934)."""
    from scipy.stats import beta

    right = choices.counts - choices.errors
    bounds = beta.ppf(delta, np.maximum(right, 1), choices.errors + 1)
    return np.where(right > 0, bounds, 0.0)


def _search(counts: Places, promised: Floats, delta: float, accuracy: float) -> int | None:
    """Find the choice with the most answers that promises the accuracy, in at most `_steps` looks at the labels."""
    without_error = delta ** (1 / counts)  # the promise then; it grows with the answers
    first = int(np.searchsorted(without_error, accuracy))
    good, bad = first - 1, len(counts)
    while bad - good > 1:
        middle = (good + bad) // 2
        if promised[middle] >= accuracy:
            good = middle
        else:
            bad = middle
    return good if good >= first else None


def _no_promise(counts: Places, promised: Floats, accuracy: float, confidence: float) -> str:
    n = int(counts[-1])
    delta = (1 - confidence) / _steps(n)
    # In thousandths: who asks for the number in the message gets it.
    falling = np.arange(int(promised.max() * 1000), -1, -1) / 1000
    best = next((its for its in falling if _search(counts, promised, delta, its) is not None), 0.0)
    instead = f"the best is {best:.3f}" if best else "nor any other"
    takes = (
        f"takes about {_images_needed(accuracy, confidence):,} images that are answered without an error"
        if accuracy < 1
        else "cannot be promised from any number of images"
    )
    return (
        f"From these {n:,} images an accuracy of {accuracy:g} cannot be promised with confidence {confidence:g}, "
        f"however few are answered; {instead}. An accuracy of {accuracy:g} {takes}. Ask for less, or "
        "choose the threshold on more images."
    )


def _images_needed(accuracy: float, confidence: float) -> int:
    # The number of images decides the number of steps, and that in turn how many images are needed.
    by_steps = ((steps, ceil(log((1 - confidence) / steps) / log(accuracy))) for steps in count(1))
    return next(needed for steps, needed in by_steps if _steps(needed) == steps)
