"""Lay one picture over another, in whatever crop of either fits best."""

from functools import lru_cache
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np

from lensmith.data.thumbnails import Floats, averaging, detail, shrink

Part = tuple[float, float]
"""Where a part of a side begins and ends, as shares of it."""
Parts = tuple[Part, ...]


class Pass(NamedTuple):
    """One of several passes, from coarse to fine.

    Attributes:
        side: Pixels a side of what is compared.
        step: Share of a side by which each edge of a crop is moved.
        least: Correlation below which no finer pass is worth the while.
    """

    side: int
    step: float
    least: float


class Fit(NamedTuple):
    """A crop, and how alike the whole of another picture is to it."""

    correlation: float
    rows: Part
    columns: Part


PASSES = (Pass(8, 0.06, 0.85), Pass(16, 0.03, 0.75), Pass(32, 0.015, 0.6), Pass(32, 0.015, 0.0))
LARGEST = 64
"""Pixels a side of which no more are looked at."""
WHOLE: Parts = ((0.0, 1.0),)
FIRST: Parts = (
    *WHOLE,
    *((start, start + share) for share in (0.9, 0.8) for start in (0.0, (1 - share) / 2, 1 - share)),
)
"""Parts of each side that are tried first."""
SMALLEST = 0.75
"""Share of a side below which a part is another picture."""


class Overlaid:
    """A picture made ready to be laid over others."""

    def __init__(self, pixels: Floats) -> None:
        """Shrink a picture, and look at its first crops.

        Args:
            pixels: Gray, `(H, W)`.
        """
        large = max(pixels.shape) > LARGEST
        self._pixels = shrink(pixels[np.newaxis], LARGEST)[0] if large else pixels
        self._wholes: dict[int, Floats] = {}
        self._first = self._crops(FIRST, FIRST, PASSES[0].side)

    def similarity(self, other: "Overlaid") -> float:
        """Return the correlation of detail where it is highest, of either picture with a crop of the other.

        Returns:
            At most 1; 0 where a coarse look says that the pictures differ.
        """
        mine, others = self._begin(other), other._begin(self)
        whole, cropped, fit = (self, other, mine) if mine >= others else (other, self, others)
        for before, its in pairwise(PASSES):
            if fit.correlation < before.least:
                return 0.0
            fit = whole._fit(cropped, _moved(fit.rows, its.step), _moved(fit.columns, its.step), its.side)
        return fit.correlation

    def _begin(self, cropped: "Overlaid") -> Fit:
        """Lay the whole of this picture over the first crops of another, and move those that fit best."""
        side, step, _ = PASSES[0]
        row, column = divmod(int((cropped._first @ self._whole(side)).argmax()), len(FIRST))
        return self._fit(cropped, _moved(FIRST[row], step), _moved(FIRST[column], step), side)

    def _fit(self, cropped: "Overlaid", rows: Parts, columns: Parts, side: int) -> Fit:
        """Find the crop that the whole of this picture fits best."""
        found = cropped._crops(rows, columns, side) @ self._whole(side)
        row, column = divmod(int(found.argmax()), len(columns))
        return Fit(float(found.max()), rows[row], columns[column])

    @property
    def richness(self) -> float:
        """Over how many pixels of the finest pass the detail is spread: its inverse participation ratio."""
        return float(1 / np.maximum(np.sum(self._whole(PASSES[-1].side) ** 4), 1e-6))

    def _whole(self, side: int) -> Floats:
        if side not in self._wholes:
            self._wholes[side] = self._crops(WHOLE, WHOLE, side)[0]
        return self._wholes[side]

    def _crops(self, rows: Parts, columns: Parts, side: int) -> Floats:
        """Return the detail of each crop that these parts of both sides make: `(rows columns, side²)`."""
        height, width = self._pixels.shape
        crops = _averaging(rows, height, side) @ self._pixels @ _averaging(columns, width, side).T
        each = crops.reshape(len(rows), side, len(columns), side).swapaxes(1, 2)
        return detail(each.reshape(-1, side, side))


@lru_cache(maxsize=1000)
def _moved(part: Part, step: float) -> Parts:
    """Move both ends of a part out, in, or not at all, as far as the side goes."""
    moves = product((-step, 0, step), repeat=2)
    parts = ((max(0.0, part[0] + first), min(1.0, part[1] + last)) for first, last in moves)
    return tuple(its for its in parts if its[1] - its[0] >= SMALLEST)


@lru_cache(maxsize=1000)
def _averaging(parts: Parts, length: int, side: int) -> Floats:
    """Stack the matrices that average each part of a side: `(parts side, length)`."""
    first, last = np.array(parts).T
    return averaging(first, last, length, side).reshape(-1, length)
