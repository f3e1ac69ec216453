"""Small gray pictures of pictures, and their detail: what is left when skies and walls are taken out.

Averaging pixels, and taking the mean around each, are products with matrices, one for the rows and one for the columns.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from lensmith.data.dataset import Split

Floats = npt.NDArray[np.float32]

BLOCK_BYTES = 32 * 2**20
"""Of pixels that are read at once."""
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue: ITU-R BT.601."""
AROUND = 2
"""Pixels to each side that are a pixel's surroundings."""


def thumbnails(split: Split, side: int) -> Floats:
    """Make gray thumbnails of all images, `(N, side, side)`, from 0 to 255."""
    size = max(1, BLOCK_BYTES // split.store[0].nbytes)
    blocks = (split.read(slice(start, start + size)) for start in range(0, len(split), size))
    return np.concatenate([shrink(gray(images), side) for images in blocks])


def gray(images: npt.NDArray[np.uint8]) -> Floats:
    """Take the colour out, as programs that make gray pictures do: `(N, H, W, C)` to `(N, H, W)`."""
    values = images.astype(np.float32)
    return values[..., 0] if images.shape[-1] == 1 else np.asarray(values @ LUMA)


def shrink(pictures: Floats, side: int) -> Floats:
    """Average pixels down, or repeat them up, to so many a side: `(N, H, W)` to `(N, side, side)`."""
    whole = np.array([0.0]), np.array([1.0])
    down, across = (averaging(*whole, length, side)[0] for length in pictures.shape[1:])
    return np.asarray(down @ (pictures @ across.T))


def averaging(first: npt.NDArray[np.float64], last: npt.NDArray[np.float64], length: int, side: int) -> Floats:
    """Make the matrices that average the pixels of parts of a side.

    Args:
        first: Where each part begins, as a share of the side: `(N,)`.
        last: Where it ends.
        length: Pixels of the side.
        side: Pixels that are made of each part.

    Returns:
        `(N, side, length)`; rows add up to 1.
    """
    edges = length * (first[:, np.newaxis] + np.linspace(0, 1, side + 1) * (last - first)[:, np.newaxis])
    begin = np.floor(edges[:, :-1, np.newaxis] + 1e-6)
    end = np.maximum(np.ceil(edges[:, 1:, np.newaxis] - 1e-6), begin + 1)
    pixels = np.arange(length)
    return np.asarray(((begin <= pixels) & (pixels < end)) / (end - begin), np.float32)


@lru_cache
def surroundings(side: int) -> Floats:
    """Make the matrix that replaces each of so many pixels by the mean of those around it: `(side, side)`."""
    near = np.clip(np.arange(side)[:, np.newaxis] + np.arange(-AROUND, AROUND + 1), 0, side - 1)
    return np.asarray((near[:, :, np.newaxis] == np.arange(side)).mean(axis=1), np.float32)


def detail(pictures: Floats) -> Floats:
    """Take out what changes slowly over a picture, and how strong it is: each less its surroundings, of length 1.

    Args:
        pictures: `(N, side, side)`.

    Returns:
        `(N, side²)`; products of two are correlations.
    """
    around = surroundings(pictures.shape[1])
    vectors = (pictures - around @ (pictures @ around.T)).reshape(len(pictures), -1)
    return unit(vectors - vectors.mean(axis=1, keepdims=True))


def unit(vectors: Floats) -> Floats:
    """Make vectors `(N, D)` of length 1; those of nothing stay nothing."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6), np.float32)
