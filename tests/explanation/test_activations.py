import keras
import numpy as np
from tests.explanation.planted import backbone, mark_finder, marked

from lensmith.explanation import activations


def test_each_layer_is_computed_at_the_pictures_own_size():
    model = backbone()
    picture = np.tile(marked(4, 4), (3, 2, 1))
    found = list(activations(model, picture, range(6)))
    assert [its.type for its in found] == [
        "Rescaling", "Conv2D", "MaxPooling2D", "Conv2D", "BatchNormalization", "ReLU"
    ]  # fmt: skip
    assert [its.name for its in found if "/" in its.name][-1] == "inner/r"
    assert found[1].shape == (96, 64, 6)
    assert found[-1].shape == (48, 32, 8)
    inner = model.get_layer("inner")
    large = keras.Sequential([keras.Input((96, 64, 3)), *[inner.get_layer(n) for n in ("c1",)]])
    np.testing.assert_allclose(found[1].values, large.predict(picture[np.newaxis] / 255, verbose=0)[0], atol=1e-5)


def test_strong_and_silent_channels_are_told():
    bright = next(its for its in activations(mark_finder(), marked(10, 10), [0, 1]) if its.name == "bright")
    assert bright.strongest == [0]
    assert bright.silent == [1]
    assert bright.lowest == 0
    assert 0.9 < bright.zeros <= 1
