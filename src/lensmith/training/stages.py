"""Progressive resizing: the parts of a training that see smaller images."""

from collections.abc import Sequence
from typing import Any

from lensmith.backend import Steps, compile_steps
from lensmith.config import SmallerImages
from lensmith.errors import RecipeError
from lensmith.models import explain_refusal


class Stages:
    """The compiled function of each part of a training: all train the same weights, on images of different sizes.

    Source:
        Howard et al., Training Imagenet in 3 hours for $25, fast.ai 2018 (progressive resizing).
    """

    def __init__(self, trainee: Any, steps: int, parts: Sequence[SmallerImages]) -> None:
        """Divide a training of so many steps into `parts` and a rest at full size.

        What a step is computed with is not `trainee` itself but what `quicker` makes of it.
        """
        from lensmith.training.pooling import quicker

        ends = [(round(part.until * steps), smaller(trainee, part.size)) for part in parts]
        self._stages = [(end, compile_steps(trainee, quicker(network))) for end, network in [*ends, (steps, trainee)]]

    def at(self, step: int) -> Steps:
        """Return the function for a step, counted from 0 in the whole training."""
        return next((its for end, its in self._stages if step < end), self._stages[-1][1])


def smaller(trainee: Any, size: int) -> Any:
    """Return a network with the layers of `trainee` that first makes the images smaller.

    Raises:
        RecipeError: The images are not larger than that, or a layer works on one size only.
    """
    import keras

    height, width, _ = trainee.input_shape[1:]
    where = "training.progressive_resizing"
    if size >= min(height, width):
        raise RecipeError(f"{where}: size {size} is not smaller than the images, which are {height}x{width}.")
    # Bilinear without a filter: between half and full size that costs little sharpness, and a twentieth of the time.
    resizing = keras.layers.Resizing(size, size)
    try:
        return keras.Sequential([keras.Input(trainee.input_shape[1:]), resizing, *_flat(trainee)])
    except Exception as error:  # every layer has its own way to refuse a shape
        raise RecipeError(
            f"{where}: the network cannot work on images of {size}x{size}: {explain_refusal(error)} "
            "It takes one that ends in global pooling, such as those of the builder fast-cnn."
        ) from None


def _flat(model: Any) -> list[Any]:
    """Take nested networks apart, because they hold on to the size they were built for."""
    import keras

    nested = [_flat(layer) if isinstance(layer, keras.Sequential) else [layer] for layer in model.layers]
    return [layer for layers in nested for layer in layers]
