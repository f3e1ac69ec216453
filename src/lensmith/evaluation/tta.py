"""Test-time augmentation: each answer is the mean over several views of the image. NumPy only."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lensmith.errors import LensmithError
from lensmith.registry import Registry

Images = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.floating]
View = tuple[float, Images]
"""Its weight in the mean, and the images as they are seen."""

TTA: Registry[Callable[[Images], list[View]]] = Registry("test-time augmentation")
"""From images `uint8 (n, H, W, C)` to all views of them, the images as they are first; weights sum to 1."""

SMALLEST = float(np.finfo(np.float32).smallest_normal)
"""Stands for a probability of 0, whose logarithm would be infinite; no model can mean anything smaller."""


@dataclass(frozen=True)
class Answers:
    """What a model says with and without test-time augmentation.

    Attributes:
        plain: `float (N, K)`, as the model gives them for the images as they are.
        averaged: `float64 (N, K)`, over all views; rows sum to 1.
        views: Number of views, and so of predictions for each image.
    """

    plain: Probabilities
    averaged: Probabilities
    views: int


@TTA.register("none")
def none(images: Images) -> list[View]:
    """See the images as they are."""
    return [(1.0, images)]


@TTA.register("flip")
def flip(images: Images) -> list[View]:
    """See the images and their mirror images, half each."""
    return _both_ways(1.0, images)


@TTA.register("shift")
def shift(images: Images) -> list[View]:
    """See the images, and the images moved by (-1, -1) and by (+1, +1) pixel, all as `flip` does.

    The images where they are count half, each of the moved ones a quarter. Reflection fills what a move leaves empty.

    Args:
        images: `uint8 (n, H, W, C)`, H and W at least 2.

    Raises:
        LensmithError: The images are too small to be reflected.

    Source:
        Keller Jordan, 94% on CIFAR-10 in 3.29 Seconds on a Single GPU, 2024, arXiv:2404.00498 (airbench).
    """
    height, width = images.shape[1:3]
    if min(height, width) < 2:
        raise LensmithError(
            f"Test-time augmentation 'shift' moves images by one pixel and fills the edge by reflection: that takes "
            f"at least 2x2 pixels, and these images have {height}x{width}. Choose flip or none, or a larger "
            "data.image_size."
        )
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    up_left, down_right = padded[:, 2:, 2:], padded[:, :-2, :-2]
    return [*_both_ways(1 / 2, images), *_both_ways(1 / 4, up_left), *_both_ways(1 / 4, down_right)]


def predict_views(predict: Callable[[Images], Probabilities], batches: Iterable[Images], kind: str) -> Answers:
    """Predict every view of every image; each batch is read once for all of them.

    The mean is taken of log-probabilities and goes through a softmax. A log-probability is the logit less a
    constant of its view, which the softmax takes away again: this is the mean of the logits.

    Args:
        predict: From images `uint8 (n, H, W, C)` to probabilities `float (n, K)`.
        batches: Images `uint8 (n, H, W, C)`; at least one batch.
        kind: A name in `TTA`.

    Raises:
        LensmithError: No such kind, with the nearest one; or images too small for it.
    """
    views_of, views = TTA[kind], 0
    plain, averaged = [], []
    for images in batches:
        weighted = [(weight, predict(view)) for weight, view in views_of(images)]
        views = len(weighted)
        plain.append(weighted[0][1])
        averaged.append(_average(weighted))
    return Answers(np.concatenate(plain), np.concatenate(averaged), views)


def count_views(kind: str, image_shape: tuple[int, int, int]) -> int:
    """Count the predictions for each image, and raise what `predict_views` would, before anything is predicted.

    Args:
        kind: A name in `TTA`.
        image_shape: H, W, C.

    Raises:
        LensmithError: No such kind, with the nearest one; or images too small for it.
    """
    return len(TTA[kind](np.zeros((1, *image_shape), np.uint8)))


def _both_ways(weight: float, images: Images) -> list[View]:
    return [(weight / 2, images), (weight / 2, images[:, :, ::-1])]


def _average(weighted: list[tuple[float, Probabilities]]) -> Probabilities:
    logs = sum(weight * np.log(np.maximum(answer.astype(np.float64), SMALLEST)) for weight, answer in weighted)
    likelihoods = np.exp(logs - np.max(logs, axis=1, keepdims=True))
    averaged: Probabilities = likelihoods / likelihoods.sum(axis=1, keepdims=True)
    return averaged
