import keras
import numpy as np
import pytest

from lensmith.backend import compiles_steps
from lensmith.config import SmallerImages
from lensmith.errors import RecipeError
from lensmith.training.stages import Stages, smaller


def trainee(pooling: bool = True) -> keras.Sequential:
    last = keras.layers.GlobalAveragePooling2D() if pooling else keras.layers.Flatten()
    network = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(3, 3), last, keras.layers.Dense(2)])
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.RandomFlip(), network])
    model.compile("sgd", "mse")
    return model


def test_a_smaller_network_has_the_same_weights_and_fewer_pixels():
    model = trainee()
    its = smaller(model, 6)
    assert [id(weight) for weight in its.weights] == [id(weight) for weight in model.weights]
    convolution = next(layer for layer in its.layers if isinstance(layer, keras.layers.Conv2D))
    images = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 1)).astype(np.float32)
    resized = keras.layers.Resizing(6, 6)(images)
    answers = its(images, training=False)
    np.testing.assert_allclose(answers, its.layers[-1](its.layers[-2](convolution(resized))), rtol=1e-5)


@pytest.mark.skipif(not compiles_steps(), reason="only TensorFlow compiles many steps")
def test_each_step_has_the_function_of_its_part():
    parts = [SmallerImages(until=0.3, size=4), SmallerImages(until=0.6, size=6)]
    stages = Stages(trainee(), 10, parts)
    functions = [stages.at(step) for step in range(10)]
    assert [functions.index(its) for its in functions] == [0, 0, 0, 3, 3, 3, 6, 6, 6, 6]
    assert stages.at(25) is functions[-1]  # a run that is trained further


@pytest.mark.parametrize("size", [8, 20])
def test_images_that_are_not_larger_are_refused(size: int):
    with pytest.raises(RecipeError, match=rf"progressive_resizing: size {size} is not smaller.*8x8"):
        smaller(trainee(), size)


def test_a_network_of_one_size_is_refused_with_what_would_do():
    with pytest.raises(RecipeError, match=r"cannot work on images of 6x6: .*global pooling"):
        smaller(trainee(pooling=False), 6)
