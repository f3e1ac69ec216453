"""Initialisers of convolution kernels."""

from typing import Any

import keras


@keras.saving.register_keras_serializable("lensmith")
class Dirac(keras.initializers.Initializer):  # type: ignore[misc]
    """Begin a convolution as the identity: the first filters pass the input's channels through.

    What filters there are beyond the channels begin as `keras.initializers.VarianceScaling(1/3, "fan_in",
    "uniform")`, which is uniform within 1/sqrt(fan in), PyTorch's default.

    Source:
        Zagoruyko and Komodakis, DiracNets, 2017, arXiv:1706.00388; in this partial form: Jordan, 94 % on CIFAR-10
        in 3.29 seconds on a single GPU, 2024, arXiv:2404.00498, section 3.3.
    """

    def __init__(self, seed: int | None = None) -> None:
        """Draw the other filters from `seed`, or from Keras' own."""
        self._others = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform", seed=seed)

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Return a kernel `(*spatial, channels, filters)`.

        Raises:
            ValueError: A shape with fewer than three axes, which is no convolution's.
        """
        if len(shape) < 3:
            raise ValueError(f"Dirac is for the kernels of convolutions, not for the shape {shape}.")
        *spatial, channels, filters = shape
        passed = min(channels, filters)
        others = keras.ops.convert_to_numpy(self._others(shape, dtype=dtype)).copy()
        others[..., :passed] = 0
        middle = tuple((size - 1) // 2 for size in spatial)
        others[middle][range(passed), range(passed)] = 1
        return keras.ops.convert_to_tensor(others)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {"seed": self._others.get_config()["seed"]}
