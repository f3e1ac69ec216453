"""Augmentations by one word: how far images may be changed without showing another thing."""

from typing import Any

from lensmith.config import KerasObject, Recipe
from lensmith.config.recipe import TrainingConfig

Described = list[dict[str, Any]]

_FLIP: Described = [{"class_name": "RandomFlip", "mode": "horizontal"}]


def _moved(turned: float, shifted: float, zoomed: float) -> Described:
    """Turn by a share of a full turn, shift by a share of the size, zoom in and out; the edge is mirrored."""
    return [
        *([{"class_name": "RandomRotation", "factor": turned, "fill_mode": "reflect"}] if turned else []),
        {
            "class_name": "RandomTranslation",
            "height_factor": shifted,
            "width_factor": shifted,
            "fill_mode": "reflect",
        },
        *([{"class_name": "RandomZoom", "height_factor": [-zoomed, zoomed], "fill_mode": "reflect"}] if zoomed else []),
    ]


def _lit(share: float) -> Described:
    """Change brightness and contrast by up to a share."""
    return [{"class_name": name, "factor": share} for name in ("RandomBrightness", "RandomContrast")]


PRESETS: dict[str, Described] = {
    "none": [],
    "light": [*_FLIP, *_moved(0, 0.05, 0)],
    "standard": [*_FLIP, *_moved(0.03, 0.08, 0.1), *_lit(0.1)],
    "strong": [
        *_FLIP,
        *_moved(0.04, 0.1, 0.15),
        *_lit(0.2),
        {"class_name": "RandomErasing", "scale": [0.02, 0.1], "fill_value": 128.0},
    ],
}
"""What each word stands for: Keras layers, on raw pixels 0 to 255."""


def preset(name: str, color: str) -> list[KerasObject]:
    """Return what a word stands for.

    Args:
        name: One of `PRESETS`.
        color: `rgb`, or `grayscale`: those are not mirrored, because digits and letters are among them.
    """
    kept = [its for its in PRESETS[name] if color == "rgb" or its not in _FLIP]
    return TrainingConfig.model_validate({"augmentation": kept}).augmentation


def spell_out(recipe: Recipe, color: str) -> Recipe:
    """Replace the words in a recipe's augmentation by the layers that they stand for, so that it says what was done."""
    written = recipe.training.augmentation
    whole = [
        layer for its in written for layer in (preset(its.class_name, color) if its.class_name in PRESETS else [its])
    ]
    if whole == written:
        return recipe
    return recipe.model_copy(update={"training": recipe.training.model_copy(update={"augmentation": whole})})
