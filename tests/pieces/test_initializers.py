import keras
import numpy as np
import pytest

from lensmith.pieces.initializers import Dirac


def convolved(channels: int, filters: int, size: int = 3) -> tuple[np.ndarray, np.ndarray]:
    layer = keras.layers.Conv2D(filters, size, padding="same", use_bias=False, kernel_initializer=Dirac(seed=1))
    images = np.random.default_rng(0).normal(size=(2, 7, 6, channels)).astype(np.float32)
    return images, keras.ops.convert_to_numpy(layer(images))


@pytest.mark.parametrize("size", [1, 3, 5])
def test_a_convolution_begins_as_the_identity(size: int):
    images, outputs = convolved(4, 4, size)
    np.testing.assert_allclose(outputs, images, rtol=1e-6)


def test_with_more_filters_than_channels_the_first_pass_the_channels_through_and_the_others_are_drawn():
    images, outputs = convolved(3, 8)
    np.testing.assert_allclose(outputs[..., :3], images, rtol=1e-5)
    kernel = keras.ops.convert_to_numpy(Dirac(seed=1)((3, 3, 3, 8)))
    others = kernel[..., 3:]
    assert len(np.unique(others)) == others.size
    assert abs(others).max() <= 1 / np.sqrt(3 * 3 * 3)


def test_with_fewer_filters_than_channels_the_first_channels_are_kept():
    images, outputs = convolved(5, 2)
    np.testing.assert_allclose(outputs, images[..., :2], rtol=1e-6)


def test_the_seed_decides_what_is_drawn():
    first, again, other = (keras.ops.convert_to_numpy(Dirac(seed)((3, 3, 2, 6))) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_a_shape_that_is_no_convolutions_is_refused():
    with pytest.raises(ValueError, match=r"kernels of convolutions, not for the shape \(4, 3\)"):
        Dirac()((4, 3))


def test_its_configuration_makes_the_same_initialiser():
    again = Dirac.from_config(Dirac(seed=3).get_config())
    assert (np.asarray(again((3, 3, 1, 4))) == np.asarray(Dirac(seed=3)((3, 3, 1, 4)))).all()
