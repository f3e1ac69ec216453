"""Comparisons of runs that were never trained: real statistics on made answers."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np

from lensmith.comparison import (
    Compared,
    Comparison,
    Contestant,
    Cost,
    compare_all,
    on_fronts,
    standing_of,
)
from lensmith.data import Split

COST = Cost(train_seconds=12.0, parameters=5000, multiply_adds=2_000_000, model_bytes=140_000, seconds_per_image=2e-4)
SIDE = 6

Wrong = Mapping[str, Sequence[Iterable[int]]]
"""For each run's name its repeats: the places of the images that each gets wrong."""


def a_contestant(name: str, repeats: Sequence[Iterable[int]], n: int) -> Contestant:
    """One that is wrong on these images, the surer of the wrong answer the further back the image is."""
    right = np.ones((len(repeats), n), bool)
    for row, places in zip(right, repeats, strict=True):
        row[list(places)] = False
    sureness = np.where(right, 0.9, 0.4 - 0.4 * np.arange(n) / n).mean(axis=0)
    return Contestant(name, right, sureness)


def a_split(labels: np.ndarray, class_names: Sequence[str]) -> Split:
    """Images of noise, each another, in a store where they lie in another order."""
    n = len(labels)
    store = np.random.default_rng(1).integers(0, 256, (2 * n, SIDE, SIDE, 3), dtype=np.uint8)
    indices = np.random.default_rng(2).permutation(2 * n)[:n]
    names = [f"{class_names[label]}/{place:04d}.jpg" for place, label in enumerate(labels)]
    return Split(store, indices, labels, names)


def a_comparison(
    wrong: Wrong,
    *,
    n: int = 200,
    class_names: Sequence[str] = ("cat", "dog"),
    costs: Mapping[str, Cost] | None = None,
    images: bool = False,
    split: str = "validation",
    notices: Sequence[str] = (),
) -> Comparison:
    """Compare runs on n images, as many of each class.

    Args:
        wrong: What each gets wrong.
        n: Images; those of a class lie side by side.
        class_names: K names.
        costs: By the run's name; `COST` of the others.
        images: Whether they are still there.
        split: Its name.
        notices: To be kept in mind.
    """
    labels = np.arange(n) * len(class_names) // n
    contestants = [a_contestant(name, repeats, n) for name, repeats in wrong.items()]
    standings = [standing_of(its) for its in contestants]
    paid = [(costs or {}).get(name, COST) for name in wrong]
    shown = a_split(labels, class_names)
    return Comparison(
        data="/data/pets",
        split=split,
        n=n,
        runs=[
            Compared(its.name, [f"/runs/{its.name}"], its, cost, front)
            for its, cost, front in zip(
                standings, paid, on_fronts(paid, [its.accuracy for its in standings]), strict=True
            )
        ],
        pairs=compare_all(list(combinations(contestants, 2)), labels, class_names),
        notices=list(notices),
        report="/runs/comparison.html",
        names=list(shown.names),
        labels=labels,
        class_names=tuple(class_names),
        images=shown if images else None,
    )
