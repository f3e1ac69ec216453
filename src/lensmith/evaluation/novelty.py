"""Novelty: whether a classifier is less sure of images that are none of its classes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lensmith.errors import LensmithError
from lensmith.evaluation.proportions import wilson_interval
from lensmith.records import Record

Scores = npt.NDArray[np.floating]

CONFIDENT = 0.9
"""Probability from which on an answer counts as confident."""
MOST_NAMED = 3
REJECTED = 20
"""One known image in so many lies below the threshold: it keeps 95 %."""
NORMAL_95 = 1.959963984540054
"""Standard deviations on either side that hold 95 % of a normal distribution."""
FEWEST_COMPARED = 2
"""Images of each kind; of one nobody can say how its scores scatter."""
FEW = 2
"""Pairs, with no image twice, that are ordered otherwise than the others: DeLong's variance of fewer is too small."""


@dataclass(frozen=True)
class Novelty(Record):
    """How well a classifier's own scores tell known images from foreign ones. Shares are fractions.

    An AUROC is the probability that a known image has a higher score than a foreign one, ties counted half: 1 where
    they are told apart, 0.5 where the score knows nothing. The interval is that of `auroc_interval`, 95 %. It is of
    images like these foreign ones, not of whatever else there is.

    Attributes:
        name: Of the foreign data.
        n_known, n_foreign: Numbers of images.
        auroc_probability, auroc_probability_low, auroc_probability_high: By the probability of the likeliest class.
        auroc_energy, auroc_energy_low, auroc_energy_high: By the energy, -logsumexp of the logits: known is low.
        fpr95_probability, fpr95_energy: Share of the foreign images that are accepted at the threshold that keeps
            95 % of the known.
        confident: Share of the foreign images that are answered with a probability of at least 0.9.
        unknown: Share of the foreign images that the classifier's own rejection threshold catches; `None` without one.
        most_named: The classes that foreign images are most often taken for, up to three, with their shares.

    Source:
        Hendrycks and Gimpel, A Baseline for Detecting Misclassified and Out-of-Distribution Examples in Neural
        Networks, ICLR 2017, arXiv:1610.02136; Liu et al., Energy-based Out-of-distribution Detection, NeurIPS 2020,
        arXiv:2010.03759, at T = 1.
    """

    name: str
    n_known: int
    n_foreign: int
    auroc_probability: float
    auroc_probability_low: float
    auroc_probability_high: float
    auroc_energy: float
    auroc_energy_low: float
    auroc_energy_high: float
    fpr95_probability: float
    fpr95_energy: float
    confident: float
    unknown: float | None
    most_named: list[tuple[str, float]]


def measure_novelty(
    known_scores: Scores,
    foreign_scores: Scores,
    class_names: tuple[str, ...],
    name: str,
    threshold: float | None = None,
) -> Novelty:
    """Measure how well a classifier tells images of its classes from others.

    Args:
        known_scores: `float (N, K)`, logits of held-out images of the classes, N at least 2. Logits, not logarithms
            of probabilities: the energy of those is 0 whatever the image.
        foreign_scores: `float (M, K)`, logits of images that are none of the classes, M at least 2.
        class_names: K names.
        name: Of the foreign data, for the record.
        threshold: Probability below which the classifier answers "unknown".

    Raises:
        LensmithError: There are fewer than two images of either.
    """
    from scipy.special import logsumexp, softmax

    known, foreign = known_scores.astype(np.float64), foreign_scores.astype(np.float64)
    known_probability, foreign_probability = (softmax(its, axis=1).max(axis=1) for its in (known, foreign))
    # The energy with its sign turned, so that known is high as with the probability.
    known_energy, foreign_energy = (logsumexp(its, axis=1) for its in (known, foreign))
    probability, probability_low, probability_high = auroc_interval(known_probability, foreign_probability)
    energy, energy_low, energy_high = auroc_interval(known_energy, foreign_energy)
    return Novelty(
        name=name,
        n_known=len(known),
        n_foreign=len(foreign),
        auroc_probability=probability,
        auroc_probability_low=probability_low,
        auroc_probability_high=probability_high,
        auroc_energy=energy,
        auroc_energy_low=energy_low,
        auroc_energy_high=energy_high,
        fpr95_probability=_accepted(known_probability, foreign_probability),
        fpr95_energy=_accepted(known_energy, foreign_energy),
        confident=float((foreign_probability >= CONFIDENT).mean()),
        unknown=None if threshold is None else float((foreign_probability < threshold).mean()),
        most_named=_most_named(foreign, class_names),
    )


def auroc_interval(known: Scores, foreign: Scores) -> tuple[float, float, float]:
    """Give the AUROC, and the interval that holds the true one in 95 % of all repetitions.

    The variance is DeLong's and the interval is made of the logit, so that it stays between 0 and 1. Where nearly all
    pairs come out alike, rightly ordered, wrongly, or as ties, that variance is estimated from few images or is zero.
    That is no certainty: the interval then also holds Wilson's, of as many pairs as can be made with no image twice.

    Args:
        known: `float (N,)`, N at least 2; expected to be higher.
        foreign: `float (M,)`, M at least 2.

    Returns:
        AUROC, low and high, fractions.

    Raises:
        LensmithError: There are fewer than two scores of either.

    Example:
        >>> auroc, low, high = auroc_interval(np.array([2, 3, 4]), np.array([1, 2, 3]))
        >>> round(auroc, 4), low < auroc < high  # 6 pairs of 9 rightly ordered, 2 ties
        (0.7778, True)

    Source:
        DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988, computed by ranks as in Sun and Xu, IEEE Signal
        Processing Letters 21, 2014; the logit as in Pepe, The Statistical Evaluation of Medical Tests for
        Classification and Prediction, 2003.
    """
    from scipy.special import expit, logit

    if min(len(known), len(foreign)) < FEWEST_COMPARED:
        raise LensmithError(
            f"Known and foreign images are compared by at least two of each; there are {len(known)} known and "
            f"{len(foreign)} foreign."
        )
    foreign_below, known_below = _placements(known, foreign)
    auroc = float(foreign_below.mean())
    variance = foreign_below.var(ddof=1) / len(known) + known_below.var(ddof=1) / len(foreign)
    pairs = min(len(known), len(foreign))
    few = variance == 0 or min(auroc, 1 - auroc) * pairs < FEW
    bounds = list(wilson_interval(round(auroc * pairs), pairs)) if few else []
    if variance:
        reach = NORMAL_95 * np.sqrt(variance) / (auroc * (1 - auroc))
        bounds += [float(its) for its in expit(logit(auroc) + np.array([-reach, reach]))]
    return auroc, min(bounds), max(bounds)


def noise_images(n: int, shape: tuple[int, int, int], seed: int) -> npt.NDArray[np.uint8]:
    """Draw images of which every value is noise, each grey level as likely: no classifier knows them.

    Args:
        n: How many.
        shape: H, W, C.
        seed: The same gives the same images.

    Returns:
        `uint8 (n, H, W, C)`, 0 to 255.
    """
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def blank_images(shape: tuple[int, int, int], levels: int = 64) -> npt.NDArray[np.uint8]:
    """Make images of one grey each, from black to white in even steps.

    Args:
        shape: H, W, C.
        levels: How many images, 1 to 256; all are in memory at once.

    Returns:
        `uint8 (levels, H, W, C)`, 0 to 255.
    """
    greys = np.linspace(0, 255, levels).round().astype(np.uint8)
    return np.tile(greys[:, np.newaxis, np.newaxis, np.newaxis], (1, *shape))


def _placements(known: Scores, foreign: Scores) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give the share of foreign scores below each known one `(N,)`, and of known below each foreign one `(M,)`."""
    from scipy.stats import rankdata

    n, m = len(known), len(foreign)
    ranks = rankdata(np.concatenate([known, foreign]))  # ties share the mean of theirs
    return (ranks[:n] - rankdata(known)) / m, (ranks[n:] - rankdata(foreign)) / n


def _accepted(known: Scores, foreign: Scores) -> float:
    threshold = np.sort(known)[len(known) // REJECTED]
    return float((foreign >= threshold).mean())


def _most_named(scores: Scores, class_names: tuple[str, ...]) -> list[tuple[str, float]]:
    counts = np.bincount(scores.argmax(axis=1), minlength=len(class_names))
    order = np.argsort(-counts, kind="stable")[:MOST_NAMED]
    return [(class_names[place], float(counts[place] / len(scores))) for place in order if counts[place]]
