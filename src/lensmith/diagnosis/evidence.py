"""What is known of a training when it is to be judged."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from lensmith.records import Record

Row = dict[str, float | int | None]
Floats = npt.NDArray[np.float64]
# What is read from somebody else's run is held to these.
Count = Annotated[int, Field(ge=0, le=2**40)]
Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class Answers(Record):
    """What a model answers for some images, as `predict` would.

    Attributes:
        split: Of which split they are.
        n: How many.
        accuracy: Fraction of right answers.
        labelled, answered: How many images of each class there are, and how many were said to be.
        likelihood: What the model gives the labels of the images it is wrong about, the mean probability.
        unevenness: Of the spread of wrong answers over the pairs of label and answer: the variance of how likely the
            pairs are, over the square of the mean. 0 where all are as likely, as those of mistaken labels are.
    """

    split: str
    n: Annotated[int, Field(ge=1, le=2**40)]
    accuracy: Share
    labelled: Annotated[list[Count], Field(min_length=1)]
    answered: Annotated[list[Count], Field(min_length=1)]
    likelihood: Share
    unevenness: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    @property
    def wrong(self) -> int:
        """Number of wrong answers."""
        return round(self.n * (1 - self.accuracy))


@dataclass(frozen=True)
class UnitCounts(Record):
    """How many units of a layer do nothing.

    Attributes:
        layer: Its name.
        activation: The function its values come out of.
        units: In all.
        dead: Zero for every image that was looked at.
        saturated: At the limit of the activation for nearly all.
    """

    layer: str
    activation: str
    units: Count
    dead: Count
    saturated: Count


@dataclass(frozen=True)
class Facts(Record):
    """What the curves do not show, noted when a training ends.

    Attributes:
        waiting: Share of the time that steps waited for their images; `None` where nobody has measured it.
        in_order: Whether the images came in the order of the data, one class after the other.
        answers: On the validation images, else on training images; the model is that of the best epoch.
        training_accuracy: Of the model on training images as they are: without augmentation and dropout.
        units: Of each layer that has an activation but the last; empty where too few images could be looked at, or the
            network was trained by others.
    """

    waiting: Share | None = None
    in_order: bool = False
    answers: Answers | None = None
    training_accuracy: Share | None = None
    units: list[UnitCounts] = field(default_factory=list)


@dataclass(frozen=True)
class Rule(Record):
    """A rule of thumb that the network breaks: what it is about, and where."""

    rule: str
    layer: str
    problem: str
    advice: str


@dataclass(frozen=True)
class Evidence(Record):
    """What is known of a training.

    Attributes:
        state: As in `run.json`, such as `finished` or `diverged`.
        history: One row an epoch, as in `history.csv`.
        class_counts: Training images of each class.
        validation_images: How many chose the best epoch.
        broken_rules: Of the network.
        error: What the run says of its end, where that was none.
        facts: What the curves do not show; `None` where the training did not get that far.
    """

    state: str
    history: list[Row]
    class_counts: Annotated[list[Count], Field(min_length=1)]
    validation_images: Count
    broken_rules: list[Rule] = field(default_factory=list)
    error: str | None = None
    facts: Facts | None = None

    @property
    def classes(self) -> int:
        """K."""
        return len(self.class_counts)

    @cached_property
    def epochs(self) -> list[Row]:
        """The epochs in which steps were taken."""
        return [row for row in self.history if row.get("epoch")]

    def curve(self, name: str) -> Floats:
        """Return a column of the history, a value an epoch; NaN where there is none."""
        return np.array([np.nan if row.get(name) is None else row[name] for row in self.epochs], np.float64)

    @property
    def commonest(self) -> float:
        """The accuracy of always naming the commonest class."""
        return max(self.class_counts, default=0) / max(1, sum(self.class_counts))

    @property
    def training_accuracy(self) -> float:
        """Of the model on training images as they are, else that of the last epoch; NaN where neither is known."""
        if self.facts and self.facts.training_accuracy is not None:
            return self.facts.training_accuracy
        curve = self.curve("accuracy")
        return float(curve[-1]) if len(curve) else float("nan")


def judge_answers(probabilities: npt.NDArray[np.floating], labels: npt.NDArray[np.integer], split: str) -> Answers:
    """Sum up what a model answers.

    Args:
        probabilities: `(N, K)`.
        labels: `(N,)`.
        split: Of which the images are.
    """
    k = probabilities.shape[1]
    answers = probabilities.argmax(axis=1)
    wrong = answers != labels
    given = probabilities[np.arange(len(labels)), labels]
    return Answers(
        split=split,
        n=len(labels),
        accuracy=float(1 - wrong.mean()),
        labelled=np.bincount(labels, minlength=k).tolist(),
        answered=np.bincount(answers, minlength=k).tolist(),
        likelihood=float(given[wrong].mean()) if wrong.any() else 1.0,
        unevenness=_unevenness(labels, answers, k),
    )


def _unevenness(labels: npt.NDArray[np.integer], answers: npt.NDArray[np.integer], k: int) -> float:
    """Estimate how much the chances of all pairs differ from those of labels that are mistaken by accident.

    An image that looks like one class, and is answered so, is then labelled as any of the others alike. So many wrong
    answers are expected of each pair; counts differ from that by luck, too, by as much as they are, which is taken off.
    """
    counts = np.zeros((k, k))
    wrong = labels != answers
    np.add.at(counts, (labels[wrong], answers[wrong]), 1)
    off = ~np.eye(k, dtype=bool)
    expected = np.broadcast_to(np.bincount(answers, minlength=k), (k, k)) * off
    if k < 3 or not wrong.any():
        return 0.0
    expected = expected * wrong.sum() / expected.sum()
    excess = ((counts - expected) ** 2 - expected)[off].sum()
    return float(max(0.0, excess / (expected**2).sum()))


def comes_in_order(labels: npt.NDArray[np.integer]) -> bool:
    """Tell whether images come one class after the other, or nearly so.

    Example:
        >>> comes_in_order(np.repeat([0, 1, 2], 20)), comes_in_order(np.tile([0, 1, 2], 20))
        (True, False)
    """
    shares = np.bincount(labels) / max(1, len(labels))
    by_chance = (len(labels) - 1) * (1 - (shares**2).sum())
    return bool(by_chance > 0 and np.count_nonzero(np.diff(labels)) < by_chance / 2)
