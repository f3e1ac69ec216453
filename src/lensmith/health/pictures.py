"""Pictures that show nothing, or little: blank, too dark, too bright, blurred."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lensmith.data import Split

BLANK, BLANK_OUTRIGHT = 4.0, 1.0
"""Standard deviation of gray, out of 255, below which a picture shows nothing; and one that is dark or bright, too."""
DARK, BRIGHT = 20.0, 235.0
"""Gray, out of 255, that nine tenths of a picture are below, or above."""
MOST = 0.9
BLURRED = 0.25
"""Share of the usual sharpness of the data set below which a picture is blurred."""
BLOCK_BYTES = 8 * 2**20
"""Of pixels that are measured at once."""


@dataclass(frozen=True)
class Measures:
    """What is measured of N pictures, each `float32 (N,)`.

    Attributes:
        contrast: Standard deviation of gray, out of 255.
        dark, bright: Gray that nine tenths of the picture are below, and above.
        sharpness: Root mean square of the Laplacian, of the picture at half its size, over the contrast; 0 where there
            is none.
    """

    contrast: npt.NDArray[np.float32]
    dark: npt.NDArray[np.float32]
    bright: npt.NDArray[np.float32]
    sharpness: npt.NDArray[np.float32]


def measure(split: Split) -> Measures:
    """Measure every picture of a split."""
    size = max(1, BLOCK_BYTES // split.store[0].nbytes)
    parts = [_measure(split.read(slice(start, start + size))) for start in range(0, len(split), size)]
    return Measures(*(np.concatenate(its) for its in zip(*parts, strict=True)))


def _measure(images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], ...]:
    gray = images.mean(axis=-1, dtype=np.float32)
    contrast = gray.std(axis=(1, 2))
    dark, bright = np.quantile(gray, (MOST, 1 - MOST), axis=(1, 2)).astype(np.float32)
    half = _halved(gray)
    laplacian = (
        half[:, :-2, 1:-1] + half[:, 2:, 1:-1] + half[:, 1:-1, :-2] + half[:, 1:-1, 2:] - 4 * half[:, 1:-1, 1:-1]
    )
    sharpness = np.sqrt(np.square(laplacian).mean(axis=(1, 2))) / np.maximum(contrast, 1.0)
    return contrast, dark, bright, np.where(contrast < BLANK, 0, sharpness).astype(np.float32)


def _halved(gray: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Average squares of four pixels, so that the rounding of pixels is not taken for detail."""
    n, height, width = gray.shape
    whole = gray[:, : height // 2 * 2, : width // 2 * 2]
    return np.asarray(whole.reshape(n, height // 2, 2, width // 2, 2).mean(axis=(2, 4)), np.float32)


def problems(measures: Measures) -> dict[str, npt.NDArray[np.int64]]:
    """List the places of pictures that show nothing or little, by what is wrong, each under one thing only."""
    some = measures.contrast >= BLANK_OUTRIGHT
    dark = some & (measures.dark < DARK)
    bright = some & (measures.bright > BRIGHT)
    blank = (measures.contrast < BLANK) & ~dark & ~bright
    shown = ~(blank | dark | bright)
    usual = float(np.median(measures.sharpness[shown])) if shown.any() else 0.0
    blurred = shown & (measures.sharpness < BLURRED * usual)
    found = {"blank": blank, "dark": dark, "bright": bright, "blurred": blurred}
    return {name: np.flatnonzero(its) for name, its in found.items()}
