"""What the units of each layer do over many images: which never answer, which are stuck at an end, how values lie."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.explanation.classifier import Floats
from lensmith.models import walk
from lensmith.records import Record

BINS = 40
SATURATED, NEARLY_ALL = 0.98, 0.95
"""Share of its range from which on a value of tanh or sigmoid is at its end; and share of a unit's values there from
which on the unit is saturated."""
_ENDS = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0)}


@dataclass(frozen=True)
class UnitStatistics(Record):
    """The units of a layer: its channels, or the numbers of a dense layer.

    Attributes:
        layer: Its name.
        type: Its class.
        units: How many.
        dead: Those that are the same for every image and place: they say nothing, and learn nothing.
        saturated: Those of tanh or sigmoid that are nearly always at an end of their range, where slopes vanish.
        edges: `BINS + 1` values between which the values are counted.
        counts: `BINS` numbers of values; those beyond the edges are in the first and the last.
        weight_edges, weight_counts: The same of the layer's kernel; empty where it has none.
    """

    layer: str
    type: str
    units: int
    dead: list[int]
    saturated: list[int]
    edges: list[float]
    counts: list[int]
    weight_edges: list[float]
    weight_counts: list[int]


def unit_statistics(model: Any, images: npt.NDArray[np.uint8], batch: int = 32) -> list[UnitStatistics]:
    """Watch the units of every layer over images.

    Args:
        model: A built `keras.Model`.
        images: `uint8 (N, H, W, C)`; some hundreds are enough.
        batch: Images at once.
    """
    watched: dict[int, _Watched] = {}
    for start in range(0, len(images), batch):
        for number, step, values in _outputs(model, images[start : start + batch]):
            if number not in watched:
                watched[number] = _Watched(step, values)
            watched[number].add(values)
    return [its.statistics() for its in watched.values()]


def _outputs(model: Any, images: npt.NDArray[np.uint8]) -> Iterator[tuple[int, Any, Floats]]:
    import keras

    for step in walk(model, keras.ops.convert_to_tensor(images.astype(np.float32))):
        values = keras.ops.convert_to_numpy(step.output)
        yield step.number, step, values.reshape(-1, values.shape[-1])


class _Watched:
    """One layer over all images."""

    def __init__(self, step: Any, first: Floats) -> None:
        self.step = step
        low, high = float(first.min()), float(first.max())
        self.edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
        self.counts = np.zeros(BINS, np.int64)
        self.lowest, self.highest = first.min(axis=0), first.max(axis=0)
        self.at_an_end, self.values = np.zeros(first.shape[1], np.int64), 0
        name = getattr(getattr(step.layer, "activation", None), "__name__", "")
        self.ends = _ENDS.get(name)

    def add(self, values: Floats) -> None:
        self.counts += np.histogram(np.clip(values, self.edges[0], self.edges[-1]), self.edges)[0]
        self.lowest = np.minimum(self.lowest, values.min(axis=0))
        self.highest = np.maximum(self.highest, values.max(axis=0))
        self.values += len(values)
        if self.ends:
            low, high = self.ends
            share = (values - low) / (high - low)
            self.at_an_end += (np.abs(2 * share - 1) >= SATURATED).sum(axis=0)

    def statistics(self) -> UnitStatistics:
        kernel = next((its for its in self.step.layer.weights if len(its.shape) > 1), None) if _has(self.step) else None
        nothing = np.zeros(0, np.int64), np.zeros(0)
        weights = np.histogram(np.asarray(kernel), BINS) if kernel is not None else nothing
        return UnitStatistics(
            layer=self.step.name,
            type=type(self.step.layer).__name__,
            units=len(self.lowest),
            dead=np.flatnonzero(self.highest == self.lowest).tolist(),
            saturated=np.flatnonzero(self.at_an_end >= NEARLY_ALL * self.values).tolist() if self.ends else [],
            edges=self.edges.tolist(),
            counts=self.counts.tolist(),
            weight_edges=weights[1].tolist(),
            weight_counts=[int(its) for its in weights[0]],
        )


def _has(step: Any) -> bool:
    return bool(getattr(step.layer, "weights", None))
