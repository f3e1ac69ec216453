"""Which images a step sees: the order is a function of seed and epoch, so it can be taken up anywhere."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.data import Split

Targets = npt.NDArray[np.integer] | npt.NDArray[np.floating]


def epoch_order(seed: int, epoch: int, n: int) -> npt.NDArray[np.int64]:
    """Return the order of the images in an epoch: the same for the same seed and epoch, whatever came before."""
    return np.random.default_rng([seed, epoch]).permutation(n)


def training_batches(
    split: Split, targets: Targets, batch_size: int, *, seed: int, first_epoch: int = 0
) -> Iterator[tuple[npt.NDArray[np.uint8], Targets]]:
    """Yield shuffled batches, epoch after epoch without end; the last batch of an epoch may be smaller.

    Yields:
        Images `uint8 (b, H, W, C)` and their targets.
    """
    for epoch in itertools.count(first_epoch):
        order = epoch_order(seed, epoch, len(split))
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            yield split.read(chosen), targets[chosen]


def ordered_batches(split: Split, targets: Targets, batch_size: int) -> Any:
    """Return a `keras.utils.PyDataset` over a split in its own order, so that images on disk stay there."""
    import keras

    class Ordered(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return -(-len(split) // batch_size)

        def __getitem__(self, batch: int) -> Any:
            chosen = np.arange(batch * batch_size, min((batch + 1) * batch_size, len(split)))
            return split.read(chosen), targets[chosen]

    return Ordered()
