"""What TensorFlow computes quicker in another way than Keras': normalisation, activation, pooling, convolution."""

import functools
import sys
from typing import Any

TILE = 32
"""bfloat16 numbers that AMX sums up in one go; oneDNN takes them along one row of an image."""
MOST_COLUMNS = 8
"""Wider images fill enough of a tile that laying them side by side does not pay."""


def fused_batch_normalization(inputs: Any, gamma: Any, beta: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """Normalise a batch by its own statistics, with TensorFlow's one kernel for it and one for its gradient.

    Args:
        inputs: `float32` or `bfloat16 (N, H, W, C)`.
        gamma: Scale, `float32 (C,)`.
        beta: Offset, `float32 (C,)`.
        epsilon: Added to the variance, > 0.

    Returns:
        The normalised batch, its mean `(C,)` and its biased variance `(C,)`.

    Source:
        Ioffe and Szegedy, Batch Normalization, ICML 2015, arXiv:1502.03167, algorithm 1.
    """
    import tensorflow as tf

    none = tf.zeros([0])
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=inputs, scale=gamma, offset=beta, mean=none, variance=none, epsilon=epsilon, is_training=True
    )
    n = tf.cast(tf.size(inputs) // tf.shape(inputs)[-1], tf.float32)
    # The kernel gives the variance an estimate of the population's would have, Keras keeps the batch's own.
    return outputs, mean, variance * (n - 1) / n


def fused_silu(inputs: Any) -> Any:
    """Compute `x · sigmoid(x)`, with a gradient that is one pass over the memory.

    One operation after the other, the gradient takes six.

    Args:
        inputs: Of any shape.

    Source:
        Elfwing, Uchibe and Doya, Sigmoid-weighted linear units, 2017, arXiv:1702.03118.
    """
    import tensorflow as tf

    gradient = _compiled_gradient_of_silu()

    def silu(inputs: Any) -> Any:
        return tf.nn.silu(inputs), lambda upstream: gradient(inputs, upstream)

    return tf.custom_gradient(silu)(inputs)


@functools.cache
def _compiled_gradient_of_silu() -> Any:
    import tensorflow as tf

    def gradient(inputs: Any, upstream: Any) -> Any:
        # Else each operation would be rounded to bfloat16 and back.
        x, given = tf.cast(inputs, tf.float32), tf.cast(upstream, tf.float32)
        gate = tf.sigmoid(x)
        return tf.cast(given * gate * (1 + x * (1 - gate)), inputs.dtype)

    # For what it makes of many small operations, XLA is the quickest; TensorFlow for Windows comes without it.
    return tf.function(gradient, jit_compile=sys.platform != "win32")


def bias_relu_pool(
    convolved: Any, bias: Any, pool_size: tuple[int, int], strides: tuple[int, int], padding: str
) -> Any:
    """Add a bias, apply ReLU and max-pool, with a gradient that goes back through ReLU and bias after pooling.

    Only the largest number of each pool has a gradient, so those of ReLU and of the bias are taken from what pooling
    has left: with pools of 2x2, from a quarter of the numbers.

    Args:
        convolved: Of a floating-point type, `(N, H, W, C)`.
        bias: `(C,)`, of the type of `convolved`.
        pool_size: Height and width.
        strides: From one pool to the next.
        padding: `valid` or `same`.

    Returns:
        `(N, h, w, C)`, of the type of `convolved`.
    """
    import tensorflow as tf

    size, steps, padding = [1, *pool_size, 1], [1, *strides, 1], padding.upper()

    def compute(convolved: Any, bias: Any) -> Any:
        # In this order, which TensorFlow makes one operation of with the convolution before.
        active = tf.nn.relu(tf.nn.bias_add(convolved, bias))
        pooled = tf.nn.max_pool2d(active, size, steps, padding)

        def gradients(upstream: Any) -> tuple[Any, Any]:
            given = tf.raw_ops.ReluGrad(gradients=upstream, features=pooled)
            to_convolved = tf.raw_ops.MaxPoolGrad(
                orig_input=active, orig_output=pooled, grad=given, ksize=size, strides=steps, padding=padding
            )
            return to_convolved, tf.raw_ops.BiasAddGrad(out_backprop=given)

        return pooled, gradients

    # A variable outside a compiled function is no tensor, and custom gradients are of tensors.
    return tf.custom_gradient(compute)(convolved, tf.convert_to_tensor(bias))


def convolve_narrow(inputs: Any, kernel: Any) -> Any:
    """Convolve with stride 1 and padding `same`; the kernel's gradient is made of images laid side by side.

    oneDNN sums the kernel's gradient up along the rows of an image, so that a row of 7 pixels leaves most of an
    AMX tile empty: it takes several times as long as the convolution itself. With zeros between them, as many images
    as fill a tile are one wide image with the same gradient.

    Args:
        inputs: `bfloat16 (N, H, W, C)`, W at most `MOST_COLUMNS`.
        kernel: Tensor or variable `(k, k, C, filters)`, k odd; computed with in the type of `inputs`.

    Returns:
        `bfloat16 (N, H, W, filters)`.
    """
    import tensorflow as tf

    def convolve(inputs: Any, kernel: Any) -> Any:
        def gradients(upstream: Any) -> tuple[Any, Any]:
            to_inputs = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.shape(inputs), filter=kernel, out_backprop=upstream, strides=[1] * 4, padding="SAME"
            )
            zeros = kernel.shape[1] // 2
            to_kernel = tf.raw_ops.Conv2DBackpropFilter(
                input=side_by_side(inputs, zeros),
                filter_sizes=kernel.shape,
                out_backprop=side_by_side(upstream, zeros),
                strides=[1] * 4,
                padding="SAME",
            )
            return to_inputs, to_kernel

        return tf.nn.conv2d(inputs, kernel, 1, "SAME"), gradients

    # A variable outside a compiled function is no tensor, and custom gradients are of tensors.
    return tf.custom_gradient(convolve)(inputs, tf.cast(tf.convert_to_tensor(kernel), inputs.dtype))


def side_by_side(images: Any, zeros: int) -> Any:
    """Lay images `(N, H, W, C)` in rows as wide as a tile, with columns of zeros after each: `(n, H, w, C)`."""
    import tensorflow as tf

    _, height, width, channels = images.shape
    in_a_row = max(1, TILE // (width + zeros))
    count = tf.shape(images)[0]
    rows = -(-count // in_a_row)
    images = tf.pad(images, [[0, in_a_row * rows - count], [0, 0], [0, 0], [0, 0]])
    gap = tf.zeros((rows, height, zeros, channels), images.dtype)
    columns = [(images[place * rows : (place + 1) * rows], gap) for place in range(in_a_row)]
    return tf.concat([part for pair in columns for part in pair], axis=2)
