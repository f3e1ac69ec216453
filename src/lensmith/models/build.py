"""From a recipe's `[model]` to a Keras model: raw pixels 0 to 255 in, one number a class out."""

from typing import Any

from lensmith.config import ModelConfig
from lensmith.errors import RecipeError
from lensmith.models.keras_objects import make_keras_object
from lensmith.models.small import BUILDERS

NUM_CLASSES = "num_classes"
"""Stands for the number of classes wherever a layer takes a number, as in `units = "num_classes"`."""


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

    layers = _make_layers(config, image_shape, num_classes)
    if config.rescale:
        layers.insert(0, keras.layers.Rescaling(1 / 255, name="rescaling"))
    inputs = keras.Input(image_shape, name="pixels")
    _check_shapes(layers, inputs)
    try:
        model = keras.Sequential([inputs, *layers], name=name.replace("-", "_"))
    except ValueError as error:
        raise RecipeError(f"The network cannot be built: {_first_line(str(error))}") from None
    if model.output_shape != (None, num_classes):
        raise RecipeError(
            f"The network ends in the shape {model.output_shape} but there are {num_classes} classes. "
            f'Let the last layer be Dense with units = "{NUM_CLASSES}" (with a Flatten or GlobalAveragePooling2D before it).'
        )
    return model


def _make_layers(config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int) -> list[Any]:
    if config.builder is not None:
        builder = BUILDERS[config.builder]
        try:
            return builder(image_shape, num_classes, **config.arguments)
        except TypeError as error:
            raise RecipeError(f"model.arguments: {config.builder} does not take these arguments: {error}.") from None
    layers = []
    for place, layer in enumerate(config.layers):
        arguments = {name: num_classes if value == NUM_CLASSES else value for name, value in layer.arguments.items()}
        layers.append(make_keras_object("layers", layer.class_name, arguments, f"model.layers[{place}]"))
    return layers


def _check_shapes(layers: list[Any], inputs: Any) -> None:
    """Let each layer say what it makes of the shape before it; a fresh copy, so that nothing is built."""
    shape: tuple[int | None, ...] = tuple(inputs.shape)
    for place, layer in enumerate(layers):
        copy = type(layer).from_config(layer.get_config())
        try:
            after = tuple(copy.compute_output_shape(shape))
            shrunk = any(size is not None and size <= 0 for size in after)
            problem = "" if not shrunk else "the result would be empty"
        except Exception as error:  # every layer has its own way to refuse a shape
            after, problem = shape, str(error)
        if problem:
            raise RecipeError(_explain_refusal(place, layer, shape, problem))
        shape = after


def _explain_refusal(place: int, layer: Any, shape: tuple[int | None, ...], problem: str) -> str:
    window = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    which = f"Layer {place + 1}, {type(layer).__name__} ({layer.name})"
    if window and len(shape) == 4 and any(size is not None and size < its for size, its in zip(shape[1:3], window, strict=True)):
        window_text, size_text = "x".join(map(str, window)), f"{shape[1]}x{shape[2]}"
        return (
            f"{which}, has a window of {window_text} but gets only {size_text} pixels: the layers before it have shrunk "
            'the image to nothing. Use padding = "same" in the convolutions, take out a pooling layer, or use larger '
            "images (--set data.image_size=...)."
        )
    return f"{which}, cannot work on the shape {shape[1:]}: {_first_line(problem)}"


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[0]
