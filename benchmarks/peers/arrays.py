"""The arrays of the `.npz` files that every peer trains on, as `keras.datasets` would give them."""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


def load_arrays(name: str, images: int | None) -> tuple[tuple[Pixels, Labels], tuple[Pixels, Labels]]:
    """Read a data set from `$LENSMITH_DATA`.

    Args:
        name: `mnist` or `cifar10`.
        images: How many of the training images; all of them where it is `None`.

    Returns:
        Training and test images `uint8 (N, H, W, C)` with labels `int64 (N,)`.
    """
    with np.load(Path(os.environ["LENSMITH_DATA"]) / f"{name}.npz") as file:
        x_train, y_train, x_test, y_test = (file[key] for key in ("x_train", "y_train", "x_test", "y_test"))
    if x_train.ndim == 3:
        x_train, x_test = x_train[..., np.newaxis], x_test[..., np.newaxis]
    train = (x_train[:images], y_train.reshape(-1)[:images].astype(np.int64))
    return train, (x_test, y_test.reshape(-1).astype(np.int64))
