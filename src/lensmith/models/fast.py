"""The network of the fast recipes: few layers, each of which the processor does well, and quick to train."""

import math
from collections.abc import Sequence
from typing import Any

from lensmith.models.builders import BUILDERS

# Of the moving statistics; low, because a training of few steps must forget the first ones.
MOMENTUM = 0.6


@BUILDERS.register("fast-cnn")
def fast_cnn(
    image_shape: tuple[int, int, int],
    num_classes: int,
    *,
    widths: Sequence[int] | None = None,
    whitening: int | None = None,
    patch: int = 2,
    stride: int = 1,
    activation: str = "relu",
) -> list[Any]:
    """Build a whitening convolution, then groups of two convolutions, then global pooling.

    A group halves the image before it normalises and activates, which spares three quarters of that work.
    Convolutions begin as the identity; normalisation has no scale, because the next layer would undo it.

    Args:
        image_shape: Height, width, channels; each group halves the size, and a pixel must be left.
        num_classes: K.
        widths: Filters of each group; by default those of `group_widths(image_shape, 32, 64)`, less one group
            for a stride of 2.
        whitening: Filters of the first convolution, even; by default two for each number in a patch.
        patch: Pixels a side of what the first convolution whitens.
        stride: Of the first convolution: 2 halves the image at once, and with it most of the work.
        activation: Such as `relu` or `silu`.

    Returns:
        Keras layers; the last gives `(N, K)` probabilities.

    Source:
        Jordan, 94 % on CIFAR-10 in 3.29 seconds on a single GPU, 2024, arXiv:2404.00498, and its later version
        with Muon; Page, How to train your ResNet, 2018 (pooling before normalisation, whitening).
    """
    from keras import layers

    from lensmith.pieces.initializers import Dirac
    from lensmith.pieces.layers import Activation, BatchNormalization, Conv2D, WhiteningConv2D

    if widths is None:
        chosen = group_widths(image_shape, 32, 64)
        widths = chosen[stride // 2 :] or chosen
    if not widths or min(widths) < 1:
        raise ValueError(f"widths must be numbers of filters, 1 or more, not {widths}.")

    def normalized() -> list[Any]:
        return [BatchNormalization(momentum=MOMENTUM, epsilon=1e-5, scale=False), Activation(activation)]

    def convolution(width: int) -> Any:
        return Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer=Dirac())

    filters = 2 * patch**2 * image_shape[2] if whitening is None else whitening
    first = WhiteningConv2D(filters, patch, stride, "same" if stride > 1 else "valid")
    stack: list[Any] = [first, Activation(activation)]
    for width in widths:
        stack += [convolution(width), layers.MaxPooling2D(), *normalized(), convolution(width), *normalized()]
    stack.append(layers.GlobalMaxPooling2D())
    # Begins with a standard deviation of 1, so that the scale alone says how large the first logits are.
    stack.append(layers.Dense(num_classes, use_bias=False, kernel_initializer=_unit_variance()))
    # As many features are summed as the last width; scaled down, the first answers are nearly even.
    return [*stack, layers.Rescaling(1 / widths[-1]), layers.Softmax()]


def group_widths(image_shape: tuple[int, int, int], first: int, last: int) -> list[int]:
    """Choose the filters of each group: as many groups as bring the image down to about 3 pixels.

    Args:
        image_shape: Height, width, channels.
        first: Filters of the group before the last two; each one before it has half as many, in multiples of 16.
        last: Filters of the last two groups.
    """
    groups = max(1, int(math.log2(max(2, min(image_shape[:2]) - 1) / 3)))
    # From the last group to the first, each at twice the pixels a side of the one after it.
    widths = [last, last, *(max(16, first // 2**place // 16 * 16) for place in range(groups))]
    return widths[:groups][::-1]


def _unit_variance() -> Any:
    import keras

    return keras.initializers.RandomUniform(-(3**0.5), 3**0.5)
