import keras
import numpy as np
import pytest

from lensmith.backend import compiles_steps
from lensmith.config import SmallerImages
from lensmith.pieces.layers import Conv2D, WhiteningConv2D
from lensmith.training.pooling import PooledConvolution, quicker
from lensmith.training.precision import set_precision
from lensmith.training.stages import Stages

pytestmark = pytest.mark.skipif(not compiles_steps(), reason="only TensorFlow compiles many steps")
layers = keras.layers
PIXELS = np.random.default_rng(0).integers(0, 256, (8, 9, 9, 2), dtype=np.uint8)
TARGETS = np.random.default_rng(1).normal(size=(8, 3)).astype(np.float32)


def stacked(*middle: keras.Layer) -> keras.Sequential:
    """Put layers between pixels and an output, with weights that are the same each time."""
    ends = [layers.Flatten(), layers.Dense(3)]
    model = keras.Sequential([keras.Input((9, 9, 2)), layers.Rescaling(1 / 255), *middle, *ends])
    for place, weight in enumerate(model.weights):
        weight.assign(keras.random.normal(weight.shape, stddev=0.2, seed=place))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def pair(pooling: dict | None = None, **arguments: object) -> keras.Sequential:
    return stacked(layers.Conv2D(4, 3, activation="relu", **arguments), layers.MaxPooling2D(**(pooling or {})))


def kinds(network: keras.Sequential) -> list[str]:
    return [type(layer).__name__ for layer in network.layers]


SHAPES = [
    {},
    {"padding": "same", "strides": 2, "pooling": {"pool_size": 3, "strides": 1, "padding": "same"}},
    {"dilation_rate": 2, "pooling": {"pool_size": (2, 3), "strides": (1, 2)}},
    {"groups": 2, "kernel_regularizer": "l2", "kernel_constraint": "non_neg"},
    {"trainable": False},
]


def train_both(ours: keras.Sequential, keras_own: keras.Sequential, tolerance: float) -> None:
    """Train one as lensmith does, the other as Keras does, and compare the weights."""
    before = [weight.numpy() for weight in ours.trainable_weights]
    steps = Stages(ours, 5, []).at(0)
    for _ in range(5):
        steps(PIXELS, TARGETS, np.array([8], np.int32))
        keras_own.train_on_batch(PIXELS.astype(np.float32), TARGETS)
    for mine, its in zip(ours.weights, keras_own.weights, strict=True):
        np.testing.assert_allclose(mine.numpy(), its.numpy(), rtol=tolerance, atol=tolerance)
    moved = [np.abs(its.numpy() - was).max() for its, was in zip(keras_own.trainable_weights, before, strict=True)]
    assert min(moved) > 0.009


@pytest.mark.parametrize("shape", SHAPES)
def test_the_results_are_those_of_the_network(shape: dict):
    model = pair(**shape)
    assert kinds(quicker(model)) == ["Rescaling", "PooledConvolution", "Flatten", "Dense"]
    images = PIXELS.astype(np.float32)
    np.testing.assert_allclose(quicker(model)(images), model(images), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_training_comes_to_the_weights_that_keras_comes_to(shape: dict):
    train_both(pair(**shape), pair(**shape), 1e-5)


def test_training_in_bfloat16_comes_to_the_weights_that_keras_comes_to():
    def mixed() -> keras.Sequential:
        # The first layer that has weights stays in float32.
        model = stacked(layers.Conv2D(3, 1), Conv2D(4, 3, padding="same", activation="relu"), layers.MaxPooling2D())
        set_precision(model, "mixed_bfloat16")
        return model

    pooled = quicker(mixed()).layers[2]
    assert (type(pooled), pooled.compute_dtype) == (PooledConvolution, "bfloat16")
    train_both(mixed(), mixed(), 3e-3)


def test_a_layer_that_is_set_from_the_data_is_trained_no_more_than_before():
    first = WhiteningConv2D(4, 2, activation="relu")
    model = stacked(first, layers.MaxPooling2D())
    before = [weight.numpy() for weight in first.weights]
    assert "PooledConvolution" in kinds(quicker(model))
    Stages(model, 1, []).at(0)(PIXELS, TARGETS, np.array([8], np.int32))
    assert all((weight.numpy() == was).all() for weight, was in zip(first.weights, before, strict=True))


def test_networks_within_networks_are_computed_the_same_and_stay_as_they_are():
    inner = pair()
    inner.layers[2].name = "noise"
    model = keras.Sequential([keras.Input((9, 9, 2)), layers.GaussianNoise(1, name="noise"), inner])
    its = quicker(model)
    assert kinds(its) == ["GaussianNoise", "Sequential"]
    assert kinds(its.layers[1]) == ["Rescaling", "PooledConvolution", "Flatten", "Dense"]
    assert kinds(inner) == ["Rescaling", "Conv2D", "MaxPooling2D", "Flatten", "Dense"]
    assert [id(weight) for weight in its.trainable_weights] == [id(weight) for weight in model.trainable_weights]
    images = PIXELS.astype(np.float32)
    np.testing.assert_allclose(its(images), model(images), rtol=1e-6, atol=1e-6)


def test_the_steps_of_smaller_images_have_it_too(monkeypatch: pytest.MonkeyPatch):
    stack = [layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(), layers.GlobalAveragePooling2D()]
    model = keras.Sequential([keras.Input((9, 9, 2)), *stack, layers.Dense(3)])
    model.compile("sgd", "mse")
    computed: list[list[str]] = []
    monkeypatch.setattr(
        "lensmith.training.stages.compile_steps", lambda model, network: computed.append(kinds(network))
    )
    Stages(model, 10, [SmallerImages(until=0.5, size=7)])
    pooled = ["PooledConvolution", "GlobalAveragePooling2D", "Dense"]
    assert computed == [["Resizing", *pooled], pooled]


class Doubled(layers.Conv2D):
    def call(self, inputs: object) -> object:
        return 2 * super().call(inputs)


class DoubledPooling(layers.MaxPooling2D):
    def call(self, inputs: object) -> object:
        return 2 * super().call(inputs)


@pytest.mark.parametrize(
    ("convolution", "pooling"),
    [
        (layers.Conv2D(4, 3, activation="silu"), layers.MaxPooling2D()),
        (layers.Conv2D(4, 3, activation="relu"), layers.AveragePooling2D(2)),
        (layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(data_format="channels_first")),
        (layers.Conv2D(4, 3, activation="relu", use_bias=False), layers.MaxPooling2D()),
        (layers.Conv2D(4, 3, activation="relu", activity_regularizer="l2"), layers.MaxPooling2D()),
        (layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(activity_regularizer="l2")),
        (layers.SeparableConv2D(4, 3, activation="relu"), layers.MaxPooling2D()),
        (Doubled(4, 3, activation="relu"), layers.MaxPooling2D()),
        (layers.Conv2D(4, 3, activation="relu"), DoubledPooling()),
        (layers.BatchNormalization(), layers.MaxPooling2D()),
    ],
)
def test_what_is_computed_otherwise_stays_as_it_is(convolution: keras.Layer, pooling: keras.Layer):
    model = stacked(convolution, pooling)
    assert quicker(model) is model


def test_only_neighbours_are_put_together():
    first, second, third = (layers.Conv2D(4, 3, padding="same", activation="relu") for _ in range(3))
    model = stacked(first, second, layers.MaxPooling2D(), third, layers.Dropout(0.1), layers.MaxPooling2D())
    found = ["Conv2D", "PooledConvolution", "Conv2D", "Dropout", "MaxPooling2D"]
    assert kinds(quicker(model)) == ["Rescaling", *found, "Flatten", "Dense"]
