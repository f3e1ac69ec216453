from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers
from tests.contracts.network_contract import Shape, answers_of, pixels, shapes_of

from lensmith.config import Recipe, load_recipe, recipe_names
from lensmith.evaluation import temper
from lensmith.models import build_model, plain, soften

SHAPE = (6, 6, 3)
RECIPES = {name: load_recipe(name) for name in recipe_names()}
SURE = 4.0
"""Fresh networks are so unsure that a temperature changes little: their last weights are made larger by so much."""


def sequential(*parts: Any) -> keras.Sequential:
    return keras.Sequential([keras.Input(SHAPE), layers.Rescaling(1 / 255), *parts])


def functional(through: Callable[[Any], Any]) -> keras.Model:
    pixel = keras.Input(SHAPE)
    return keras.Model(pixel, through(layers.Flatten()(layers.Rescaling(1 / 255)(pixel))))


def dense(units: int = 4, **arguments: Any) -> layers.Dense:
    """One whose bias matters too."""
    return layers.Dense(units, bias_initializer=keras.initializers.RandomNormal(stddev=1.0, seed=3), **arguments)


def branched(flat: Any) -> Any:
    """A hidden layer used twice is no hindrance: only the last weights are scaled."""
    shared = layers.Dense(7, "relu")
    both = layers.Add()([shared(flat), shared(layers.ReLU()(flat))])
    return dense(activation="softmax")(both)


SOFTENED: dict[str, Callable[[], keras.Model]] = {
    "softmax in the Dense": lambda: sequential(layers.Flatten(), dense(activation="softmax")),
    "Softmax layer": lambda: sequential(layers.Flatten(), dense(), layers.Softmax()),
    "Activation layer": lambda: sequential(layers.Flatten(), dense(), layers.Activation("softmax")),
    "linear Activation": lambda: sequential(
        layers.Flatten(), dense(), layers.Activation("linear"), layers.Activation("softmax")
    ),
    "no bias": lambda: sequential(layers.Flatten(), layers.Dense(4, "softmax", use_bias=False)),
    "Rescaling between": lambda: sequential(layers.Flatten(), dense(), layers.Rescaling(3.0), layers.Softmax()),
    "Dropout between": lambda: sequential(layers.Flatten(), dense(), layers.Dropout(0.5), layers.Softmax()),
    "Conv2D and average": lambda: sequential(
        layers.Conv2D(4, 3, bias_initializer="ones"), layers.GlobalAveragePooling2D(), layers.Softmax()
    ),
    "Conv2D, pooled and reshaped": lambda: sequential(
        layers.Conv2D(4, 3), layers.AveragePooling2D(4), layers.Reshape((4,)), layers.Activation("softmax")
    ),
    "hidden layers": lambda: sequential(
        layers.Conv2D(5, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(7, "tanh"),
        dense(activation="softmax"),
    ),
    "functional": lambda: functional(lambda its: layers.Softmax()(dense()(its))),
    "operation": lambda: functional(lambda its: keras.ops.softmax(dense()(its))),
    "two branches before": lambda: functional(branched),
    "nested": lambda: sequential(
        keras.Sequential([layers.Flatten(), layers.Dense(5, "relu")]), keras.Sequential([dense(activation="softmax")])
    ),
    "nested, softmax outside": lambda: sequential(keras.Sequential([layers.Flatten(), dense()]), layers.Softmax()),
}


def twice(flat: Any) -> Any:
    shared = layers.Dense(4)
    return layers.Softmax()(shared(shared(layers.Dense(4)(flat))))


LEFT_ALONE: dict[str, Callable[[], keras.Model]] = {
    "sigmoid end": lambda: sequential(layers.Flatten(), dense(activation="sigmoid")),
    "linear end": lambda: sequential(layers.Flatten(), dense()),
    "no weights": lambda: sequential(layers.Flatten(), layers.Softmax()),
    "BatchNormalization between": lambda: sequential(
        layers.Flatten(), dense(), layers.BatchNormalization(), layers.Softmax()
    ),
    "ReLU between": lambda: sequential(layers.Flatten(), dense(), layers.ReLU(), layers.Softmax()),
    "Activation between": lambda: sequential(layers.Flatten(), dense(), layers.Activation("tanh"), layers.Softmax()),
    "Dense that is not linear": lambda: sequential(layers.Flatten(), dense(activation="relu"), layers.Softmax()),
    "softmax of a softmax": lambda: sequential(layers.Flatten(), dense(activation="softmax"), layers.Softmax()),
    "Rescaling that adds": lambda: sequential(layers.Flatten(), dense(), layers.Rescaling(3.0, 0.1), layers.Softmax()),
    "softmax, then average": lambda: sequential(
        layers.Conv2D(4, 3, activation="softmax"), layers.GlobalAveragePooling2D()
    ),
    "shared by two calls": lambda: functional(twice),
    "sum of two branches": lambda: functional(
        lambda its: layers.Softmax()(layers.Add()([dense()(its), layers.Dense(4)(its)]))
    ),
    "wrapped": lambda: sequential(
        layers.Flatten(), layers.Reshape((1, -1)), layers.TimeDistributed(dense()), layers.Flatten(), layers.Softmax()
    ),
}


def check_softened(model: Any, temperature: float, shape: Shape = SHAPE) -> None:
    images = pixels(shape)
    before = answers_of(model, images)
    meant = temper(before, temperature)
    assert np.abs(meant - before).max() > 1e-3
    assert soften(model, temperature) is True
    np.testing.assert_allclose(answers_of(model, images), meant, atol=5e-6)


@pytest.mark.parametrize("temperature", [0.4, 2.5])
@pytest.mark.parametrize("make", SOFTENED.values(), ids=SOFTENED)
def test_answers_are_the_tempered_ones(make: Callable[[], keras.Model], temperature: float):
    keras.utils.set_random_seed(0)
    model = make()
    assert soften(model, 1 / SURE)
    check_softened(model, temperature)


@pytest.mark.parametrize("make", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_where_it_cannot_be_done_nothing_is_changed(make: Callable[[], keras.Model]):
    model = make()
    before = model.get_weights()
    assert soften(model, 2.0) is False
    for was, its in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(was, its)


def network_of(recipe: Recipe) -> tuple[Any, Shape]:
    """The network as it is exported, at the smallest size."""
    keras.utils.set_random_seed(0)
    shape = min(shapes_of(recipe))
    return plain(build_model(recipe.model, shape, 3, recipe.name)), shape


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_network_of_every_packaged_recipe_can_be_softened(recipe: Recipe):
    model, shape = network_of(recipe)
    spread = np.ptp(np.log(answers_of(model, pixels(shape))), axis=1).max()
    assert soften(model, spread / SURE)
    check_softened(model, 2.5, shape)


@given(st.floats(0.2, 5), st.floats(0.2, 5))
@settings(max_examples=20, deadline=None)
def test_one_temperature_after_another_is_their_product(first: float, second: float):
    keras.utils.set_random_seed(0)
    one, other = (sequential(layers.Flatten(), dense(activation="softmax")) for _ in range(2))
    other.set_weights(one.get_weights())
    assert soften(one, first)
    assert soften(one, second)
    assert soften(other, first * second)
    np.testing.assert_allclose(answers_of(one, pixels(SHAPE)), answers_of(other, pixels(SHAPE)), atol=1e-5)


def test_only_the_last_weights_are_scaled():
    model = SOFTENED["hidden layers"]()
    before = model.get_weights()
    assert soften(model, 2.0)
    *hidden, kernel, bias = model.get_weights()
    for was, its in zip(before, hidden, strict=False):
        np.testing.assert_array_equal(was, its)
    np.testing.assert_array_equal(kernel, before[-2] / 2)
    np.testing.assert_array_equal(bias, before[-1] / 2)
    assert np.abs(bias).max() > 0


@pytest.mark.parametrize("frozen", [False, True])
def test_a_last_layer_that_was_not_trained_is_scaled_too(frozen: bool):
    model = SOFTENED["softmax in the Dense"]()
    model.layers[-1].trainable = not frozen
    check_softened(model, 2.5)


def test_saving_and_loading_keeps_it(tmp_path: Path):
    model = SOFTENED["hidden layers"]()
    check_softened(model, 0.4)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(answers_of(again, pixels(SHAPE)), answers_of(model, pixels(SHAPE)))


def test_a_network_of_several_inputs_is_left_alone():
    inputs = [keras.Input((3,)), keras.Input((3,))]
    model = keras.Model(inputs, dense(activation="softmax")(layers.Concatenate()(inputs)))
    before = model.get_weights()
    assert soften(model, 2.0) is False
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


def test_a_network_whose_layers_are_not_known_is_left_alone():
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.last = layers.Dense(2, "softmax")

        def call(self, its: Any) -> Any:
            return self.last(its)

    model = Own()
    model(np.zeros((1, 3), np.float32))
    before = model.get_weights()
    assert soften(model, 2.0) is False
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


def test_a_kernel_of_several_factors_is_scaled_once_or_not_at_all():
    model = sequential(layers.Flatten(), dense(activation="softmax"))
    last = model.layers[-1]
    last.enable_lora(2)
    last.lora_kernel_b.assign(np.arange(8, dtype=np.float32).reshape(2, 4))
    images = pixels(SHAPE)
    before = answers_of(model, images)
    meant = temper(before, 2.0) if soften(model, 2.0) else before
    np.testing.assert_allclose(answers_of(model, images), meant, atol=5e-6)
