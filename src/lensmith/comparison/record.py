"""What a comparison has found, as a whole."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lensmith.comparison.comparing import PairedDifference, Standing
from lensmith.comparison.costs import Cost
from lensmith.data import Split
from lensmith.records import Record


@dataclass(frozen=True)
class Compared(Record):
    """One contestant: how it fares and what it costs.

    Attributes:
        name: Of the run.
        runs: Paths of the run and its repeats.
        standing: Accuracy, with its interval.
        cost: What it costs.
        on_front: Costs by which no other is at least as good in both, and better in one.
    """

    name: str
    runs: list[str]
    standing: Standing
    cost: Cost
    on_front: list[str]


@dataclass(frozen=True)
class Comparison(Record):
    """Several classifiers on the same images.

    Attributes:
        data: Where the images come from.
        split: `validation` or `test`.
        n: Images.
        runs: The contestants, in the order they were given.
        pairs: Those that were compared.
        notices: What is to be kept in mind.
        report: Path of the page.
        names: Of the images.
        labels: `int64 (N,)`.
        class_names: K names.
        images: The split, where it is still there.
    """

    data: str
    split: str
    n: int
    runs: list[Compared]
    pairs: list[PairedDifference]
    notices: list[str]
    report: str
    names: list[str] = field(repr=False)
    labels: npt.NDArray[np.int64] = field(repr=False)
    class_names: tuple[str, ...] = field(repr=False)
    images: Split | None = field(repr=False)


@dataclass(frozen=True)
class Step(Record):
    """A step of a ladder: its name, what is new in it, and the epochs it had time for, the mean over its trainings."""

    name: str
    what: str
    epochs: float


@dataclass(frozen=True)
class Ladder(Record):
    """One change after the other, and what each gains.

    Attributes:
        data: Where the images come from.
        budget: Time that each training had, as it was given.
        steps: In order; those of `comparison.runs`.
        comparison: Each step with the one it is against.
        left_out: Steps that could not be trained, and why.
    """

    data: str
    budget: str
    steps: list[Step]
    comparison: Comparison
    left_out: dict[str, str]
