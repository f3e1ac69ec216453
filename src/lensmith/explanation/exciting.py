"""Which places of which images excite a channel most: what it has come to look for."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.explanation.classifier import Floats
from lensmith.models import walk
from lensmith.records import Record

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Exciting(Record):
    """Where the channels of a layer answer most, at most one place an image, the strongest first.

    Attributes:
        name: The layer's.
        number: Its place in the network.
        values: `float32 (C, k)`, the answers; k is less where there are fewer images.
        images, rows, columns: `int64 (C, k)`, the image, and the place in what the layer puts out.
    """

    name: str
    number: int
    values: Floats = field(repr=False)
    images: Places = field(repr=False)
    rows: Places = field(repr=False)
    columns: Places = field(repr=False)


def most_exciting(
    model: Any, images: npt.NDArray[np.uint8], layers: Collection[int], most: int, batch: int = 32
) -> list[Exciting]:
    """Find the places that excite the channels of some layers most.

    Args:
        model: A built `keras.Model` from raw pixels on, whose layers are known.
        images: `uint8 (N, H, W, C)`.
        layers: By their place in the network; their outputs must have height and width.
        most: Places for each channel, k.
        batch: Images computed at once.

    Raises:
        LensmithError: The layers are not known.
    """
    found: dict[int, Exciting] = {}
    for start in range(0, len(images), batch):
        for its in _strongest(model, images[start : start + batch], layers, start):
            found[its.number] = _best(found[its.number], its, most) if its.number in found else _best(its, None, most)
    return list(found.values())


def _strongest(model: Any, images: npt.NDArray[np.uint8], layers: Collection[int], first: int) -> Iterator[Exciting]:
    """Yield the strongest place of each channel in each image of a batch, `(C, B)`."""
    import keras

    for step in walk(model, keras.ops.convert_to_tensor(images.astype(np.float32))):
        if step.number in layers:
            values = keras.ops.convert_to_numpy(step.output).astype(np.float32)
            count, _, width, channels = values.shape
            flat = values.reshape(count, -1, channels)
            at = flat.argmax(axis=1).T
            numbers = np.broadcast_to(np.arange(first, first + count), at.shape)
            yield Exciting(step.name, step.number, flat.max(axis=1).T, numbers, at // width, at % width)


def _best(its: Exciting, other: Exciting | None, most: int) -> Exciting:
    """Keep the strongest of one, or of two."""
    both = [its, other] if other else [its]
    parts = ["values", "images", "rows", "columns"]
    joined = {name: np.concatenate([getattr(one, name) for one in both], axis=1) for name in parts}
    order = np.argsort(-joined["values"], axis=1, kind="stable")[:, :most]
    return Exciting(its.name, its.number, *(np.take_along_axis(joined[name], order, 1) for name in parts))
