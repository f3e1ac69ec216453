"""Gradients of any function of a tensor, on whichever library Keras runs."""

from collections.abc import Callable
from typing import Any

from lensmith.backend.starting import backend_name


def gradient(function: Callable[[Any], Any], at: Any) -> Any:
    """Return how a number changes with each value of a tensor.

    Args:
        function: From a tensor of the backend's to a tensor that holds one number, computed by Keras' operations.
        at: Where, a NumPy array or tensor.

    Returns:
        `float32`, of the shape of `at`, a tensor of the backend's.
    """
    import keras

    tensor = keras.ops.convert_to_tensor(at, "float32")
    return _GRADIENTS[backend_name()](function, tensor)


def _tensorflow(function: Callable[[Any], Any], at: Any) -> Any:
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(at)
        value = function(at)
    found = tape.gradient(value, at)
    return tf.zeros_like(at) if found is None else found


def _jax(function: Callable[[Any], Any], at: Any) -> Any:
    import jax

    return jax.grad(function)(at)


def _torch(function: Callable[[Any], Any], at: Any) -> Any:
    import torch

    leaf = at.detach().requires_grad_(True)
    (found,) = torch.autograd.grad(function(leaf), leaf, allow_unused=True)
    return torch.zeros_like(leaf) if found is None else found


_GRADIENTS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
