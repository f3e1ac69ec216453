"""Why this class: maps of a picture that say which places speak for a class and which against it.

Each is a function from a classifier, a picture and a class to a `Map`, registered by its name in `METHODS`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lensmith.backend import gradient
from lensmith.errors import LensmithError
from lensmith.explanation.classifier import Classifier, Floats
from lensmith.records import Record
from lensmith.registry import Registry

FEWEST_STEPS, MOST_STEPS, STEPS_AT_ONCE = 32, 1024, 8
"""Of integrated gradients: between the baseline and the picture."""
TOLERANCE = 0.01
"""Share of the difference of the scores by which integrated gradients may fail to add up to it."""
PATCHES = 8
"""A covered square is an eighth of the picture's shorter side."""
COVERED_AT_ONCE = 64


@dataclass(frozen=True)
class Map(Record):
    """Which places of a picture speak for a class.

    Attributes:
        method: `gradcam`, `occlusion` or `integrated`.
        label: Index of the class.
        layer: The layer that was looked at; empty where none is.
        unit: What a value is.
        note: What a reader should know of this map; may be empty.
        values: `float32 (H, W)`, as many as the picture has pixels; above zero speaks for the class.
    """

    method: str
    label: int
    layer: str
    unit: str
    note: str
    values: Floats = field(repr=False)


Method = Callable[[Classifier, npt.NDArray[np.uint8], int, str | None], Map]
METHODS: Registry[Method] = Registry("method", LensmithError)


@METHODS.register("gradcam")
def grad_cam(classifier: Classifier, picture: npt.NDArray[np.uint8], label: int, layer: str | None = None) -> Map:
    """Weigh the channels of a layer by how the class's score changes with them, and add them up.

    Args:
        classifier: The network.
        picture: `uint8 (H, W, C)`, of the network's own size.
        label: Index of the class.
        layer: Whose output is looked at; by default the last that has height and width.

    Raises:
        LensmithError: There is no such layer, or its output has no height and width.

    Source:
        Selvaraju et al., Grad-CAM, ICCV 2017, arXiv:1610.02391, equations 1 and 2.
    """
    import keras

    number = classifier.last_picture() if layer is None else classifier.number_of(layer)
    if not classifier.is_picture(number):
        raise LensmithError(
            f"The output of {classifier.layers[number]} has no height and width. Choose a layer before it, such as "
            f"{classifier.layers[classifier.last_picture()]}."
        )
    pixels = picture[np.newaxis].astype(np.float32)
    features = keras.ops.cast(classifier.output_of(number, pixels), "float32")
    slopes = gradient(lambda more: classifier.scores(pixels, {number: more})[0, label], keras.ops.zeros_like(features))
    weights = keras.ops.mean(slopes, axis=(1, 2), keepdims=True)
    weighted = keras.ops.convert_to_numpy(keras.ops.sum(weights * features, axis=-1))[0]
    positive = np.maximum(weighted, 0).astype(np.float32)
    note = "" if positive.any() else "Nothing at this layer speaks for the class: the map is empty."
    return Map("gradcam", label, classifier.layers[number], "weighted activation", note, _enlarged(positive, picture))


@METHODS.register("integrated")
def integrated_gradients(
    classifier: Classifier, picture: npt.NDArray[np.uint8], label: int, layer: str | None = None
) -> Map:
    """Add up how the class's score changes along the way from a black picture to this one, pixel by pixel.

    The steps are doubled until the sum of the map is the difference of the two scores within one per cent.

    Args:
        classifier: The network.
        picture: `uint8 (H, W, C)`, of the network's own size.
        label: Index of the class.
        layer: Not used: the pixels are looked at.

    Source:
        Sundararajan, Taly and Yan, Axiomatic attribution for deep networks, ICML 2017, arXiv:1703.01365, equation 3.
    """
    del layer
    pixels = picture.astype(np.float32)
    ends = np.stack([pixels, np.zeros_like(pixels)])
    full, black = (float(its[label]) for its in _numpy(classifier.scores(ends)))
    steps, error, values = FEWEST_STEPS, math.inf, pixels
    while steps <= MOST_STEPS:
        values = pixels * _mean_slopes(classifier, pixels, label, steps)
        error = abs(float(values.sum()) - (full - black)) / max(abs(full - black), 1e-6)
        if error <= TOLERANCE:
            break
        steps *= 2
    note = (
        f"The values sum to {values.sum():.4g}; the scores differ by {full - black:.4g}."
        if error <= TOLERANCE
        else f"The values do not add up to the difference of the scores: {error:.0%} off after {MOST_STEPS} steps."
    )
    return Map("integrated", label, "", "score", note, values.sum(axis=-1).astype(np.float32))


def _mean_slopes(classifier: Classifier, pixels: Floats, label: int, steps: int) -> Floats:
    """Average the slopes of the score at the middle of each step between black and the picture."""
    import keras

    shares = (np.arange(steps, dtype=np.float32) + 0.5) / steps
    total = np.zeros(pixels.shape, np.float64)
    for start in range(0, steps, STEPS_AT_ONCE):
        on_the_way = shares[start : start + STEPS_AT_ONCE, np.newaxis, np.newaxis, np.newaxis] * pixels
        slopes = gradient(lambda its: keras.ops.sum(classifier.scores(its)[:, label]), on_the_way)
        total += _numpy(slopes).sum(axis=0, dtype=np.float64)
    return (total / steps).astype(np.float32)


@METHODS.register("occlusion")
def occlusion(classifier: Classifier, picture: npt.NDArray[np.uint8], label: int, layer: str | None = None) -> Map:
    """Cover the picture with a grey square, place after place, and see how the class's probability falls.

    Args:
        classifier: The network.
        picture: `uint8 (H, W, C)`, of the network's own size.
        label: Index of the class.
        layer: Not used: the answers are looked at.

    Source:
        Zeiler and Fergus, Visualizing and understanding convolutional networks, ECCV 2014, arXiv:1311.2901, part 4.2.
    """
    del layer
    height, width = picture.shape[:2]
    side = max(1, min(height, width) // PATCHES)
    places = [(top, left) for top in _starts(height, side) for left in _starts(width, side)]
    grey = picture.mean(axis=(0, 1)).astype(np.float32)
    before = float(classifier.probabilities(picture[np.newaxis].astype(np.float32))[0, label])
    fallen, times = np.zeros((height, width), np.float64), np.zeros((height, width), np.int64)
    for start in range(0, len(places), COVERED_AT_ONCE):
        some = places[start : start + COVERED_AT_ONCE]
        covered = np.repeat(picture[np.newaxis].astype(np.float32), len(some), axis=0)
        for its, (top, left) in zip(covered, some, strict=True):
            its[top : top + side, left : left + side] = grey
        for answer, (top, left) in zip(classifier.probabilities(covered)[:, label], some, strict=True):
            fallen[top : top + side, left : left + side] += before - answer
            times[top : top + side, left : left + side] += 1
    values = (fallen / np.maximum(times, 1)).astype(np.float32)
    return Map("occlusion", label, "", "probability", f"Squares of {side}×{side} pixels.", values)


def _starts(length: int, side: int) -> list[int]:
    """Return where squares begin along an axis: half a side apart, the last one at the edge."""
    return sorted({*range(0, length - side + 1, max(1, side // 2)), length - side})


def _enlarged(values: Floats, picture: npt.NDArray[np.uint8]) -> Floats:
    from PIL import Image

    height, width = picture.shape[:2]
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.BILINEAR), np.float32)


def _numpy(tensor: object) -> Floats:
    import keras

    values: Floats = keras.ops.convert_to_numpy(tensor)
    return values
