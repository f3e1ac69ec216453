"""While training, max-pool before adding the bias and activating, where a network says it the other way round."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras
from keras import activations

RISING = {
    activations.linear,
    activations.relu,
    activations.leaky_relu,
    activations.elu,
    activations.selu,
    activations.softplus,
    activations.sigmoid,
    activations.tanh,
}
"""Activations that never fall: the largest of several outputs is that of the largest input."""


class PooledConvolution(keras.layers.Layer):  # type: ignore[misc]
    """A `Conv2D` and the `MaxPooling2D` after it, with their weights; same results, and same gradients up to rounding.

    Of four numbers in a pool of 2x2, one is left to have the bias added, to be activated, and to have its gradient
    taken: the passes over the largest arrays of a small network are what it saves.
    """

    def __init__(self, convolution: Any, pooling: Any) -> None:
        """Take the place of two layers, both built."""
        super().__init__(dtype=convolution.dtype_policy)
        self._convolution, self._pooling = convolution, pooling

    def call(self, inputs: Any) -> Any:
        """Convolve, pool, add the bias, activate."""
        convolution = self._convolution
        outputs = self._pooling(convolution.convolution_op(inputs, convolution.kernel))
        if convolution.use_bias:
            outputs = keras.ops.add(outputs, convolution.bias)
        return convolution.activation(outputs)


def pool_before_activation(layers: Sequence[Any]) -> list[Any]:
    """Put a `PooledConvolution` in the place of each convolution and pooling that may change their order.

    Args:
        layers: Built, each called on what the one before it puts out.
    """
    pairs = [_may_swap(first, second) for first, second in pairwise(layers)]
    before, after = [*pairs, False], [False, *pairs]
    return [
        PooledConvolution(layer, layers[place + 1]) if before[place] else layer
        for place, layer in enumerate(layers)
        if not after[place]
    ]


def _may_swap(convolution: Any, pooling: Any) -> bool:
    """Tell whether these are a convolution, computed as Keras does, and a pooling that it may come after."""
    if not isinstance(convolution, keras.layers.Conv2D) or type(pooling) is not keras.layers.MaxPooling2D:
        return False
    as_keras = type(convolution).call is keras.layers.Conv2D.call
    looked_at = convolution.activity_regularizer is not None  # at what would no longer be computed
    formats = {convolution.data_format, pooling.data_format}
    return as_keras and convolution.activation in RISING and not looked_at and formats == {"channels_last"}
