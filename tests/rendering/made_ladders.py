"""Ladders whose steps were never trained: real statistics on made answers."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from tests.rendering.made_comparisons import Wrong, a_comparison, a_contestant

from lensmith.comparison import Ladder, Step, compare_all

CLASSES = ("cat", "dog")


def a_ladder(
    wrong: Wrong,
    *,
    n: int = 200,
    against: Sequence[int] | None = None,
    left_out: dict[str, str] | None = None,
    notices: Sequence[str] = (),
    what: str = "what is new",
    data: str = "/data/pets",
) -> Ladder:
    """Climb a ladder on n images.

    Args:
        wrong: What each step's trainings get wrong.
        n: Images.
        against: The place of the step that each but the first is compared with; the one before it by default.
        left_out: Steps without answers, and why.
        notices: To be kept in mind.
        what: What is new in each step, before its place.
        data: Where the images come from.
    """
    record = a_comparison(wrong, n=n, class_names=CLASSES, notices=notices)
    steps = [a_contestant(name, repeats, n) for name, repeats in wrong.items()]
    before = range(len(steps) - 1) if against is None else against
    pairs = [(steps[a], b) for a, b in zip(before, steps[1:], strict=True)]
    compared = compare_all(pairs, np.arange(n) * 2 // n, CLASSES)
    return Ladder(
        data=data,
        budget="60s",
        steps=[Step(its.name, f"{what} {place}", 2.5 + place) for place, its in enumerate(steps)],
        comparison=replace(record, data=data, pairs=compared, report="/runs/ladder.html"),
        left_out=dict(left_out or {}),
    )
