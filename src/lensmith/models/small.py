"""A plain convolutional network for small images."""

import math
from collections.abc import Sequence
from typing import Any

from lensmith.models.builders import BUILDERS


@BUILDERS.register("small-cnn")
def small_cnn(
    image_shape: tuple[int, int, int],
    num_classes: int,
    *,
    filters: Sequence[int] | None = None,
    dropout: float = 0.2,
) -> list[Any]:
    """Build a plain convolutional network with batch normalisation, for images up to about 100 pixels.

    Each stage is twice convolution 3x3, batch normalisation and ReLU, then pooling that halves the image.
    Global average pooling at the end keeps the number of parameters apart from the size of the images.

    Args:
        image_shape: Height, width, channels.
        num_classes: K.
        filters: Filters of each stage; by default as many stages as bring the image to about 4 pixels, from
            32 filters on, doubling.
        dropout: Fraction of the features dropped before the last layer while training.

    Returns:
        Keras layers; the last gives `(N, K)` probabilities.

    Source:
        Ioffe and Szegedy, Batch Normalization, ICML 2015, arXiv:1502.03167; Lin et al., Network In Network,
        ICLR 2014, arXiv:1312.4400 (global average pooling).
    """
    from keras import layers

    from lensmith.pieces.layers import BatchNormalization

    if filters is None:
        filters = [32 * 2**stage for stage in range(_stages(min(image_shape[:2])))]
    stack: list[Any] = []
    for stage, width in enumerate(filters):
        for _ in range(2):
            # The normalisation's own offset does what the convolution's bias would.
            stack.append(layers.Conv2D(width, 3, padding="same", use_bias=False))
            stack += [BatchNormalization(momentum=0.9), layers.ReLU()]
        if stage < len(filters) - 1:
            stack.append(layers.MaxPooling2D())
    stack += [layers.GlobalAveragePooling2D(), layers.Dropout(dropout)]
    stack.append(layers.Dense(num_classes, activation="softmax"))
    return stack


def _stages(side: int) -> int:
    return max(2, min(4, math.ceil(math.log2(max(side, 8) / 8)) + 1))
