"""What every layer of the convolutional part makes of a picture, at the picture's own size."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.explanation.classifier import Floats
from lensmith.models import walk
from lensmith.records import Record

STRONGEST = 3
"""Channels of a layer that are pointed out."""
SILENT = 1e-6
"""Spread of a channel, as a share of the layer's largest value, up to which it says nothing of this picture."""


@dataclass(frozen=True)
class LayerActivations(Record):
    """What a layer puts out for a picture.

    Attributes:
        name: The layer's.
        type: Its class.
        shape: Height, width, channels.
        lowest, highest: Of all values.
        zeros: Share of the values that are zero, 0 to 1.
        strongest: Channels of the largest mean size, the strongest first.
        silent: Channels that are the same everywhere: they say nothing of this picture.
        channels: Lowest, highest and mean value of each channel.
        values: `float32 (H, W, C)`; empty once they have been let go.
    """

    name: str
    type: str
    shape: tuple[int, int, int]
    lowest: float
    highest: float
    zeros: float
    strongest: list[int]
    silent: list[int]
    channels: list[tuple[float, float, float]]
    values: Floats = field(repr=False)

    def without_values(self) -> "LayerActivations":
        """Return the same without the values, which take much memory."""
        return replace(self, values=np.zeros((0, 0, 0), np.float32))


def activations(model: Any, picture: npt.NDArray[np.uint8], wanted: Collection[int]) -> Iterator[LayerActivations]:
    """Compute the network layer by layer, and yield what some of them put out.

    Args:
        model: A built `keras.Model`; the picture need not have its size, because convolutions take any.
        picture: `uint8 (H, W, C)`.
        wanted: Which layers, by their place; their outputs must have height and width. What comes after the last of
            them is not computed: beyond the convolutional part only the network's own size will do.
    """
    import keras

    if not wanted:
        return
    pixels = keras.ops.convert_to_tensor(picture[np.newaxis].astype(np.float32))
    for step in walk(model, pixels):
        # A layer that only does something in training gives back what it got.
        if step.number in wanted and step.output is not step.inputs[0]:
            yield _described(
                step.name, type(step.layer).__name__, keras.ops.convert_to_numpy(step.output)[0].astype(np.float32)
            )
        if step.number >= max(wanted):
            return


def _described(name: str, kind: str, values: Floats) -> LayerActivations:
    height, width, channels = values.shape
    sizes = np.abs(values).mean(axis=(0, 1))
    largest = float(np.abs(values).max())
    # Of a single place nothing can be said: it is always the same as itself.
    silent = (np.ptp(values, axis=(0, 1)) <= SILENT * max(largest, 1e-30)) & (height * width > 1)
    facts = [measure(axis=(0, 1)).tolist() for measure in (values.min, values.max, values.mean)]
    return LayerActivations(
        name=name,
        type=kind,
        shape=(height, width, channels),
        lowest=float(values.min()),
        highest=float(values.max()),
        zeros=float((values == 0).mean()),
        strongest=[int(its) for its in np.argsort(-sizes, kind="stable")[:STRONGEST] if not silent[its]],
        silent=np.flatnonzero(silent).tolist(),
        channels=list(zip(*facts, strict=True)),
        values=values,
    )
