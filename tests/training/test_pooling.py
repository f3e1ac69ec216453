import keras
import numpy as np
import pytest

from lensmith.backend import compiles_steps
from lensmith.training.pooling import RISING, PooledConvolution, pool_before_activation
from lensmith.training.stages import Stages, quicker

layers = keras.layers
IMAGES = np.random.default_rng(0).uniform(0, 1, (8, 9, 9, 2)).astype(np.float32)


def network(convolution: keras.Layer, pooling: keras.Layer) -> keras.Sequential:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((9, 9, 2)), convolution, pooling, layers.Flatten(), layers.Dense(3)])
    for weight in model.weights:  # a bias of zeros would add nothing
        weight.assign(weight + 0.1 * keras.random.normal(weight.shape, seed=1))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def swapped(model: keras.Sequential) -> bool:
    return any(isinstance(layer, PooledConvolution) for layer in quicker(model).layers)


@pytest.mark.parametrize("activation", sorted(its.__name__ for its in RISING))
@pytest.mark.parametrize(
    ("convolution", "pooling"),
    [
        ({}, {}),
        ({"padding": "same", "strides": 2, "use_bias": False}, {"pool_size": 3, "strides": 1, "padding": "same"}),
    ],
)
def test_pooling_first_computes_the_same(activation: str, convolution: dict, pooling: dict):
    model = network(layers.Conv2D(4, 3, activation=activation, **convolution), layers.MaxPooling2D(**pooling))
    assert swapped(model)
    np.testing.assert_allclose(quicker(model)(IMAGES), model(IMAGES), atol=1e-6)


@pytest.mark.skipif(not compiles_steps(), reason="only TensorFlow compiles many steps")
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_training_with_pooling_first_comes_to_the_same_weights(activation: str):
    targets = np.random.default_rng(1).normal(size=(8, 3)).astype(np.float32)

    def trained(own: bool) -> list[np.ndarray]:
        model = network(layers.Conv2D(4, 3, activation=activation), layers.MaxPooling2D())
        if own:
            steps = Stages(model, 5, []).at(0)
            for _ in range(5):
                steps((IMAGES * 255).astype(np.uint8), targets, np.array([8], np.int32))
        else:
            pixels = np.float32((IMAGES * 255).astype(np.uint8))
            for _ in range(5):
                model.train_on_batch(pixels, targets)
        return [its.numpy() for its in model.weights]

    for ours, keras_own in zip(trained(True), trained(False), strict=True):
        np.testing.assert_allclose(ours, keras_own, rtol=1e-4, atol=1e-5)


def test_the_weights_are_those_of_the_network_and_the_network_stays_as_it_is():
    model = network(layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D())
    before = [layer.name for layer in model.layers]
    its = quicker(keras.Sequential([keras.Input((9, 9, 2)), layers.RandomFlip(), model]))
    assert [type(layer).__name__ for layer in its.layers] == ["RandomFlip", "PooledConvolution", "Flatten", "Dense"]
    assert [id(weight) for weight in its.trainable_weights] == [id(weight) for weight in model.trainable_weights]
    assert [layer.name for layer in model.layers] == before


class Doubled(layers.Conv2D):
    def call(self, inputs: object) -> object:
        return 2 * super().call(inputs)


@pytest.mark.parametrize(
    ("convolution", "pooling"),
    [
        (layers.Conv2D(4, 3, activation="silu"), layers.MaxPooling2D()),  # falls before it rises
        (layers.Conv2D(4, 3, activation="softmax"), layers.MaxPooling2D()),  # looks at the other channels
        (layers.Conv2D(4, 3, activation=lambda its: -its), layers.MaxPooling2D()),
        (layers.Conv2D(4, 3, activation="relu"), layers.AveragePooling2D(2)),
        (layers.Conv2D(4, 3, activation="relu", activity_regularizer="l2"), layers.MaxPooling2D()),
        (layers.SeparableConv2D(4, 3, activation="relu"), layers.MaxPooling2D()),
        (Doubled(4, 3, activation="relu"), layers.MaxPooling2D()),
        (layers.BatchNormalization(), layers.MaxPooling2D()),
    ],
)
def test_what_may_not_change_places_does_not(convolution: keras.Layer, pooling: keras.Layer):
    model = network(convolution, pooling)
    assert quicker(model) is model


def test_only_neighbours_change_places():
    stack = [layers.Conv2D(4, 3, padding="same"), layers.Conv2D(4, 3), layers.MaxPooling2D(), layers.Conv2D(4, 2)]
    stack += [layers.Dropout(0.1), layers.MaxPooling2D()]
    keras.Sequential([keras.Input((9, 9, 2)), *stack])
    found = [type(layer).__name__ for layer in pool_before_activation(stack)]
    assert found == ["Conv2D", "PooledConvolution", "Conv2D", "Dropout", "MaxPooling2D"]
