"""All channels of a layer as one picture of tiles."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from lensmith.explanation import LayerActivations
from lensmith.files import replacing

SMALLEST_TILE, LARGEST_TILE = 56, 225
"""Pixels of the longer side of a channel."""
MARGIN = 3
"""Pixels around a tile, for its frame."""
GROUND, STRONG, SILENT = (255, 255, 255), (213, 94, 0), (150, 160, 170)
"""Colours between tiles, of the frame of the strongest channels, and of the silent ones."""
BRIGHTEST = 99.5
"""Per cent of a layer's values that are told apart; those beyond are as bright as a value can be."""

# From black over blue to white, even in lightness, and told apart by every kind of colour vision (as matplotlib's
# `cividis`, thinned out); below zero another hue, from black to vermilion.
_ABOVE = np.array([(0, 0, 0), (0, 66, 107), (0, 114, 178), (86, 170, 220), (190, 222, 242), (255, 255, 255)])
_BELOW = np.array([(0, 0, 0), (97, 43, 0), (160, 71, 0), (213, 94, 0), (240, 160, 100), (255, 225, 205)])


@dataclass(frozen=True)
class Sheet:
    """Where the channels of a layer are on its picture.

    Attributes:
        columns: Tiles in a row.
        tile: Width and height of one, pixels, without its margin.
        size: Width and height of the picture.
    """

    columns: int
    tile: tuple[int, int]
    size: tuple[int, int]

    def place(self, channel: int) -> tuple[int, int]:
        """Return the left upper corner of a channel's tile."""
        row, column = divmod(channel, self.columns)
        return MARGIN + column * (self.tile[0] + 2 * MARGIN), MARGIN + row * (self.tile[1] + 2 * MARGIN)


def save_sheet(layer: LayerActivations, path: Path) -> Sheet:
    """Draw all channels of a layer, the strongest and the silent ones framed.

    Zero is black; positive values go to white over blue, negative ones over vermilion, all channels of the layer on one
    scale.

    Args:
        layer: With its values.
        path: The PNG to write.
    """
    laid_out = layout(layer.shape)
    pixels = np.full((laid_out.size[1], laid_out.size[0], 3), GROUND, np.uint8)
    strongest = float(np.percentile(np.abs(layer.values), BRIGHTEST)) or float(np.abs(layer.values).max()) or 1.0
    for channel in range(layer.shape[2]):
        left, top = laid_out.place(channel)
        tile = colored(_scaled(layer.values[:, :, channel], laid_out.tile) / strongest)
        frame = STRONG if channel in layer.strongest else SILENT if channel in layer.silent else GROUND
        width, height = laid_out.tile
        pixels[top - 2 : top + height + 2, left - 2 : left + width + 2] = frame
        pixels[top : top + height, left : left + width] = tile
    with replacing(path) as temporary:
        Image.fromarray(pixels).save(temporary, "PNG", compress_level=3)
    return laid_out


def layout(shape: tuple[int, int, int]) -> Sheet:
    """Choose how large tiles are, and how many in a row: about twice as wide as high in all."""
    height, width, channels = shape
    longest = max(height, width)
    # Small ones are enlarged by a whole number, so that one sees each value.
    scale = max(1, SMALLEST_TILE // longest) if longest < SMALLEST_TILE else min(1.0, LARGEST_TILE / longest)
    tile = (max(1, round(width * scale)), max(1, round(height * scale)))
    columns = min(channels, max(1, math.ceil(math.sqrt(1.8 * channels * tile[1] / tile[0]))))
    rows = -(-channels // columns)
    size = (columns * (tile[0] + 2 * MARGIN), rows * (tile[1] + 2 * MARGIN))
    return Sheet(columns, tile, size)


def colored(values: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """Give values from -1 to 1 their colours: `(H, W)` to `uint8 (H, W, 3)`."""
    size = np.clip(np.abs(values), 0, 1) * (len(_ABOVE) - 1)
    first = np.minimum(size.astype(int), len(_ABOVE) - 2)
    share = (size - first)[..., np.newaxis]
    ramp = np.where((values >= 0)[..., np.newaxis, np.newaxis], _ABOVE, _BELOW)
    low, high = (np.take_along_axis(ramp, (first + its)[..., np.newaxis, np.newaxis], -2)[..., 0, :] for its in (0, 1))
    return np.asarray(np.rint(low + share * (high - low)), np.uint8)


def _scaled(values: npt.NDArray[np.float32], tile: tuple[int, int]) -> npt.NDArray[np.float32]:
    how = Image.Resampling.NEAREST if tile[0] >= values.shape[1] else Image.Resampling.BOX
    return np.asarray(Image.fromarray(np.ascontiguousarray(values, np.float32)).resize(tile, how), np.float32)
