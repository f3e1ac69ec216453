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
BRIGHTEST, LOOKED_AT = 99.5, 1_000_000
"""Per cent of a layer's values that are told apart; those beyond are as bright as a value can be. And from about how
many of them that is told."""

# From black over blue to white, even in lightness, and told apart by every kind of colour vision (as matplotlib's
# `cividis`, thinned out); below zero another hue, from black to vermilion.
_ABOVE = np.array([(0, 0, 0), (0, 66, 107), (0, 114, 178), (86, 170, 220), (190, 222, 242), (255, 255, 255)])
_BELOW = np.array([(0, 0, 0), (97, 43, 0), (160, 71, 0), (213, 94, 0), (240, 160, 100), (255, 225, 205)])
SHADES = 125
"""Of positive values, and of negative ones: with black and the three others they make the colours of a PNG that has a
byte a pixel, which is written three times as fast."""


def _ramp(stops: npt.NDArray[np.int_]) -> npt.NDArray[np.float64]:
    at = np.linspace(0, len(stops) - 1, SHADES + 1)
    return np.stack([np.interp(at, np.arange(len(stops)), channel) for channel in stops.T], axis=1)


PALETTE: npt.NDArray[np.uint8] = np.rint([*_ramp(_BELOW)[:0:-1], *_ramp(_ABOVE), GROUND, STRONG, SILENT]).astype(
    np.uint8
)
"""`(254, 3)`: from -1 over 0 to 1, then the colours around the tiles."""
_GROUND, _STRONG, _SILENT = range(2 * SHADES + 1, 2 * SHADES + 4)


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
    pixels = np.full((laid_out.size[1], laid_out.size[0]), _GROUND, np.uint8)
    places = layer.values.reshape(-1, layer.shape[2])
    some = np.abs(places[:: 1 + layer.values.size // LOOKED_AT])  # of every channel
    strongest = float(np.percentile(some, BRIGHTEST)) or float(np.abs(layer.values).max()) or 1.0
    for channel in range(layer.shape[2]):
        left, top = laid_out.place(channel)
        tile = shades(_scaled(layer.values[:, :, channel], laid_out.tile) / strongest)
        frame = _STRONG if channel in layer.strongest else _SILENT if channel in layer.silent else _GROUND
        width, height = laid_out.tile
        pixels[top - 2 : top + height + 2, left - 2 : left + width + 2] = frame
        pixels[top : top + height, left : left + width] = tile
    drawn = Image.fromarray(pixels, "P")
    drawn.putpalette(PALETTE.tobytes())
    with replacing(path) as temporary:
        drawn.save(temporary, "PNG", compress_level=3)
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


def shades(values: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """Give values from -1 to 1 their places in `PALETTE`."""
    return np.asarray(np.rint(np.clip(values, -1, 1) * SHADES + SHADES), np.uint8)


def colored(values: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """Give values from -1 to 1 their colours: `(H, W)` to `uint8 (H, W, 3)`."""
    return np.asarray(PALETTE[shades(values)], np.uint8)


def _scaled(values: npt.NDArray[np.float32], tile: tuple[int, int]) -> npt.NDArray[np.float32]:
    how = Image.Resampling.NEAREST if tile[0] >= values.shape[1] else Image.Resampling.BOX
    return np.asarray(Image.fromarray(np.ascontiguousarray(values, np.float32)).resize(tile, how), np.float32)
