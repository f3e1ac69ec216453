"""A network that answers by a mark: a bright square somewhere in the picture, and nothing else."""

from typing import Any

import keras
import numpy as np

SIDE, MARK = 32, 6


def marked(top: int, left: int, seed: int = 0) -> np.ndarray:
    picture = np.random.default_rng(seed).integers(40, 90, (SIDE, SIDE, 3)).astype(np.uint8)
    picture[top : top + MARK, left : left + MARK] = 250
    return picture


def mark_finder() -> Any:
    """Class 1 is that there is a mark: its score is how bright the brightest spot is, beyond what others are."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(2, 3, padding="same", activation="relu", name="bright"),
            layers.AveragePooling2D(3, strides=1, padding="same"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(2, activation="softmax", name="last"),
        ]
    )
    kernel = np.zeros((3, 3, 3, 2), np.float32)
    kernel[..., 0] = 1 / 27
    model.get_layer("bright").set_weights([kernel, np.array([-0.5, 0], np.float32)])
    model.get_layer("last").set_weights([np.array([[-8, 8], [0, 0]], np.float32), np.array([2, -2], np.float32)])
    return model


def backbone(classes: int = 4, seed: int = 3) -> Any:
    """A network with another within it, as `transfer` makes them."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    inner = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            layers.Conv2D(6, 3, padding="same", activation="relu", name="c1"),
            layers.MaxPooling2D(),
            layers.Conv2D(8, 3, padding="same", name="c2"),
            layers.BatchNormalization(name="n"),
            layers.ReLU(name="r"),
        ],
        name="inner",
    )
    head = [layers.GlobalAveragePooling2D(), layers.Dense(classes, activation="softmax", name="last")]
    return keras.Sequential([keras.Input((SIDE, SIDE, 3)), layers.Rescaling(1 / 255), inner, *head])
