"""Augmentations that mix two images, and their targets by the same share."""

import sys
from dataclasses import dataclass

import numpy as np

from lensmith.errors import RecipeError
from lensmith.training.augmentation import (
    AUGMENTATIONS,
    Augmentation,
    Draws,
    Epoch,
    Images,
    Others,
    Targets,
    blocks,
    draw_boxes,
)


@AUGMENTATIONS.register("MixUp")
@dataclass(frozen=True)
class MixUp(Augmentation):
    """Blend each image with a random one of the split, and their targets alike; drawn anew each epoch.

    Attributes:
        alpha: Shares are drawn from Beta(alpha, alpha): the smaller, the nearer to one of the two images.

    Source:
        Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018, arXiv:1710.09412.
    """

    alpha: float = 0.2

    def __post_init__(self) -> None:
        """Check `alpha`."""
        _require_above_0("alpha", self.alpha)

    def draw(self, epoch: Epoch, place: int) -> Draws:
        """Draw positions of the other images, `int64 (N,)`, and shares of the image itself, `float32 (N,)`."""
        _require_one_hot(epoch, "MixUp")
        random, n = epoch.random(place), len(epoch.split)
        return (random.integers(0, n, n), random.beta(self.alpha, self.alpha, n).astype(np.float32))

    def apply(self, images: Images, targets: Targets, drawn: Draws, others: Others) -> None:
        """Blend in place; pixels are rounded."""
        positions, shares = drawn
        other_images, other_targets = others(positions)
        for part in blocks(images):
            share = shares[part, None, None, None]
            images[part] = np.rint(share * images[part] + (1 - share) * other_images[part])
        _mix_targets(targets, other_targets, shares)


@AUGMENTATIONS.register("CutMix")
@dataclass(frozen=True)
class CutMix(Augmentation):
    """Put a box of a random image of the split in the same place, and mix targets by area; drawn anew each epoch.

    Attributes:
        alpha: The share the image itself keeps is drawn from Beta(alpha, alpha), before the box is cut off at
            the image's edges; targets are mixed by what is left of the box.
        probability: That an image gets a box, above 0 and up to 1.

    Source:
        Yun et al., CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features,
        ICCV 2019, arXiv:1905.04899.
    """

    alpha: float = 1.0
    probability: float = 0.5

    def __post_init__(self) -> None:
        """Check `alpha` and `probability`."""
        _require_above_0("alpha", self.alpha)
        _require_above_0("probability", self.probability, 1)

    def draw(self, epoch: Epoch, place: int) -> Draws:
        """Draw positions of the other images, `int64 (N,)`, and boxes as `draw_boxes` gives them, some empty."""
        _require_one_hot(epoch, "CutMix")
        random, n = epoch.random(place), len(epoch.split)
        positions = random.integers(0, n, n)
        chosen = random.random(n) < self.probability
        fractions = np.sqrt(1 - random.beta(self.alpha, self.alpha, n)) * chosen
        sides = (fractions[:, None] * epoch.image_size).astype(np.int64)
        return (positions, draw_boxes(random, sides, epoch.image_size))

    def apply(self, images: Images, targets: Targets, drawn: Draws, others: Others) -> None:
        """Put in the boxes."""
        positions, boxes = drawn
        areas = np.prod(boxes[:, 1] - boxes[:, 0], axis=1)
        mixed = np.flatnonzero(areas)
        other_images, other_targets = others(positions[mixed])
        for place, other, ((top, left), (bottom, right)) in zip(
            mixed.tolist(), other_images, boxes[mixed].tolist(), strict=True
        ):
            images[place, top:bottom, left:right] = other[top:bottom, left:right]
        height, width = images.shape[1:3]
        its_targets = targets[mixed]
        _mix_targets(its_targets, other_targets, (1 - areas[mixed] / (height * width)).astype(np.float32))
        targets[mixed] = its_targets


def _mix_targets(targets: Targets, others: Targets, shares: Targets) -> None:
    """Mix `float32 (n, K)` in place; `shares` `float32 (n,)` are those of `targets`."""
    targets *= shares[:, None]
    targets += (1 - shares[:, None]) * others


def _require_one_hot(epoch: Epoch, class_name: str) -> None:
    if epoch.targets.ndim != 2:
        raise RecipeError(
            f"training.augmentation, {class_name}: mixed images belong to two classes, and a Sparse loss takes one. "
            'Use training.loss = "CategoricalCrossentropy".'
        )


def _require_above_0(name: str, value: object, most: float = sys.float_info.max) -> None:
    """Refuse what is not a number above 0 and up to `most`, as `require_whole` does."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        bounds = "above 0 and up to 1" if most == 1 else "above 0"
        raise ValueError(f"{name}: a number {bounds} is expected, not {value!r}.")
