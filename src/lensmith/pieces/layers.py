"""Layers: quicker ones in the place of Keras' own, and a first convolution that whitens."""

import math
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from lensmith.backend import MOST_COLUMNS, compiles_steps, convolve_narrow, fused_batch_normalization, fused_silu

WHITENING_EPSILON = 5e-4
MOST_PATCHES = 500_000
"""That a whitening convolution looks at: all of 500 images of 32x32, some of larger ones."""


@keras.saving.register_keras_serializable("lensmith")
class BatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]
    """Keras' `BatchNormalization`, which while training uses TensorFlow's fused kernel where there is one.

    Same arguments, weights and results up to rounding. Keras computes the mean, the variance, the result and
    their gradients one operation after the other, each a pass over all the activations.
    """

    PLAIN = keras.layers.BatchNormalization

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise by the batch's own statistics while training, else by the moving ones."""
        by_batch = training and self.trainable and mask is None and not self.renorm
        fits = len(inputs.shape) == 4 and self.axis in (-1, 3) and self.compute_dtype in ("float32", "bfloat16")
        if not (by_batch and fits and compiles_steps()):
            return super().call(inputs, training=training, mask=mask)
        channels = (inputs.shape[-1],)
        gamma = self.gamma if self.scale else keras.ops.ones(channels)
        beta = self.beta if self.center else keras.ops.zeros(channels)
        outputs, mean, variance = fused_batch_normalization(inputs, gamma, beta, self.epsilon)
        for moving, its in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + its * (1 - self.momentum))
        return outputs


@keras.saving.register_keras_serializable("lensmith")
class Conv2D(keras.layers.Conv2D):  # type: ignore[misc]
    """Keras' `Conv2D`, whose gradient on narrow images is quicker in bfloat16 on TensorFlow.

    Same arguments, weights and results; the kernel's gradient is the same up to rounding.
    """

    PLAIN = keras.layers.Conv2D

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Convolve the inputs with a kernel."""
        narrow = inputs.shape[2] is not None and self.kernel_size[1] <= inputs.shape[2] <= MOST_COLUMNS
        simple = self.padding == "same" and set(self.strides) == set(self.dilation_rate) == {1} and self.groups == 1
        odd = all(size % 2 for size in self.kernel_size) and self.data_format == "channels_last"
        if narrow and simple and odd and self.compute_dtype == "bfloat16" and compiles_steps():
            return convolve_narrow(inputs, kernel)
        return super().convolution_op(inputs, kernel)


@keras.saving.register_keras_serializable("lensmith")
class Activation(keras.layers.Activation):  # type: ignore[misc]
    """Keras' `Activation`, which while training on TensorFlow computes SiLU in one pass over the memory.

    Same arguments and results up to rounding.
    """

    PLAIN = keras.layers.Activation

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Apply the function."""
        is_silu = self.activation is keras.activations.silu
        return fused_silu(inputs) if training and is_silu and compiles_steps() else super().call(inputs)


@keras.saving.register_keras_serializable("lensmith")
class WhiteningConv2D(keras.layers.Conv2D):  # type: ignore[misc]
    """A first convolution whose kernel is not trained: its outputs on the training images are uncorrelated.

    The filters are the principal components of the images' patches, each divided by its standard deviation,
    first as they are and then with the sign turned, so that an activation that cuts off what is negative
    loses nothing. Where there are more components than half the filters, those of least variance are left
    out. The bias moves the patches' mean to zero.

    Args:
        filters: Even, at most twice the numbers in a patch: 24 for 2x2 patches of 3 channels.
        kernel_size: Of a patch.
        strides: From one patch to the next.
        padding: `valid` or `same`.
        train_bias: Whether the bias is trained; without that no gradient is needed at full resolution.
        **arguments: Of `keras.layers.Layer`.

    Source:
        Page, How to train your ResNet, 2019 (patch whitening); Jordan, 94 % on CIFAR-10 in 3.29 seconds on a
        single GPU, 2024, arXiv:2404.00498, section 3.2 (both signs, epsilon 5e-4).
    """

    PLAIN = keras.layers.Conv2D

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int] = 2,
        strides: int | tuple[int, int] = 1,
        padding: str = "valid",
        train_bias: bool = False,
        **arguments: Any,
    ) -> None:
        """Raise ValueError for an odd number of filters."""
        super().__init__(filters, kernel_size, strides, padding, **arguments)
        if filters % 2:
            raise ValueError(f"filters must be even, two for each component, not {filters}.")
        self.train_bias = train_bias

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "train_bias": self.train_bias}

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make kernel and bias; `adapt` fills them."""
        most = 2 * int(np.prod(self.kernel_size)) * int(input_shape[-1] or 0)
        if self.filters > most:
            raise ValueError(
                f"filters = {self.filters}: patches of {self.kernel_size[0]}x{self.kernel_size[1]} pixels in "
                f"{input_shape[-1]} channels have components for at most {most}."
            )
        for size, patch in zip(input_shape[1:3], self.kernel_size, strict=True):
            if size is not None and size < patch:
                raise ValueError(
                    f"patches of {self.kernel_size[0]}x{self.kernel_size[1]} pixels are larger than the images."
                )
        super().build(input_shape)
        self._kernel.trainable = False
        self.bias.trainable = self.train_bias

    def adapt(self, images: npt.NDArray[np.floating]) -> None:
        """Set kernel and bias from images `(N, H, W, C)` as they come into the layer; a few hundred are enough."""
        height, width = self.kernel_size
        windows = np.lib.stride_tricks.sliding_window_view(images, (height, width), axis=(1, 2))
        apart = math.ceil(math.sqrt(math.prod(windows.shape[:3]) / MOST_PATCHES))
        some = windows[:, ::apart, ::apart].transpose(0, 1, 2, 4, 5, 3).astype(np.float64)
        patches = some.reshape(-1, height * width * images.shape[-1])
        mean = patches.mean(axis=0)
        variances, components = np.linalg.eigh(np.cov(patches, rowvar=False, bias=True).reshape(len(mean), -1))
        most = np.argsort(variances)[::-1][: self.filters // 2]
        # Relative to the pixels' own variance, so that it does not matter how they were scaled.
        smoothed = variances[most] + WHITENING_EPSILON * max(variances.mean(), 1e-4)
        # The sign of a component is arbitrary; fixed, so that every build of NumPy gives the same.
        chosen = components[:, most] * np.sign(components[np.abs(components[:, most]).argmax(axis=0), most])
        kernel = chosen / np.sqrt(smoothed)
        kernel = np.concatenate([kernel, -kernel], axis=1)
        self._kernel.assign(kernel.reshape(height, width, -1, self.filters).astype(np.float32))
        self.bias.assign((-mean @ kernel).astype(np.float32))
