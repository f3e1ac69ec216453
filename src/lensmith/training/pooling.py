"""While training, a quicker gradient for convolutions with ReLU that a max pooling follows."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras

from lensmith.backend import relu_and_pool


class PooledConvolution(keras.layers.Layer):  # type: ignore[misc]
    """A `Conv2D` with ReLU and the `MaxPooling2D` after it, with their weights and results.

    Gradients are the same up to rounding, and quicker. TensorFlow only.
    """

    def __init__(self, convolution: Any, pooling: Any) -> None:
        """Take the place of two layers, both built."""
        super().__init__(dtype=convolution.dtype_policy)
        self._convolution, self._pooling = convolution, pooling

    def call(self, inputs: Any) -> Any:
        """Convolve, add the bias, apply ReLU, pool."""
        convolution, pooling = self._convolution, self._pooling
        outputs = convolution.convolution_op(inputs, convolution.kernel)
        return relu_and_pool(outputs, convolution.bias, pooling.pool_size, pooling.strides, pooling.padding)


def pool_quickly(layers: Sequence[Any]) -> list[Any]:
    """Put a `PooledConvolution` in the place of each convolution and pooling that it can replace.

    Args:
        layers: Built, each called on what the one before it puts out.
    """
    pairs = [_is_replaceable(first, second) for first, second in pairwise(layers)]
    before, after = [*pairs, False], [False, *pairs]
    return [
        PooledConvolution(layer, layers[place + 1]) if before[place] else layer
        for place, layer in enumerate(layers)
        if not after[place]
    ]


def _is_replaceable(convolution: Any, pooling: Any) -> bool:
    """Tell whether these are a convolution with bias and ReLU, computed as Keras does, and a max pooling."""
    if not isinstance(convolution, keras.layers.Conv2D) or type(pooling) is not keras.layers.MaxPooling2D:
        return False
    as_keras = type(convolution).call is keras.layers.Conv2D.call and not convolution.activity_regularizer
    biased = convolution.use_bias and convolution.activation is keras.activations.relu
    return as_keras and biased and {convolution.data_format, pooling.data_format} == {"channels_last"}
