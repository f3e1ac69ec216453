import keras
import numpy as np
import pytest

from lensmith.backend import compiles_steps
from lensmith.training.pooling import PooledConvolution, pool_quickly
from lensmith.training.stages import Stages, quicker

pytestmark = pytest.mark.skipif(not compiles_steps(), reason="only TensorFlow compiles many steps")
layers = keras.layers
PIXELS = np.random.default_rng(0).integers(0, 256, (8, 9, 9, 2), dtype=np.uint8)
TARGETS = np.random.default_rng(1).normal(size=(8, 3)).astype(np.float32)


def network(convolution: keras.Layer, pooling: keras.Layer) -> keras.Sequential:
    keras.utils.set_random_seed(0)
    scaling = layers.Rescaling(1 / 255)
    model = keras.Sequential([keras.Input((9, 9, 2)), scaling, convolution, pooling, layers.Flatten(), layers.Dense(3)])
    for weight in model.weights:  # a bias of zeros would add nothing
        weight.assign(weight + 0.1 * keras.random.normal(weight.shape, seed=1))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def relu(pooling: dict | None = None, **arguments: object) -> keras.Sequential:
    return network(layers.Conv2D(4, 3, activation="relu", **arguments), layers.MaxPooling2D(**(pooling or {})))


SHAPES = [
    {},
    {"padding": "same", "strides": 2, "pooling": {"pool_size": 3, "strides": 1, "padding": "same"}},
    {"pooling": {"pool_size": (2, 3), "strides": (1, 2)}},
]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_results_are_those_of_the_network(shape: dict):
    model = relu(**shape)
    assert any(isinstance(layer, PooledConvolution) for layer in quicker(model).layers)
    images = PIXELS.astype(np.float32)
    np.testing.assert_allclose(quicker(model)(images), model(images), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_training_comes_to_the_weights_that_keras_comes_to(shape: dict):
    ours, keras_own = relu(**shape), relu(**shape)
    before = [weight.numpy() for weight in ours.weights]
    steps = Stages(ours, 5, []).at(0)
    for _ in range(5):
        steps(PIXELS, TARGETS, np.array([8], np.int32))
        keras_own.train_on_batch(PIXELS.astype(np.float32), TARGETS)
    for mine, its, was in zip(ours.weights, keras_own.weights, before, strict=True):
        np.testing.assert_allclose(mine.numpy(), its.numpy(), rtol=1e-4, atol=1e-5)
        assert np.abs(its.numpy() - was).max() > 1e-3


def test_bfloat16_is_computed_in_bfloat16():
    model = relu()
    for layer in model.layers[1:3]:
        layer.dtype_policy = keras.DTypePolicy("mixed_bfloat16")
    pooled = next(layer for layer in quicker(model).layers if isinstance(layer, PooledConvolution))
    assert keras.backend.standardize_dtype(pooled(np.ones((1, 9, 9, 2), np.float32)).dtype) == "bfloat16"
    before = model.get_weights()
    Stages(model, 1, []).at(0)(PIXELS, TARGETS, np.array([8], np.int32))
    assert all(np.abs(now - was).max() > 1e-4 for now, was in zip(model.get_weights(), before, strict=True))


def test_the_weights_are_those_of_the_network_and_the_network_stays_as_it_is():
    model = relu()
    before = [layer.name for layer in model.layers]
    its = quicker(keras.Sequential([keras.Input((9, 9, 2)), layers.RandomFlip(), model]))
    names = [type(layer).__name__ for layer in its.layers]
    assert names == ["RandomFlip", "Rescaling", "PooledConvolution", "Flatten", "Dense"]
    assert [id(weight) for weight in its.trainable_weights] == [id(weight) for weight in model.trainable_weights]
    assert [layer.name for layer in model.layers] == before


class Doubled(layers.Conv2D):
    def call(self, inputs: object) -> object:
        return 2 * super().call(inputs)


@pytest.mark.parametrize(
    ("convolution", "pooling"),
    [
        (layers.Conv2D(4, 3, activation="silu"), layers.MaxPooling2D()),
        (layers.Conv2D(4, 3, activation="relu"), layers.AveragePooling2D(2)),
        (layers.Conv2D(4, 3, activation="relu", use_bias=False), layers.MaxPooling2D()),
        (layers.Conv2D(4, 3, activation="relu", activity_regularizer="l2"), layers.MaxPooling2D()),
        (layers.SeparableConv2D(4, 3, activation="relu"), layers.MaxPooling2D()),
        (Doubled(4, 3, activation="relu"), layers.MaxPooling2D()),
        (layers.BatchNormalization(), layers.MaxPooling2D()),
    ],
)
def test_what_is_computed_otherwise_stays_as_it_is(convolution: keras.Layer, pooling: keras.Layer):
    model = network(convolution, pooling)
    assert quicker(model) is model


def test_only_neighbours_are_put_together():
    stack = [layers.Conv2D(4, 3, padding="same", activation="relu") for _ in range(3)]
    stack = [*stack[:2], layers.MaxPooling2D(), stack[2], layers.Dropout(0.1), layers.MaxPooling2D()]
    keras.Sequential([keras.Input((9, 9, 2)), *stack])
    found = [type(layer).__name__ for layer in pool_quickly(stack)]
    assert found == ["Conv2D", "PooledConvolution", "Conv2D", "Dropout", "MaxPooling2D"]
