"""Corruptions: how well a classifier does on images that are noisy, blurred, dim, moved or turned.

The kinds follow Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations, ICLR 2019, arXiv:1903.12261. The definitions are ours and hold for images of any size, in colour or
not; so numbers measured here may not be compared with those on ImageNet-C or CIFAR-10-C.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, prod
from statistics import fmean

import numpy as np
import numpy.typing as npt

from lensmith.errors import LensmithError
from lensmith.evaluation.proportions import Labels, Probabilities, wilson_interval
from lensmith.records import Record
from lensmith.registry import Registry

Images = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.floating]
Positions = npt.NDArray[np.int64]
Corruption = Callable[[Images, float, Positions], Images]

SEVERITIES = (1, 2, 3, 4, 5)

AMOUNTS = {
    "blur": (0.012, 0.02, 0.028, 0.038, 0.05),  # standard deviation of the Gaussian, share of the shorter side
    "brightness": (12, 28, 50, 75, 105),  # grey levels of 255, added
    "contrast": (0.2, 0.4, 0.58, 0.73, 0.85),  # share of the contrast that is lost
    "jpeg": (75, 45, 25, 15, 8),  # quality, on Pillow's scale of 0 to 95
    "noise": (6, 14, 25, 40, 60),  # standard deviation, grey levels of 255
    "rotation": (4, 9, 15, 22, 30),  # degrees
    "shift": (0.03, 0.06, 0.1, 0.14, 0.18),  # share of the height, and at once of the width
}
"""How much of each corruption, at severities 1 to 5: from hardly visible to hard, but for most images not too hard
for a person. Chosen by eye on CIFAR-10 and MNIST."""

CORRUPTIONS: Registry[Corruption] = Registry("corruption")
"""From images `uint8 (n, H, W, C)`, C 1 or 3, an amount as in `AMOUNTS`, and the images' positions in their split
`int64 (n,)`, to new images of the same shape. Positions decide whatever differs from image to image, so batches
change nothing."""

BLOCK_VALUES = 2**18
"""Worked on at a time: a batch of large photos in `float32`, several times over, would fill the memory."""

SEED = 1903_12261
"""Of all noise: a measurement can be repeated, and all models see the same images."""


@dataclass(frozen=True)
class CorruptedAccuracy(Record):
    """How a classifier does under one corruption at one severity.

    Attributes:
        kind: A name in `CORRUPTIONS`.
        severity: 1 to 5.
        n: Number of images.
        accuracy, accuracy_low, accuracy_high: A fraction with the 95 % Wilson interval.
    """

    kind: str
    severity: int
    n: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float


@dataclass(frozen=True)
class Robustness(Record):
    """How a classifier does under all corruptions. Accuracies are fractions.

    The means have no interval: the same images stand behind all of their cells.

    Attributes:
        n: Number of images.
        clean_accuracy, clean_accuracy_low, clean_accuracy_high: Of the images as they are; 95 % Wilson interval.
        mean_corrupted_accuracy: Mean over all kinds and severities.
        relative: The same as a share of the clean accuracy; `None` where that is 0.
        by_kind: Mean over the severities of each kind.
        cells: One for each kind and severity.
    """

    n: int
    clean_accuracy: float
    clean_accuracy_low: float
    clean_accuracy_high: float
    mean_corrupted_accuracy: float
    relative: float | None
    by_kind: dict[str, float]
    cells: list[CorruptedAccuracy]


def measure_robustness(
    predict: Callable[[Images], Probabilities],
    batches: Iterable[Images],
    labels: Labels,
    kinds: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Robustness:
    """Measure a classifier on images as they are and under every corruption; each batch is read once for all.

    Args:
        predict: From images `uint8 (n, H, W, C)` to probabilities `float (n, K)`.
        batches: Images `uint8 (n, H, W, C)`, C 1 or 3, N in all, in the order of the labels.
        labels: `int64 (N,)`, each in `[0, K)`, N at least 1.
        kinds: Names in `CORRUPTIONS`; all by default.
        progress: Called with images done and images in all.

    Raises:
        LensmithError: No such kind, with the nearest one; or the images are neither grey nor RGB.
        ValueError: There are more labels than images, or fewer.
    """
    cells = [(kind, severity) for kind in kinds or CORRUPTIONS for severity in SEVERITIES]
    for kind, _ in cells:
        CORRUPTIONS[kind]  # so that a mistyped name is answered before anything is predicted
    right, right_clean, seen = np.zeros(len(cells), np.int64), 0, 0
    for images in batches:
        expected = labels[seen : seen + len(images)]
        right_clean += _count_right(predict(images), expected)
        for place, (kind, severity) in enumerate(cells):
            right[place] += _count_right(predict(corrupt(images, kind, severity, seen)), expected)
        seen += len(images)
        if progress is not None:
            progress(seen, len(labels))
    if seen != len(labels):
        raise ValueError(f"{seen} images for {len(labels)} labels: one of each is expected.")
    measured = [
        CorruptedAccuracy(kind, severity, seen, count / seen, *wilson_interval(count, seen))
        for (kind, severity), count in zip(cells, right.tolist(), strict=True)
    ]
    return _summarise(right_clean, seen, measured)


def corrupt(images: Images, kind: str, severity: int, first: int = 0) -> Images:
    """Corrupt images; the same images at the same positions always become the same.

    Args:
        images: `uint8 (n, H, W, C)`, C 1 or 3.
        kind: A name in `CORRUPTIONS`.
        severity: 1 to 5.
        first: Position in the split of the first of these images.

    Returns:
        `uint8 (n, H, W, C)`; the images given stay as they are.

    Raises:
        LensmithError: No such kind, with the nearest one; no such severity; or the images are neither grey nor RGB.

    Example:
        >>> corrupt(np.full((1, 2, 2, 1), 100, np.uint8), "brightness", 5).ravel().tolist()
        [205, 205, 205, 205]
    """
    apply = CORRUPTIONS[kind]
    if severity not in SEVERITIES:
        raise LensmithError(f"No severity {severity!r}. It is a whole number from 1 to 5.")
    if images.shape[-1] not in (1, 3):
        raise LensmithError(f"Only images of 1 or 3 channels can be corrupted. These have {images.shape[-1]}.")
    corrupted, positions = np.empty_like(images), first + np.arange(len(images))
    step = max(1, BLOCK_VALUES // prod(images.shape[1:]))
    for start in range(0, len(images), step):
        part = slice(start, start + step)
        corrupted[part] = apply(images[part], AMOUNTS[kind][severity - 1], positions[part])
    return corrupted


@CORRUPTIONS.register("noise")
def noise(images: Images, deviation: float, positions: Positions) -> Images:
    """Add Gaussian noise, drawn for every value of its own; at all severities the same, stronger."""
    drawn = np.empty(images.shape, np.float32)
    for its, position in zip(drawn, positions.tolist(), strict=True):
        np.random.default_rng([SEED, position]).standard_normal(dtype=np.float32, out=its)
    return _to_pixels(images + np.float32(deviation) * drawn)


@CORRUPTIONS.register("blur")
def blur(images: Images, share: float, positions: Positions) -> Images:
    """Blur with a Gaussian; beyond the edge lies what is at the edge.

    The kernel is the discrete Gaussian, whose variance is right even where it is far below a pixel; that of a
    sampled Gaussian is none at all there, and small images would stay as they are.

    Source:
        Lindeberg, Scale-space for discrete signals, IEEE Transactions on Pattern Analysis and Machine Intelligence
        12, 1990.
    """
    from scipy.ndimage import correlate1d
    from scipy.special import ive

    deviation = share * min(images.shape[1:3])
    reach = ceil(4 * deviation) + 1
    kernel = ive(np.abs(np.arange(-reach, reach + 1)), deviation**2)
    blurred = images.astype(np.float32)
    for axis in (1, 2):
        blurred = correlate1d(blurred, kernel / kernel.sum(), axis, mode="nearest")
    return _to_pixels(blurred)


@CORRUPTIONS.register("contrast")
def contrast(images: Images, lost: float, positions: Positions) -> Images:
    """Draw every value nearer to the mean of its image and channel."""
    mean = images.mean(axis=(1, 2), keepdims=True).astype(np.float32)
    return _to_pixels(mean + np.float32(1 - lost) * (images - mean))


@CORRUPTIONS.register("brightness")
def brightness(images: Images, levels: float, positions: Positions) -> Images:
    """Make every value brighter by the same."""
    return _to_pixels(images + np.float32(levels))


@CORRUPTIONS.register("jpeg")
def jpeg(images: Images, quality: float, positions: Positions) -> Images:
    """Store as JPEG and read again; colours at half the resolution, as is usual."""
    from PIL import Image

    read = np.empty_like(images)
    for image, its in zip(images, read, strict=True):
        stored = io.BytesIO()
        picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
        picture.save(stored, "JPEG", quality=int(quality), subsampling="4:2:0")
        its[:] = np.asarray(Image.open(stored)).reshape(image.shape)
    return read


@CORRUPTIONS.register("shift")
def shift(images: Images, share: float, positions: Positions) -> Images:
    """Move along both axes at once; the edge is drawn out over what is left empty.

    Images take turns: down and right, down and left, up and right, up and left. Between pixels, bilinear.
    """
    height, width = images.shape[1:3]
    rows, columns = np.mgrid[:height, :width]
    down, right = share * height, share * width
    places = [(rows - y * down, columns - x * right) for y, x in [(1, 1), (1, -1), (-1, 1), (-1, -1)]]
    return _resample_in_turns(images, positions, places)


@CORRUPTIONS.register("rotation")
def rotation(images: Images, degrees: float, positions: Positions) -> Images:
    """Turn about the centre; the edge is drawn out over what is left empty.

    Images take turns: counterclockwise, clockwise. Between pixels, bilinear.
    """
    height, width = images.shape[1:3]
    middle, centre = (height - 1) / 2, (width - 1) / 2
    rows, columns = np.mgrid[:height, :width]
    y, x = rows - middle, columns - centre
    places = [
        (middle + np.cos(angle) * y + np.sin(angle) * x, centre + np.cos(angle) * x - np.sin(angle) * y)
        for angle in np.deg2rad([degrees, -degrees])
    ]
    return _resample_in_turns(images, positions, places)


def _resample_in_turns(images: Images, positions: Positions, places: list[tuple[Floats, Floats]]) -> Images:
    read = np.empty_like(images)
    for turn, (rows, columns) in enumerate(places):
        its = positions % len(places) == turn
        read[its] = _resample(images[its], rows, columns)
    return read


def _resample(images: Images, rows: Floats, columns: Floats) -> Images:
    """Read images `(n, H, W, C)` between their pixels, at `(H, W)` places; outside, at the nearest place inside."""
    height, width = images.shape[1:3]
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    above, left = np.floor(rows).astype(np.intp), np.floor(columns).astype(np.intp)
    below, right = np.minimum(above + 1, height - 1), np.minimum(left + 1, width - 1)
    down, across = (rows % 1).astype(np.float32)[..., np.newaxis], (columns % 1).astype(np.float32)[..., np.newaxis]
    upper = images[:, above, left] * (1 - across) + images[:, above, right] * across
    lower = images[:, below, left] * (1 - across) + images[:, below, right] * across
    return _to_pixels(upper * (1 - down) + lower * down)


def _to_pixels(values: Floats) -> Images:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _count_right(probabilities: Probabilities, labels: Labels) -> int:
    return int((probabilities.argmax(axis=1) == labels).sum())


def _summarise(right: int, n: int, cells: list[CorruptedAccuracy]) -> Robustness:
    clean, (low, high) = right / n, wilson_interval(right, n)
    mean = fmean(cell.accuracy for cell in cells)
    return Robustness(
        n=n,
        clean_accuracy=clean,
        clean_accuracy_low=low,
        clean_accuracy_high=high,
        mean_corrupted_accuracy=mean,
        relative=mean / clean if clean else None,
        by_kind={its.kind: fmean(cell.accuracy for cell in cells if cell.kind == its.kind) for its in cells},
        cells=cells,
    )
