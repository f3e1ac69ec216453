"""Many training steps in one compiled TensorFlow function."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.backend.starting import backend_name

Steps = Callable[[npt.NDArray[np.uint8], npt.NDArray[Any], npt.NDArray[np.int32]], npt.NDArray[np.float32]]


def compiles_steps() -> bool:
    """Tell whether the backend that Keras runs on can do what `compile_steps` needs."""
    return backend_name() == "tensorflow"


def compile_steps(model: Any, network: Any = None) -> Steps:
    """Compile one function that takes one step after the other on the images it is given.

    A step is that of Keras' `fit`: the loss with the layers' own, gradients, the optimizer, the metrics. What
    each step's loss is comes back, which `fit` does not tell when it takes several steps at once.

    Args:
        model: Compiled, on TensorFlow.
        network: With the weights of `model`, to be called in its place; `model` itself by default.

    Returns:
        A function of images `uint8 (n, H, W, C)`, their targets, and where among them each step's end,
        `int32 (steps,)`. It returns `float32`, the loss of each step it has taken: it stops after the first
        that is not finite.
    """
    import tensorflow as tf

    def one_step(images: Any, targets: Any) -> Any:
        pixels = tf.cast(images, tf.float32)
        with tf.GradientTape() as tape:
            outputs = (network or model)(pixels, training=True)
            loss = model.compute_loss(x=pixels, y=targets, y_pred=outputs)
            # By the optimizer's loss_scale_factor, which it takes back from the gradients.
            scaled = model.optimizer.scale_loss(loss)
        weights = model.trainable_weights
        model.optimizer.apply_gradients(zip(tape.gradient(scaled, weights), weights, strict=True))
        model.compute_metrics(pixels, targets, outputs)
        return loss

    def all_steps(images: Any, targets: Any, ends: Any) -> Any:
        count = tf.size(ends)

        def goes_on(step: Any, first: Any, finite: Any, losses: Any) -> Any:
            return tf.logical_and(finite, step < count)

        def step_once(step: Any, first: Any, finite: Any, losses: Any) -> Any:
            end = ends[step]
            loss = one_step(images[first:end], targets[first:end])
            return step + 1, end, tf.math.is_finite(loss), losses.write(step, loss)

        nothing = tf.TensorArray(tf.float32, size=count, element_shape=())
        # One after the other, as the weights want it; else later batches would be held in memory, too.
        steps, _, _, losses = tf.while_loop(goes_on, step_once, (0, 0, True, nothing), parallel_iterations=1)
        return losses.stack()[:steps]

    # XLA's convolutions are several times slower on a CPU than those of oneDNN, which TensorFlow uses without it.
    compiled = tf.function(all_steps, jit_compile=False)

    def run(*given: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        # For any number of images and steps, so that no call is compiled anew.
        function = compiled.get_concrete_function(*(tf.TensorSpec((None, *its.shape[1:]), its.dtype) for its in given))
        return np.asarray(function(*map(tf.constant, given)))

    return run
