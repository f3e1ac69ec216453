"""One filter of the first convolution at work on a small part of a picture: what is multiplied, and what it sums to."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.errors import LensmithError
from lensmith.explanation.classifier import Floats
from lensmith.models import walk
from lensmith.models.windows import Window, padding
from lensmith.records import Record

PLACES = 6
"""A side of the part of the output that is worked out."""


@dataclass(frozen=True)
class Sliding(Record):
    """A filter, step by step.

    Attributes:
        layer: The convolution's name.
        channel: Which of its filters.
        activation: The function that comes after the sum; empty for none.
        bias: What is added to the sum.
        top, left: Of the part, in the layer's input, padding not counted; negative where it begins in the padding.
        values: `(n, n, C)`, what the filter slides over, padding included.
        kernel: `(k, k, C)`.
        sums: `(m, m)`, the sum of products at each place, and the bias.
        outputs: `(m, m)`, what the layer puts out there.
        inside: `(n, n)`, whether a value is of the picture, not of the padding.
    """

    layer: str
    channel: int
    activation: str
    bias: float
    top: int
    left: int
    stride: int
    values: Floats = field(repr=False)
    kernel: Floats = field(repr=False)
    sums: Floats = field(repr=False)
    outputs: Floats = field(repr=False)
    inside: npt.NDArray[np.bool_] = field(repr=False)


def slide(model: Any, picture: npt.NDArray[np.uint8], channel: int | None = None) -> Sliding:
    """Work out a filter of the first convolution around the place where it answers most.

    Args:
        model: A built `keras.Model`.
        picture: `uint8 (H, W, C)`.
        channel: Of the layer; by default the one that answers most.

    Raises:
        LensmithError: There is no convolution with square windows without gaps, or no such filter.
    """
    import keras

    pixels = keras.ops.convert_to_tensor(picture[np.newaxis].astype(np.float32))
    step = next((its for its in walk(model, pixels) if isinstance(its.layer, keras.layers.Conv2D)), None)
    if step is None or len(set(step.layer.kernel_size)) > 1 or set(step.layer.dilation_rate) != {1}:
        raise LensmithError(f"{model.name} has no convolution whose windows are square and without gaps, to be shown.")
    layer, (given, made) = step.layer, (keras.ops.convert_to_numpy(its)[0] for its in (step.inputs[0], step.output))
    if channel is None:
        channel = int(np.ptp(made, axis=(0, 1)).argmax())
    if not 0 <= channel < made.shape[2]:
        raise LensmithError(f"{step.name} has {made.shape[2]} filters, numbered from 0; there is no number {channel}.")
    size, stride = layer.kernel_size[0], layer.strides[0]
    row, column = _best_part(made[:, :, channel])
    outputs = made[row : row + PLACES, column : column + PLACES, channel]
    window = Window(size, stride, same=layer.padding == "same")
    before = [padding(n, window)[0] for n in given.shape[:2]]
    top, left = row * stride - before[0], column * stride - before[1]
    reach = [(n - 1) * stride + size for n in outputs.shape]
    values, inside = _cut(given, top, left, reach)
    weights = layer.get_weights()
    kernel, bias = weights[0][..., channel], float(weights[1][channel]) if len(weights) > 1 else 0.0
    sums = np.array(
        [
            [
                (values[y * stride :][:size, x * stride :][:, :size] * kernel).sum() + bias
                for x in range(outputs.shape[1])
            ]
            for y in range(outputs.shape[0])
        ],
        np.float32,
    )
    name = getattr(layer.activation, "__name__", "")
    return Sliding(
        step.name,
        channel,
        "" if name == "linear" else name,
        bias,
        top,
        left,
        stride,
        values,
        kernel,
        sums,
        outputs,
        inside,
    )


def _best_part(answers: Floats) -> tuple[int, int]:
    """Return where the part of the output begins in the middle of which its values differ most from one another."""
    height, width = (max(0, size - PLACES) for size in answers.shape)
    spread = np.array(
        [
            [np.ptp(answers[row : row + PLACES, column : column + PLACES]) for column in range(0, width + 1, 2)]
            for row in range(0, height + 1, 2)
        ]
    )
    row, column = np.unravel_index(int(spread.argmax()), spread.shape)
    return 2 * int(row), 2 * int(column)


def _cut(values: Floats, top: int, left: int, reach: list[int]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Cut a part out, with zeros where it lies outside."""
    height, width, channels = values.shape
    part, inside = np.zeros((*reach, channels), np.float32), np.zeros(reach, bool)
    rows = slice(max(0, top), min(height, top + reach[0]))
    columns = slice(max(0, left), min(width, left + reach[1]))
    there = (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
    part[there], inside[there] = values[rows, columns], True
    return part, inside
