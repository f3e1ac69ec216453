import keras
import numpy as np
from tests.backend.small_models import in_new_process

from lensmith.backend import gradient

PROGRAM = """
import keras, numpy as np
from lensmith.backend import gradient
at = np.array([[1.0, -2.0], [0.5, 3.0]], np.float32)
found = gradient(lambda its: keras.ops.sum(its**3) + 2 * its[0, 1], at)
np.testing.assert_allclose(keras.ops.convert_to_numpy(found), 3 * at**2 + [[0, 2], [0, 0]], rtol=1e-5)
layer = keras.layers.Conv2D(2, 2)
pixels = np.ones((1, 3, 3, 1), np.float32)
layer(pixels)
slopes = keras.ops.convert_to_numpy(gradient(lambda its: keras.ops.sum(layer(its)), pixels))
np.testing.assert_allclose(slopes.sum(), 4 * np.asarray(layer.kernel).sum(), rtol=1e-4)
print("fine")
"""


def test_gradients_are_those_of_the_textbook_on_tensorflow() -> None:
    at = np.array([[1.0, -2.0], [0.5, 3.0]], np.float32)
    found = gradient(lambda its: keras.ops.sum(its**3) + 2 * its[0, 1], at)
    np.testing.assert_allclose(np.asarray(found), 3 * at**2 + [[0, 2], [0, 0]], rtol=1e-5)


def test_what_a_number_does_not_depend_on_has_no_slope() -> None:
    found = gradient(lambda its: keras.ops.convert_to_tensor(3.0), np.ones((2, 2), np.float32))
    np.testing.assert_array_equal(np.asarray(found), 0)


def test_and_on_jax() -> None:
    done = in_new_process(PROGRAM, KERAS_BACKEND="jax")
    assert done.stdout == "fine\n", done.stderr[-2000:]
