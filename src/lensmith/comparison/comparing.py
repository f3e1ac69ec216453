"""Compare classifiers on the same images: each one's accuracy, and for each pair the difference and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lensmith.comparison.paired import (
    LEVEL,
    WORTH_SEEING,
    detectable,
    holm,
    images_for,
    mcnemar,
    paired_bootstrap,
)
from lensmith.comparison.repeats import Right, SeedSpread, compare_repeats, mean_interval, seed_spread
from lensmith.evaluation import wilson_interval
from lensmith.records import Record

EXAMPLES = 24
"""Images named of those that only one of two gets right."""


@dataclass(frozen=True)
class Contestant:
    """Answers of a classifier, or of a recipe's repeats.

    Attributes:
        name: Of the run, or of the recipe.
        right: `(S, N)`: whether each of S repeats names each of N images right.
        sureness: `float (N,)`: the label's probability, the mean over the repeats.
    """

    name: str
    right: Right
    sureness: npt.NDArray[np.floating]


@dataclass(frozen=True)
class Standing(Record):
    """How one contestant fares. Fractions, with 95 % intervals.

    Attributes:
        name: Of the run, or of the recipe.
        repeats: Trainings it stands for.
        accuracy, accuracy_low, accuracy_high: Of one run with Wilson's interval, over the images; of repeats their mean
            with an interval over seeds and images.
        seeds: Where the spread of repeats comes from; `None` of one.
    """

    name: str
    repeats: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    seeds: SeedSpread | None


@dataclass(frozen=True)
class ClassDifference(Record):
    """What the second of a pair gains on the images of one class; the p-value is adjusted for the number of classes."""

    name: str
    n: int
    a: float
    b: float
    difference: float
    low: float
    high: float
    p_adjusted: float


@dataclass(frozen=True)
class PairedDifference(Record):
    """What the second of two gains over the first, on the same images. Fractions.

    Attributes:
        a, b: Their names.
        difference: Accuracy of b less that of a.
        low, high: 95 % interval: of two runs a paired bootstrap over the images, of repeats over seeds and images.
        p_value: Of two runs exact McNemar, of repeats Student's t.
        p_adjusted: By Holm, for the number of pairs.
        verdict: `… is better`, where `p_adjusted` is below 0.05, or `no detectable difference`.
        only_a, only_b: Images that only one of the two gets right; of repeats, that most of only one's get right.
        detectable: The smallest difference that so many images show in 8 of 10 cases, were it the clearest of all
            pairs; 1 where none would be shown, `None` of repeats.
        images_needed: More images for half a point to be shown so; `None` of repeats.
        per_class: The classes, the largest loss first.
        examples_a, examples_b: Positions of images that only one gets right, the clearest first.
    """

    a: str
    b: str
    difference: float
    low: float
    high: float
    p_value: float
    p_adjusted: float
    verdict: str
    only_a: int
    only_b: int
    detectable: float | None
    images_needed: int | None
    per_class: list[ClassDifference]
    examples_a: list[int] = field(repr=False)
    examples_b: list[int] = field(repr=False)


def standing_of(its: Contestant) -> Standing:
    """Tell how one contestant fares."""
    repeats, n = its.right.shape
    if repeats > 1 and n > 1:
        low, high = mean_interval(its.right)
    else:
        low, high = wilson_interval(round(float(its.right.mean()) * n), n)
    spread = seed_spread(its.right) if repeats > 1 else None
    return Standing(its.name, repeats, float(its.right.mean()), low, high, spread)


def compare_all(
    pairs: Sequence[tuple[Contestant, Contestant]], labels: npt.NDArray[np.int64], class_names: Sequence[str]
) -> list[PairedDifference]:
    """Compare contestants, pair by pair; the p-values are adjusted for the number of pairs.

    Args:
        pairs: On the same N images; either all of one repeat or all of several.
        labels: `int64 (N,)`.
        class_names: K names.
    """
    tested = [_difference(a.right, b.right) for a, b in pairs]
    adjusted = holm([p for _, _, p in tested])
    return [
        _compared(a, b, bounds, p_adjusted, _per_class(a, b, labels, class_names), LEVEL / len(pairs))
        for (a, b), bounds, p_adjusted in zip(pairs, tested, adjusted, strict=True)
    ]


def _difference(right_a: Right, right_b: Right) -> tuple[float, float, float]:
    """Return low, high and p-value."""
    if len(right_a) > 1:
        return compare_repeats(right_a, right_b)
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    return *paired_bootstrap(only_a, only_b, right_a.shape[1]), mcnemar(only_a, only_b)


def _compared(
    a: Contestant,
    b: Contestant,
    bounds: tuple[float, float, float],
    p_adjusted: float,
    per_class: list[ClassDifference],
    level: float,
) -> PairedDifference:
    low, high, p_value = bounds
    difference, n = float(b.right.mean() - a.right.mean()), a.right.shape[1]
    mostly_a, mostly_b = (its.right.mean(axis=0) > 0.5 for its in (a, b))
    only_a, only_b = mostly_a & ~mostly_b, mostly_b & ~mostly_a
    # As for the interval: one image more either way, so that nothing is expected of no difference at all.
    discordant = float(only_a.sum() + only_b.sum() + 2) / (n + 2)
    single, better = len(a.right) == 1, b.name if difference > 0 else a.name
    return PairedDifference(
        a=a.name,
        b=b.name,
        difference=difference,
        low=low,
        high=high,
        p_value=p_value,
        p_adjusted=p_adjusted,
        verdict=f"{better} is better" if p_adjusted < LEVEL else "no detectable difference",
        only_a=int(only_a.sum()),
        only_b=int(only_b.sum()),
        detectable=detectable(discordant, n, level) if single else None,
        images_needed=max(0, images_for(WORTH_SEEING, discordant, level) - n) if single else None,
        per_class=per_class,
        examples_a=_clearest(only_a, a.sureness - b.sureness),
        examples_b=_clearest(only_b, b.sureness - a.sureness),
    )


def _clearest(which: npt.NDArray[np.bool_], gap: npt.NDArray[np.floating]) -> list[int]:
    places = np.flatnonzero(which)
    return [int(place) for place in places[np.argsort(-gap[places], kind="stable")][:EXAMPLES]]


def _per_class(
    a: Contestant, b: Contestant, labels: npt.NDArray[np.int64], class_names: Sequence[str]
) -> list[ClassDifference]:
    present = [label for label in range(len(class_names)) if (labels == label).any()]
    parts = [(a.right[:, labels == label], b.right[:, labels == label]) for label in present]
    tested = [_difference(*part) for part in parts]
    adjusted = holm([p for _, _, p in tested])
    found = [
        ClassDifference(
            name=class_names[label],
            n=part_a.shape[1],
            a=float(part_a.mean()),
            b=float(part_b.mean()),
            difference=float(part_b.mean() - part_a.mean()),
            low=low,
            high=high,
            p_adjusted=p_adjusted,
        )
        for label, (part_a, part_b), (low, high, _), p_adjusted in zip(present, parts, tested, adjusted, strict=True)
    ]
    return sorted(found, key=lambda its: its.difference)
