"""What an accuracy costs, and which classifiers no other beats in both."""

from collections.abc import Sequence
from dataclasses import dataclass

from lensmith.records import Record

COSTS = ("train_seconds", "parameters", "multiply_adds", "model_bytes", "seconds_per_image")
"""Fields of `Cost`; of each, less is better."""


@dataclass(frozen=True)
class Cost(Record):
    """What a classifier costs. `None` where it is not known.

    Attributes:
        train_seconds: From the first look at the data to the last step; of a resumed run at least its epochs'. The mean
            over repeats.
        parameters: Of the network.
        multiply_adds: For one image, once through the network.
        model_bytes: Size of `model.onnx`.
        seconds_per_image: At prediction, in batches, on this machine.
    """

    train_seconds: float
    parameters: int
    multiply_adds: int | None
    model_bytes: int
    seconds_per_image: float


def pareto_front(costs: Sequence[float], accuracies: Sequence[float]) -> list[bool]:
    """Tell which of several are not beaten: no other costs as little and is as accurate, one of both better.

    Args:
        costs: One each; less is better.
        accuracies: One each; more is better.

    Example:
        >>> pareto_front([1, 2, 3], [0.5, 0.4, 0.9])
        [True, False, True]
    """
    points = list(zip(costs, accuracies, strict=True))
    return [
        not any(cost <= its and accuracy >= right and (cost, accuracy) != (its, right) for cost, accuracy in points)
        for its, right in points
    ]
