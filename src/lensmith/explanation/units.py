"""What the units of each layer do over many images: which never speak, which are at their limit, how values lie."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.explanation.classifier import Floats
from lensmith.models import activation_of, walk
from lensmith.records import Record

BINS = 32
NEVER_NEGATIVE = frozenset(("relu", "relu6"))
LIMITS = {"sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu6": (0.0, 6.0)}
"""Between which an activation's values lie."""
NEAR = 0.01
"""Share of the way from one limit to the other within which a value is at its limit."""
LARGEST = 1e30
"""Stands for what is infinite."""
MOST_FREE = 0.1
"""Share of a unit's values that may be off the limits of one which is saturated."""


@dataclass(frozen=True)
class Histogram(Record):
    """How many values lie where.

    Attributes:
        low, high: The lowest and the highest value.
        counts: Values in each of `BINS` parts of equal width from `low` to `high`.
    """

    low: float
    high: float
    counts: list[int]


@dataclass(frozen=True)
class LayerUnits(Record):
    """What the units of a layer do; a unit is a channel of a convolution, or a unit of a dense layer.

    Attributes:
        number: Its place in the network.
        name: The layer's.
        type: Its class.
        activation: The function its values come out of; empty where that is none.
        units: How many there are.
        dead: Units with a ReLU that are zero for every image, everywhere.
        saturated: Units that are at a limit of their activation for nearly every image, nearly everywhere.
        outputs: Of what the layer puts out.
        weights: Of the layer's largest weight; `None` without one.
    """

    number: int
    name: str
    type: str
    activation: str
    units: int
    dead: list[int]
    saturated: list[int]
    outputs: Histogram
    weights: Histogram | None


def units(model: Any, images: npt.NDArray[np.uint8], batch: int = 32) -> list[LayerUnits]:
    """Look at every layer that computes something, over many images.

    Args:
        model: A built `keras.Model` from raw pixels on, whose layers are known.
        images: `uint8 (N, H, W, C)`, N at least 1.
        batch: Images computed at once.

    Raises:
        LensmithError: The layers are not known.
    """
    seen: dict[int, _Seen] = {}
    for number, step, values in _outputs(model, images, batch):
        seen.setdefault(number, _Seen(step)).look(values)
    for number, _, values in _outputs(model, images, batch):  # the limits of a histogram are known only now
        seen[number].count(values)
    return [its.found() for its in seen.values()]


def _outputs(model: Any, images: npt.NDArray[np.uint8], batch: int) -> Iterator[tuple[int, Any, Floats]]:
    """Yield what each layer puts out for each batch, `(values of a unit, units)`, with the layer's place."""
    import keras

    for start in range(0, len(images), batch):
        pixels = keras.ops.convert_to_tensor(images[start : start + batch].astype(np.float32))
        for step in walk(model, pixels):
            # Operations of `keras.ops` have no weights.
            if step.output is step.inputs[0] or not (activation_of(step.layer) or getattr(step.layer, "weights", None)):
                continue
            values = keras.ops.convert_to_numpy(step.output).astype(np.float32)
            yield (
                step.number,
                step,
                np.nan_to_num(values, posinf=LARGEST, neginf=-LARGEST).reshape(-1, values.shape[-1]),
            )


class _Seen:
    """What is known so far of a layer."""

    def __init__(self, step: Any) -> None:
        self._number, self._name, self._layer = step.number, step.name, step.layer
        self._activation = activation_of(step.layer)
        self._low = self._high = np.zeros(0, np.float32)
        self._at_limit = np.zeros(0, np.int64)
        self._values = 0
        self._counts = np.zeros(BINS, np.int64)

    def look(self, values: Floats) -> None:
        """Look at lowest, highest, and how many are at a limit."""
        low, high = values.min(axis=0), values.max(axis=0)
        if not self._values:
            self._low, self._high, self._at_limit = low, high, np.zeros(len(low), np.int64)
        self._low, self._high = np.minimum(self._low, low), np.maximum(self._high, high)
        self._values += len(values)
        if self._activation in LIMITS:
            least, most = LIMITS[self._activation]
            near = NEAR * (most - least)
            # A ReLU at zero is silent, not saturated.
            at_least = values <= least + near
            if self._activation in NEVER_NEGATIVE:
                at_least[:] = False
            self._at_limit += (at_least | (values >= most - near)).sum(axis=0)

    def count(self, values: Floats) -> None:
        """Count into the parts of the histogram."""
        self._counts += _counted(values, *self._range())

    def found(self) -> LayerUnits:
        """Sum up."""
        dead = self._high <= 0 if self._activation in NEVER_NEGATIVE else np.zeros(len(self._high), bool)
        saturated = self._at_limit > (1 - MOST_FREE) * self._values if self._activation in LIMITS else dead & False
        low, high = self._range()
        kernels = [its.numpy() for its in getattr(self._layer, "weights", ()) if len(its.shape) > 1]
        return LayerUnits(
            number=self._number,
            name=self._name,
            type=type(self._layer).__name__,
            activation=self._activation,
            units=len(self._high),
            dead=np.flatnonzero(dead).tolist(),
            saturated=np.flatnonzero(saturated & ~dead).tolist(),
            outputs=Histogram(low, high, self._counts.tolist()),
            weights=histogram(max(kernels, key=np.size)) if kernels else None,
        )

    def _range(self) -> tuple[float, float]:
        return float(self._low.min()), float(self._high.max())


def histogram(values: npt.NDArray[Any]) -> Histogram:
    """Count how values lie between the lowest and the highest.

    Example:
        >>> histogram(np.array([0.0, 0.0, 1.0])).counts[::31]
        [2, 1]
    """
    low, high = float(values.min()), float(values.max())
    return Histogram(low, high, _counted(values, low, high).tolist())


def _counted(values: npt.NDArray[Any], low: float, high: float) -> npt.NDArray[np.int64]:
    """Count values into the parts of a histogram; those of a range too narrow to be parted are all in the first."""
    if high - low <= BINS * np.finfo(np.float32).eps * max(abs(low), abs(high)):
        return np.array([values.size, *[0] * (BINS - 1)])
    counts: npt.NDArray[np.int64] = np.histogram(values.astype(np.float64), BINS, (low, high))[0]
    return counts
