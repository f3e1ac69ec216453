"""What an accuracy costs, and which classifiers no other beats in both."""

from collections.abc import Sequence
from dataclasses import dataclass

from lensmith.records import Record

COSTS = ("train_seconds", "parameters", "multiply_adds", "model_bytes", "seconds_per_image")
"""Fields of `Cost`; of each, less is better."""


@dataclass(frozen=True)
class Cost(Record):
    """What a classifier costs.

    Attributes:
        train_seconds: From the first look at the data to the last step; of a resumed run at least its epochs'. The mean
            over repeats.
        parameters: Of the network.
        multiply_adds: For one image, once through the network; `None` of layers whose sums are not known.
        model_bytes: Size of `model.onnx`.
        seconds_per_image: At prediction, in batches, on this machine.
    """

    train_seconds: float
    parameters: int
    multiply_adds: int | None
    model_bytes: int
    seconds_per_image: float


def on_fronts(costs: Sequence[Cost], accuracies: Sequence[float]) -> list[list[str]]:
    """Name for each classifier the costs by which no other beats it; only costs that are known of all.

    Costs count to two digits: none is cheaper by what another measurement would turn round.

    Args:
        costs: One of each.
        accuracies: One of each.
    """
    fronts = dict[str, list[bool]]()
    for name in COSTS:
        values = [getattr(its, name) for its in costs]
        if None not in values:
            fronts[name] = pareto_front([float(f"{its:.2g}") for its in values], accuracies)
    return [[name for name, on in fronts.items() if on[place]] for place in range(len(costs))]


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
