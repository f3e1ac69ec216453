"""What a diagnosis goes by: the curves of a training, and what its network answers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """A training epoch by epoch, each `(E,)`; those of validation hold NaN where there was none.

    Attributes:
        loss, accuracy: Of the training images, while they were trained on.
        val_loss, val_accuracy: Of the validation images.
        learning_rate: At the end of each epoch; NaN where it is not known.
    """

    loss: Values
    accuracy: Values
    val_loss: Values
    val_accuracy: Values
    learning_rate: Values

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, object]]) -> "Curves":
        """Read the rows of a history: ours, or those of Keras' `History` and `CSVLogger`."""
        names = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
        return cls(*(np.array([_number(row.get(name)) for row in rows]) for name in names))

    def __len__(self) -> int:
        """Return E."""
        return len(self.loss)

    @property
    def validated(self) -> bool:
        """Whether there are validation images."""
        return bool(len(self)) and bool(np.isfinite(self.val_loss).all())


@dataclass(frozen=True)
class Evidence:
    """All that is known of a training.

    Attributes:
        curves: Epoch by epoch.
        train_counts: Training images of each class, `(K,)`.
        labels: Of the validation images, `(M,)`.
        answers: Probabilities for them, `(M, K)`.
        diverged: Whether the loss stopped being a number.
        dead: By layer, the share of the units behind a ReLU that are the same for every validation image.
        broken_rules: Layer and problem of rules of thumb that loss and last layer break.
        waiting: Share of the training time spent waiting for images, 0 to 1.
    """

    curves: Curves
    train_counts: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    answers: Values
    diverged: bool = False
    dead: Mapping[str, float] = field(default_factory=dict)
    broken_rules: Sequence[tuple[str, str]] = ()
    waiting: float = 0.0

    @property
    def classes(self) -> int:
        """K."""
        return len(self.train_counts)

    @property
    def guessing_loss(self) -> float:
        """Cross-entropy of naming each class as often as it is there, nats."""
        shares = self.train_counts / max(1, self.train_counts.sum())
        return float(-sum(its * math.log(its) for its in shares if its > 0))

    @property
    def guessing_accuracy(self) -> float:
        """Accuracy of always naming the commonest class."""
        return float(self.train_counts.max() / max(1, self.train_counts.sum()))

    @property
    def most_named(self) -> tuple[int, float]:
        """The class that is named most often for validation images, and the share of them."""
        if not len(self.answers):
            return 0, 0.0
        counts = np.bincount(self.answers.argmax(axis=1), minlength=self.classes)
        return int(counts.argmax()), float(counts.max() / counts.sum())

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """Which validation images are answered wrong, `(M,)`."""
        return np.asarray(self.answers.argmax(axis=1) != self.labels)


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return math.nan
