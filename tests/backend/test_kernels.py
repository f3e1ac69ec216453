import numpy as np
import pytest

from lensmith.backend import MOST_COLUMNS, compiles_steps, convolve_narrow, fused_silu
from lensmith.backend.kernels import TILE, side_by_side

pytestmark = pytest.mark.skipif(not compiles_steps(), reason="only TensorFlow computes its gradient otherwise")

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (5, 5), (3, 1), (1, 3)], ids=str)
@pytest.mark.parametrize(("count", "height", "width"), [(1, 3, 5), (4, 2, 7), (9, 5, 3), (23, 4, MOST_COLUMNS)])
def test_outputs_and_gradients_are_those_of_a_convolution(count: int, height: int, width: int, kernel: tuple[int, int]):
    import tensorflow as tf

    images = tf.constant(RNG.normal(size=(count, height, max(width, *kernel), 3)).astype(np.float32))
    weights = tf.constant(RNG.normal(size=(*kernel, 3, 4)).astype(np.float32))
    upstream = tf.constant(RNG.normal(size=(*images.shape[:3], 4)).astype(np.float32))
    found = []
    for convolve in (convolve_narrow, lambda x, k: tf.nn.conv2d(x, k, 1, "SAME")):
        with tf.GradientTape() as tape:
            tape.watch((images, weights))
            outputs = convolve(images, weights)
        found.append((outputs, *tape.gradient(outputs, (images, weights), upstream)))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_the_gradient_of_silu_is_one_operation():
    import tensorflow as tf

    @tf.function
    def gradient(x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fused_silu(x)
        return tape.gradient(y, x)

    x = tf.constant(np.linspace(-30, 30, 241, dtype=np.float32))
    gate = 1 / (1 + np.exp(-x.numpy().astype(np.float64)))
    np.testing.assert_allclose(gradient(x), gate * (1 + x.numpy() * (1 - gate)), rtol=1e-5, atol=1e-6)
    operations = gradient.get_concrete_function(tf.TensorSpec((None,))).graph.get_operations()
    assert [its.type for its in operations].count("Sigmoid") == 1  # that of the forward pass


@pytest.mark.parametrize(("count", "width", "zeros"), [(1, 7, 1), (8, 7, 1), (9, 3, 1), (5, 40, 2)])
def test_images_lie_side_by_side_in_rows_of_a_tile(count: int, width: int, zeros: int):
    images = RNG.uniform(1, 2, (count, 2, width, 3)).astype(np.float32)
    rows = side_by_side(images, zeros).numpy()
    in_a_row = max(1, TILE // (width + zeros))
    assert rows.shape == (-(-count // in_a_row), 2, in_a_row * (width + zeros), 3)
    for place, image in enumerate(images):
        row, first = place % len(rows), place // len(rows) * (width + zeros)
        np.testing.assert_array_equal(rows[row, :, first : first + width], image)
        assert not rows[row, :, first + width : first + width + zeros].any()
    assert np.count_nonzero(rows) == images.size
