"""Count the floating-point operations of training a Keras network, by walking its layers.

Only products of a kernel count: convolutions and dense layers, a multiplication and an addition as two. An image's
forward pass costs 2 · (places of the output) · (weights of the kernel); the kernel's gradient costs as much again, if
the kernel is trained, and so does the input's gradient, if anything before it is trained. Normalisation, activation,
pooling, augmentation and the optimizer count nothing, so the share of a processor's peak that is worked out from this
is that of useful arithmetic.

    python -m benchmarks.flops cifar10-94 32 32 3 10

prints, as one line of JSON, what an image of 32x32x3 of 10 classes costs in training a recipe's network.
"""

import argparse
import json
import math
from collections.abc import Iterator
from typing import Any

from lensmith.backend import start_keras
from lensmith.config import load_recipe
from lensmith.models import build_model


def training_flops(model: Any) -> int:
    """Count what one image costs in training, forward and backward.

    Args:
        model: A built `keras.Model` whose layers follow one another, with fixed sizes; `trainable` is looked at.

    Raises:
        ValueError: A layer whose products cannot be told from its kernel.
    """
    total, gradient_flows = 0, False
    for layer in _leaves(model):
        forward = forward_flops(layer)
        trained = any(weight is kernel for weight in layer.trainable_weights for kernel in _kernels(layer))
        total += forward * (1 + trained + gradient_flows)
        gradient_flows = gradient_flows or bool(layer.trainable_weights)
    return total


def forward_flops(layer: Any) -> int:
    """Count what one image costs in a layer's forward pass."""
    return sum(2 * _places(layer) * math.prod(kernel.shape) for kernel in _kernels(layer))


def _leaves(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _leaves(layer)
        else:
            yield layer


def _kernels(layer: Any) -> list[Any]:
    """The weights of a layer that take part in products: all of two dimensions and more."""
    found = [weight for weight in layer.weights if len(weight.shape) >= 2]
    if len(found) > 1:
        names = ", ".join(weight.name for weight in found)
        raise ValueError(f"{type(layer).__name__} has several kernels ({names}); where each is used is not known.")
    return found


def _places(layer: Any) -> int:
    """How often the kernel is applied to one image: a convolution at every pixel of its output, a dense layer once."""
    *places, _ = layer.output.shape[1:]
    return math.prod(places)


def main() -> None:
    """Build a recipe's network, and print what one image costs in training it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    for name in ("height", "width", "channels", "classes"):
        parser.add_argument(name, type=int)
    given = parser.parse_args()
    start_keras("tensorflow")
    recipe = load_recipe(given.recipe)
    model = build_model(recipe.model, (given.height, given.width, given.channels), given.classes, recipe.name)
    print(json.dumps({"training_flops": training_flops(model)}))


if __name__ == "__main__":
    main()
