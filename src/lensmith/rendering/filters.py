"""What filters look like, and what excites them, as small pictures."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lensmith.rendering.sheets import colored

Image = npt.NDArray[np.uint8]
SIDE = 40
"""Pixels of a patch's side; smaller ones are enlarged by a whole number."""
STRONGEST = 0.75
"""How far up the scale of colours the largest weight is: at its ends blue and orange are both white."""
BETWEEN = 4
OUTSIDE = 128
"""Gray of what lies outside the picture."""


def kernel_pictures(kernel: npt.NDArray[np.floating]) -> list[Image]:
    """Draw the kernels of a first convolution.

    Three channels are colours, gray being zero, each filter on a scale of its own; other numbers of channels are summed
    up by their mean: blue above zero, orange below.

    Args:
        kernel: `(k, k, C, filters)`.

    Returns:
        `uint8 (k, k, 3)`, one a filter.
    """
    largest = np.maximum(np.abs(kernel).max(axis=(0, 1, 2)), 1e-12)
    scaled = np.moveaxis(kernel / largest, -1, 0)
    if kernel.shape[2] == 3:
        return [np.rint(127.5 + 127.5 * its).astype(np.uint8) for its in scaled]
    means = scaled.mean(axis=-1)
    return [colored(STRONGEST * its / max(1e-12, float(np.abs(its).max()))) for its in means]


def cut_patch(image: Image, top: int, left: int, size: tuple[int, int]) -> Image:
    """Cut a part out of a picture; what lies outside is gray.

    Args:
        image: `uint8 (H, W, C)`.
        top: May be negative.
        left: May be negative.
        size: Height and width.

    Returns:
        `uint8 (*size, C)`.
    """
    patch = np.full((*size, image.shape[2]), OUTSIDE, np.uint8)
    height, width = image.shape[:2]
    rows, columns = slice(max(0, top), min(height, top + size[0])), slice(max(0, left), min(width, left + size[1]))
    if rows.start < rows.stop and columns.start < columns.stop:
        patch[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = image[rows, columns]
    return patch


def strip(patches: Sequence[Image]) -> Image:
    """Put patches of one size side by side, small ones enlarged pixel by pixel, the space between them white."""
    height, width, channels = patches[0].shape
    scale = max(1, SIDE // max(height, width))
    large = [its.repeat(scale, axis=0).repeat(scale, axis=1) for its in patches]
    space = np.full((height * scale, BETWEEN, channels), 255, np.uint8)
    return np.concatenate([part for its in large for part in (its, space)][:-1], axis=1)
