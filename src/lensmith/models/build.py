"""From a recipe's `[model]` to a Keras model: raw pixels 0 to 255 in, one number a class out."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.config import ModelConfig
from lensmith.errors import RecipeError
from lensmith.models import backbones, efficientnet_lite, fast, small  # noqa: F401  (they register their builders)
from lensmith.models.builders import BUILDERS
from lensmith.models.keras_objects import argument_problem, explain_refusal, make_keras_object

NUM_CLASSES = "num_classes"
"""Stands for the number of classes wherever a layer takes a number, as in `units = "num_classes"`."""

Shape = tuple[int | None, ...]


def build_model(config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int, name: str = "model") -> Any:
    """Build the network, untrained; weights are drawn from Keras' seed.

    Args:
        config: Layers, or a builder with arguments.
        image_shape: Height, width and channels.
        num_classes: K; the last layer must have as many units.
        name: Of the Keras model.

    Returns:
        `keras.Sequential` from `float32 (N, H, W, C)`, 0 to 255, to `(N, K)`.

    Raises:
        RecipeError: A layer that does not exist or cannot be made, a network that shrinks the image to
            nothing (which layer, which sizes, what to change), or one whose output is not one unit a class.
    """
    import keras

    # Made before the recipe's layers, so that Keras gives a Rescaling of theirs another name.
    rescaling = [keras.layers.Rescaling(1 / 255)] if config.rescale else []
    layers = _make_layers(config, image_shape, num_classes)
    inputs = keras.Input(image_shape, name="pixels")
    try:
        model = keras.Sequential([inputs, *rescaling, *layers], name=name.replace("-", "_").replace("/", "_"))
        refused = any(0 in layer.output.shape for layer in layers)
        reason = "the result would be empty"
    except Exception as error:  # every layer has its own way to refuse a shape
        refused, reason = True, explain_refusal(error)
    if refused:
        raise RecipeError(_find_refusal(config, layers, inputs) or f"The network cannot be built: {reason}")
    if model.output_shape != (None, num_classes):
        raise RecipeError(
            f"The network ends in the shape {model.output_shape} but there are {num_classes} classes. "
            f'Let the last layer be Dense with units = "{NUM_CLASSES}" (with a Flatten or '
            "GlobalAveragePooling2D before it)."
        )
    return model


def adapt(network: Any, images: npt.NDArray[np.uint8]) -> None:
    """Let the layers that are set from the data look at some of the training images.

    Args:
        network: A `keras.Sequential`.
        images: `uint8 (N, H, W, C)`.
    """
    import keras

    features: Any = images.astype(np.float32)
    waiting = [place for place, layer in enumerate(network.layers) if isinstance(layer, adapting())]
    for place, layer in enumerate(network.layers[: max(waiting, default=-1) + 1]):
        if place in waiting:
            layer.adapt(keras.ops.convert_to_numpy(features))
        features = layer(features)


def leaves(layers: Iterable[Any]) -> Iterator[Any]:
    """Yield layers, those of networks within the network instead of these."""
    for layer in layers:
        if hasattr(layer, "layers"):
            yield from leaves(layer.layers)
        else:
            yield layer


def adapting() -> type:
    """Return the class of layers that are set from the data."""
    from lensmith.pieces.layers import WhiteningConv2D

    return WhiteningConv2D


def _make_layers(config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int) -> list[Any]:
    if config.builder is not None:
        given = {"weights": config.weights} if config.weights else {}
        return _call_builder(config.builder, config.arguments | given, image_shape, num_classes)
    layers = []
    for place, its in enumerate(config.layers):
        arguments = _fill_in(its.arguments, num_classes)
        layers.append(make_keras_object("layers", its.class_name, arguments, f"model.layers.{place}"))
    return layers


def _call_builder(
    name: str, arguments: dict[str, Any], image_shape: tuple[int, int, int], num_classes: int
) -> list[Any]:
    builder = BUILDERS[name]
    problem = argument_problem(builder, arguments, given=2)
    if not problem:
        try:
            return builder(image_shape, num_classes, **arguments)
        except (TypeError, ValueError) as error:
            problem = explain_refusal(error, arguments)
    raise RecipeError(f"model.arguments, {name}: {problem}")


def _fill_in(value: Any, num_classes: int) -> Any:
    if isinstance(value, dict):
        return {name: _fill_in(item, num_classes) for name, item in value.items()}
    if isinstance(value, list):
        return [_fill_in(item, num_classes) for item in value]
    return num_classes if value == NUM_CLASSES else value


def _find_refusal(config: ModelConfig, layers: list[Any], inputs: Any) -> str:
    """Explain which layer cannot work on what the layers before it make; empty if all can."""
    tensor = inputs
    for place, layer in enumerate(layers):
        try:
            after = layer(tensor)
            problem = "the result would be empty" if 0 in after.shape else ""
        except Exception as error:  # every layer has its own way to refuse a shape
            problem = explain_refusal(error)
        if problem:
            key = f"{config.builder}" if config.builder else f"model.layers.{place}"
            which = f"Layer {place + 1}, {type(layer).__name__} ({key})"
            return _explain_shrinking(which, layer, tensor.shape, inputs.shape) or (
                f"{which}, cannot work on the shape {tensor.shape[1:]}: {problem}"
            )
        tensor = after
    return ""


def _explain_shrinking(which: str, layer: Any, shape: Shape, image_shape: Shape) -> str:
    """Explain a window that is larger than what is left of the image; empty if it is not."""
    window = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    if not window or len(window) != 2 or len(shape) != 4 or getattr(layer, "padding", "valid") == "same":
        return ""
    spread = getattr(layer, "dilation_rate", (1, 1))
    window = [(size - 1) * step + 1 for size, step in zip(window, spread, strict=True)]
    if all(size is None or size >= its for size, its in zip(shape[1:3], window, strict=True)):
        return ""
    given, whole = _by(shape[1:3]), _by(image_shape[1:3])
    before = f": the layers before it have shrunk the image ({whole}) to less than that" if given != whole else ""
    return (
        f"{which}, has a window of {_by(window)} but gets only {given} pixels{before}. Use padding = "
        '"same" in the convolutions, a smaller window, take out a pooling layer, or use larger images '
        "(--set data.image_size=...)."
    )


def _by(sizes: Any) -> str:
    return "x".join(map(str, sizes))
