"""Optimizers: Muon for the kernels of convolutions."""

from typing import Any

import keras
from keras import ops

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic that brings all singular values near 1 in a few steps (Jordan et al., 2024)."""


@keras.saving.register_keras_serializable("lensmith")
class ConvMuon(keras.optimizers.Optimizer):  # type: ignore[misc]
    """Muon for the kernels of convolutions, SGD with Nesterov momentum for everything else.

    Each step moves a kernel, as a matrix of all inputs by filters, along the nearest orthogonal matrix to its
    momentum, so that all directions move alike. Keras' own `Muon` does that for matrices only and leaves the
    kernels of convolutions to AdamW.

    The other rates are for a loss that is the mean over the batch: a published rate for a loss that is the
    sum, times the batch size.

    Args:
        learning_rate: Of the kernels, > 0; a number or a schedule. The other rates follow it.
        momentum: Of the kernels, in [0, 1).
        dense_scale: Rate of the matrices (`Dense`), as a multiple of `learning_rate`.
        bias_scale: Rate of the vectors (biases, normalisation), as a multiple of `learning_rate`.
        sgd_momentum: Of matrices and vectors, in [0, 1).
        steps: Newton-Schulz steps that make the momentum orthogonal.
        renormalize: Bring each kernel back to the norm `sqrt(filters)` before each step, so that the rate
            means the same all along. For convolutions followed by normalisation, which undoes their scale.
        weight_decay: Share of every variable taken off it in each step, as a multiple of `learning_rate`.
        name: Of the optimizer.

    Source:
        Jordan et al., Muon: an optimizer for hidden layers in neural networks, 2024,
        https://kellerjordan.github.io/posts/muon/.
    """

    def __init__(
        self,
        learning_rate: Any = 0.24,
        momentum: float = 0.6,
        dense_scale: float = 1.0,
        bias_scale: float = 1.0,
        sgd_momentum: float = 0.85,
        steps: int = 3,
        renormalize: bool = True,
        weight_decay: float | None = None,
        name: str = "conv_muon",
    ) -> None:
        """Raise ValueError for a momentum outside [0, 1)."""
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, name=name)
        for what, its in (("momentum", momentum), ("sgd_momentum", sgd_momentum)):
            if not 0 <= its < 1:
                raise ValueError(f"{what} must be in [0, 1), not {its}.")
        self.momentum, self.sgd_momentum = momentum, sgd_momentum
        self.dense_scale, self.bias_scale = dense_scale, bias_scale
        self.steps, self.renormalize = steps, renormalize

    def build(self, variables: list[Any]) -> None:
        """Make a momentum for each variable."""
        if self.built:
            return
        super().build(variables)
        self._momentums = [self.add_variable_from_reference(its, "momentum") for its in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Move one variable by one step."""
        is_kernel = len(variable.shape) > 2
        momentum = self.momentum if is_kernel else self.sgd_momentum
        kept = self._momentums[self._get_variable_index(variable)]
        rate = ops.cast(learning_rate, variable.dtype)
        gradient = ops.cast(gradient, variable.dtype)
        self.assign(kept, kept * momentum + gradient)
        ahead = gradient + kept * momentum
        if not is_kernel:
            scale = self.dense_scale if len(variable.shape) == 2 else self.bias_scale
            self.assign_sub(variable, rate * scale * ahead)
            return
        before = variable * (variable.shape[-1] ** 0.5 / (_norm(variable) + 1e-7)) if self.renormalize else variable
        self.assign(variable, before - rate * orthogonalized(ahead, self.steps))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        own = ("momentum", "dense_scale", "bias_scale", "sgd_momentum", "steps", "renormalize")
        shared = ("name", "learning_rate", "weight_decay")
        inherited = super().get_config()
        return {name: inherited[name] for name in shared} | {name: getattr(self, name) for name in own}


def orthogonalized(kernel: Any, steps: int) -> Any:
    """Bring the singular values of a kernel, as a matrix of all inputs by filters, near 1.

    Args:
        kernel: `(*spatial, channels, filters)`.
        steps: Newton-Schulz steps; after 3 of them the largest values are near 1, after 5 nearly all.
    """
    a, b, c = NEWTON_SCHULZ
    matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
    wide = matrix.shape[0] < matrix.shape[1]
    matrix = matrix / (_norm(matrix) + 1e-7)
    for _ in range(steps):
        # The smaller of the two products of the matrix with itself.
        square = ops.matmul(matrix, ops.transpose(matrix)) if wide else ops.matmul(ops.transpose(matrix), matrix)
        polynomial = b * square + c * ops.matmul(square, square)
        matrix = a * matrix + (ops.matmul(polynomial, matrix) if wide else ops.matmul(matrix, polynomial))
    return ops.reshape(matrix, kernel.shape)


def _norm(tensor: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(tensor)))
