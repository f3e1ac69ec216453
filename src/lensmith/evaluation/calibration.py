"""How far a classifier's probabilities can be taken at their word."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lensmith.errors import LensmithError
from lensmith.evaluation.proportions import Labels, Probabilities, wilson_interval
from lensmith.records import Record

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]

BINS = 15
"""As in Guo et al. 2017, so that numbers can be compared with published ones."""

EDGES = np.linspace(0, 1, BINS + 1)


@dataclass(frozen=True)
class CalibrationBin(Record):
    """Images answered with about the same confidence: the probability of the likeliest class.

    Attributes:
        low, high: Of equal width: edges of the bin, the upper one belongs to it. Of equal count: the least and the
            greatest confidence in it.
        count: Number of images, at least 1.
        confidence: Mean over the images: what the model says its accuracy is.
        accuracy, accuracy_low, accuracy_high: What it is, a fraction with the 95 % Wilson interval.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float


@dataclass(frozen=True)
class Calibration(Record):
    """How well probabilities agree with what is observed. 0 is best, but for `brier_resolution`: more is better.

    The calibration errors look at the likeliest class only. They are above 0 even for a perfect model, as few images
    in a bin scatter; so compare them on the same images only. The Brier score looks at all classes, each against
    the rest, and is what its parts say: reliability − resolution + uncertainty + within bin.

    Attributes:
        ece: Expected calibration error, 0 to 1: the mean distance of confidence and accuracy over `bins`.
        adaptive_ece: The same over `adaptive_bins`, which do not depend on where confidences crowd.
        brier: Mean squared distance of probabilities and truth, summed over the classes: 0 to 2.
        brier_reliability: How far probabilities are from the frequencies observed where they were given.
        brier_resolution: How far these frequencies are from the classes' overall frequencies.
        brier_uncertainty: The Brier score of answering every image with the overall frequencies.
        brier_within_bin: What binning hides: variance of the probabilities in a bin, less twice their covariance with
            the truth. Below 0 where the higher probabilities in a bin are more often right.
        bins: Of equal width, without the empty ones: the reliability diagram.
        adaptive_bins: Of about equal count.

    Source:
        Naeini, Cooper and Hauskrecht, AAAI 2015, and Guo et al., ICML 2017 (`ece`); Nguyen and O'Connor, EMNLP 2015,
        and Nixon et al., CVPR Workshops 2019 (`adaptive_ece`); Murphy, Journal of Applied Meteorology 12, 1973, and
        Stephenson, Coelho and Jolliffe, Weather and Forecasting 23, 2008 (parts of `brier`).
    """

    ece: float
    adaptive_ece: float
    brier: float
    brier_reliability: float
    brier_resolution: float
    brier_uncertainty: float
    brier_within_bin: float
    bins: list[CalibrationBin]
    adaptive_bins: list[CalibrationBin]

    @property
    def ece_by_chance(self) -> float:
        """Mean `ece` of a model whose probabilities are all right: sqrt(2 / pi) standard deviations of each bin."""
        spreads = [its.count * its.confidence * (1 - its.confidence) for its in self.bins]
        return sum(math.sqrt(2 * its / math.pi) for its in spreads) / sum(its.count for its in self.bins)


def calibration(probabilities: Probabilities, labels: Labels) -> Calibration:
    """Measure how far probabilities can be taken at their word.

    Args:
        probabilities: `float (N, K)`, rows sum to 1.
        labels: `int64 (N,)`, each in `[0, K)`.

    Raises:
        LensmithError: There are no images.
    """
    confidence, right = judge(probabilities, labels)
    place, adaptive_place = _equal_width(confidence), _equal_count(confidence)
    bins = [_bin(confidence[place == i], right[place == i], EDGES[i : i + 2]) for i in np.unique(place)]
    parts = [np.flatnonzero(adaptive_place == i) for i in np.unique(adaptive_place)]
    adaptive_bins = [_bin(confidence[its], right[its], np.sort(confidence[its])[[0, -1]]) for its in parts]
    # Class by class: of many images and classes all at once would take many times their memory.
    by_class = [_brier_parts(its.astype(np.float64), labels == label) for label, its in enumerate(probabilities.T)]
    brier, reliability, resolution, uncertainty, within_bin = (float(sum(its)) for its in zip(*by_class, strict=True))
    return Calibration(
        ece=_calibration_error(bins),
        adaptive_ece=_calibration_error(adaptive_bins),
        brier=brier,
        brier_reliability=reliability,
        brier_resolution=resolution,
        brier_uncertainty=uncertainty,
        brier_within_bin=within_bin,
        bins=bins,
        adaptive_bins=adaptive_bins,
    )


def judge(probabilities: Probabilities, labels: Labels) -> tuple[Floats, Truths]:
    """Tell for each image how sure the answer is, and whether it is right.

    Args:
        probabilities: `float (N, K)`.
        labels: `int64 (N,)`, each in `[0, K)`.

    Returns:
        The likeliest class's probability, `float64 (N,)`, and whether it is the label, `bool (N,)`.

    Raises:
        LensmithError: There are no images.
    """
    check_some(labels)
    return probabilities.max(axis=1).astype(np.float64), probabilities.argmax(axis=1) == labels


def check_some(labels: Labels) -> None:
    """Refuse to judge no images at all."""
    if not len(labels):
        raise LensmithError(
            "There are no images to compare probabilities with. Give a split that has some; a recipe with "
            "data.validation = 0 has no validation images."
        )


def _equal_width(probabilities: Floats) -> Places:
    # A probability on an edge belongs to the bin below, as in Guo et al. and in scikit-learn.
    return np.searchsorted(EDGES[1:-1], probabilities)


def _equal_count(confidence: Floats) -> Places:
    """Sort images into bins of equal count, but images of equal confidence into one and the same.

    Torn apart, they would be sorted by their order, and the error would change with it. All of them go where the
    middle one would. So bins can differ in count, and bins of a model that is always certain are only one.
    """
    _, which, counts = np.unique(confidence, return_inverse=True, return_counts=True)
    below = np.cumsum(counts) - counts
    return (BINS * (2 * below + counts) // (2 * len(confidence)))[which]


def _bin(confidence: Floats, right: Truths, edges: Floats) -> CalibrationBin:
    low, high = wilson_interval(int(right.sum()), len(right))
    return CalibrationBin(
        low=float(edges[0]),
        high=float(edges[1]),
        count=len(right),
        confidence=float(confidence.mean()),
        accuracy=float(right.mean()),
        accuracy_low=low,
        accuracy_high=high,
    )


def _calibration_error(bins: list[CalibrationBin]) -> float:
    total = sum(its.count for its in bins)
    return sum(its.count * abs(its.confidence - its.accuracy) for its in bins) / total


def _brier_parts(said: Floats, is_so: Truths) -> tuple[float, float, float, float, float]:
    """Brier score of one class against the rest, its reliability, resolution, uncertainty and what is within bins."""
    truth, place = is_so.astype(np.float64), _equal_width(said)
    n, counts = len(said), np.bincount(place, minlength=BINS)
    mean, observed = (np.bincount(place, its, BINS) / np.maximum(counts, 1) for its in (said, truth))
    overall = truth.mean()
    apart, true_apart = said - mean[place], truth - observed[place]
    return (
        float(((said - truth) ** 2).mean()),
        float((counts * (mean - observed) ** 2).sum() / n),
        float((counts * (observed - overall) ** 2).sum() / n),
        float(overall * (1 - overall)),
        float((apart * (apart - 2 * true_apart)).sum() / n),
    )
