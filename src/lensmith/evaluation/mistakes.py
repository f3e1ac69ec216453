"""The images a classifier was surest about and wrong."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lensmith.data import Split
from lensmith.records import Record


@dataclass(frozen=True)
class Mistake(Record):
    """One wrong answer.

    Attributes:
        position: Within the split.
        name: File or place in the array.
        label: What it is.
        predicted: What it was taken for.
        probability: Of the wrong class.
        label_probability: Of the right one.
    """

    position: int
    name: str
    label: str
    predicted: str
    probability: float
    label_probability: float


def most_confident_mistakes(
    probabilities: npt.NDArray[np.floating], split: Split, class_names: tuple[str, ...], count: int = 24
) -> list[Mistake]:
    """Name the wrong answers with the highest probability, surest first.

    Args:
        probabilities: `float (N, K)`, for the images of `split` in order.
        split: The images.
        class_names: K names.
        count: How many at most.
    """
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != split.labels)
    surest = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:count]
    return [
        Mistake(
            position=int(place),
            name=split.names[place],
            label=class_names[split.labels[place]],
            predicted=class_names[predicted[place]],
            probability=float(probabilities[place, predicted[place]]),
            label_probability=float(probabilities[place, split.labels[place]]),
        )
        for place in surest
    ]
