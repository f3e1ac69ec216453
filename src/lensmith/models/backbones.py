"""Networks that were trained on something else before: their place between what suits the images and the classes."""

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from lensmith.backend import load_model
from lensmith.errors import RecipeError, did_you_mean
from lensmith.files import sha256_of
from lensmith.models.builders import BUILDERS

LARGEST_SMALL, ENLARGED = 64, 128
"""Pixels a side up to which images are enlarged, and to which."""


def input_layers(
    image_shape: tuple[int, int, int], size: int | None, smallest: int
) -> tuple[list[Any], tuple[int, int, int]]:
    """Bring images to what a network for photos takes: colour, and large enough.

    Args:
        image_shape: Height, width, channels.
        size: Pixels a side to bring them to; `None` enlarges small ones, and leaves others as they are.
        smallest: Pixels a side that the network takes at the least.

    Returns:
        Keras layers, and the shape of what they give.

    Raises:
        ValueError: The images would be too small.
    """
    from keras import layers

    height, width, channels = image_shape
    front: list[Any] = []
    if size is None and max(height, width) <= LARGEST_SMALL:
        size = ENLARGED
    if size is not None:
        front.append(layers.Resizing(size, size))
        height = width = size
    if channels == 1:
        # A picture in three times the same gray is what a gray photo is to a network for colours.
        front.append(layers.Conv2D(3, 1, use_bias=False, kernel_initializer="ones", trainable=False, name="gray"))
    if min(height, width) < smallest:
        raise ValueError(
            f"it takes images of {smallest} pixels a side or more, not {height}x{width}: "
            f"model.arguments.size = {ENLARGED}."
        )
    return front, (height, width, 3)


def output_layers(num_classes: int, dropout: float) -> list[Any]:
    """Make the layers from features to probabilities."""
    from keras import layers

    # Named, because the layers of an earlier run bring their names along.
    last = layers.Dense(num_classes, activation="softmax", name="classes")
    return [layers.Dropout(dropout, name="features_dropped"), last]


@BUILDERS.register("keras-application")
def keras_application(
    image_shape: tuple[int, int, int],
    num_classes: int,
    *,
    name: str = "MobileNetV3Small",
    weights: str | None = None,
    size: int | None = None,
    dropout: float = 0.2,
) -> list[Any]:
    """Build a network of `keras.applications`, to its features; its own preprocessing becomes a layer of it.

    Args:
        image_shape: Height, width, channels.
        num_classes: K.
        name: Such as `MobileNetV3Small` or `ResNet50`.
        weights: `imagenet`, which Keras downloads on first use; the path of a file of weights for the network without
            its last layer; or `None` for weights drawn at random.
        size: Pixels a side that the network brings the images to; by default 128 for those of at most 64, and others
            stay as they are.
        dropout: Fraction of the features dropped before the last layer while training.

    Returns:
        Keras layers: the network to its features is one of them; the last gives `(N, K)` probabilities.

    Source:
        https://keras.io/api/applications/
    """
    import keras

    known = [its for its in dir(keras.applications) if its[0].isupper()]
    if name not in known:
        raise ValueError(f"keras.applications has no {name!r}.{did_you_mean(name, known)}")
    front, shape = input_layers(image_shape, size, 32)
    build = getattr(keras.applications, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that images are of another size than those of ImageNet
            network = build(include_top=False, weights=weights, input_shape=shape, pooling="avg")
    except Exception as error:  # no network, no such file, weights of another network, a size it cannot take
        raise RecipeError(
            f"keras.applications.{name} cannot be made with model.weights = {weights!r}: {error} On a machine without "
            'a network give the path of a file of its weights, or use builder = "efficientnet-lite0", whose weights '
            "come with lensmith."
        ) from None
    return [*front, *_preprocessing(build), network, *output_layers(num_classes, dropout)]


def _preprocessing(build: Any) -> list[Any]:
    """Make layers of what a network's module does to the pixels before they go into it: an affine map of colours."""
    from keras import layers

    preprocess = sys.modules[build.__module__].preprocess_input
    points = np.concatenate([np.zeros((1, 3)), 255 * np.eye(3)]).astype(np.float32).reshape(4, 1, 1, 3)
    found = np.asarray(preprocess(points)).reshape(4, 3)
    offset, matrix = found[0], (found[1:] - found[0]) / 255
    if np.allclose(matrix, np.eye(3)) and np.allclose(offset, 0):
        return []
    if np.allclose(matrix, np.diag(np.diag(matrix)), atol=1e-6):
        return [layers.Rescaling(np.diag(matrix).tolist(), offset.tolist())]
    # Some were trained on blue, green, red.
    colours = layers.Conv2D(3, 1, trainable=False, name="colours")
    colours.build((None, None, None, 3))
    colours.set_weights([matrix[np.newaxis, np.newaxis], offset])
    return [colours]


@BUILDERS.register("run")
def run_network(
    image_shape: tuple[int, int, int], num_classes: int, *, weights: str, sha256: str = "", dropout: float = 0.2
) -> list[Any]:
    """Build the network of an earlier run, with its weights, up to its last layer, which is new.

    Args:
        image_shape: Height, width, channels: those of the run's own images.
        num_classes: K.
        weights: Path of the run's `model.keras`.
        sha256: What the hash of that file must be; empty for any.
        dropout: Fraction of the features dropped before the last layer while training.

    Returns:
        Keras layers; the last gives `(N, K)` probabilities.

    Source:
        Yosinski et al., How transferable are features in deep neural networks?, NeurIPS 2014, arXiv:1411.1792.
    """
    file = Path(weights)
    if not file.is_file():
        raise RecipeError(f"model.weights: there is no file {file}. Give the model.keras of a run, or --from RUN.")
    if sha256 and sha256_of(file) != sha256:
        raise RecipeError(f"model.weights: {file} is not the file it was: its SHA-256 is no longer {sha256[:12]}….")
    model = load_model(file)
    if tuple(model.input_shape[1:]) != tuple(image_shape):
        raise ValueError(f"{file} is for images of {tuple(model.input_shape[1:])}, and these are {image_shape}.")
    return [*_to_features(model, file), *output_layers(num_classes, dropout)]


def _to_features(model: Any, file: Path) -> list[Any]:
    """Take off a classifier's last layer, and what only follows it or drops what goes into it."""
    import keras

    places = [place for place, layer in enumerate(model.layers) if layer.weights]
    last = model.layers[places[-1]] if isinstance(model, keras.Sequential) and places else None
    if not isinstance(last, keras.layers.Dense):
        raise ValueError(f"{file} is no run's model that ends in a Dense layer.")
    kept = list(model.layers[: places[-1]])
    while isinstance(kept[-1], keras.layers.Dropout):
        kept.pop()
    return kept
