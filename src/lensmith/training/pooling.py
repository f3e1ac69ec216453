"""While training, a quicker gradient for convolutions with ReLU that a max pooling follows."""

from typing import Any

import keras

from lensmith.backend import bias_relu_pool


class PooledConvolution(keras.layers.Layer):  # type: ignore[misc]
    """A `Conv2D` with bias and ReLU and the `MaxPooling2D` after it, with their weights and results.

    Its gradients are the same up to rounding, and quicker. It pools in the convolution's type, which in mixed precision
    may be that of more digits. TensorFlow only.
    """

    def __init__(self, convolution: Any, pooling: Any) -> None:
        """Take the place of two layers, both built."""
        super().__init__(dtype=convolution.dtype_policy)
        self._convolution, self._pooling = convolution, pooling

    def call(self, inputs: Any) -> Any:
        """Convolve `(N, H, W, C)`, add the bias, apply ReLU, pool to `(N, h, w, filters)`."""
        convolution, pooling = self._convolution, self._pooling
        outputs = convolution.convolution_op(inputs, convolution.kernel)
        return bias_relu_pool(outputs, convolution.bias, pooling.pool_size, pooling.strides, pooling.padding)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> Any:
        """Return the shape of what `call` puts out."""
        return self._pooling.compute_output_shape(self._convolution.compute_output_shape(input_shape))


def quicker(network: Any) -> Any:
    """Return a network for the steps of a training, with the same weights and results and quicker gradients.

    Args:
        network: A built `keras.Sequential`; others within it are looked into, too.

    Returns:
        A `keras.Sequential` of its layers, with a `PooledConvolution` in the place of each two that it can replace;
        `network` itself where there are none.
    """
    quick: list[Any] = []
    for layer in network.layers:
        if quick and _is_replaceable(quick[-1], layer):
            quick[-1] = PooledConvolution(quick[-1], layer)
        else:
            quick.append(quicker(layer) if type(layer) is keras.Sequential else layer)
    if quick == network.layers:
        return network
    return keras.Sequential([keras.Input(network.input_shape[1:]), *quick], name=network.name)


def _is_replaceable(convolution: Any, pooling: Any) -> bool:
    """Tell whether these are a convolution with bias and ReLU, computed as Keras does, and a max pooling."""
    if not isinstance(convolution, keras.layers.Conv2D) or type(pooling) is not keras.layers.MaxPooling2D:
        return False
    biased = convolution.use_bias and convolution.activation is keras.activations.relu
    as_keras = type(convolution).call is keras.layers.Conv2D.call
    looked_at = convolution.activity_regularizer or pooling.activity_regularizer
    return biased and as_keras and not looked_at and convolution.data_format == pooling.data_format == "channels_last"
