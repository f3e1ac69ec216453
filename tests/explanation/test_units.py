import keras
import numpy as np
import pytest
from tests.explanation.planted import backbone

from lensmith.explanation import units
from lensmith.explanation.units import BINS

N, SIDE = 12, 6


def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (N, SIDE, SIDE, 1)).astype(np.uint8)


def one_layer(activation: str, biases: list[float], scale: float = 0.0) -> keras.Model:
    """Units whose values before the activation are their biases, and `scale` times the mean pixel on top."""
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((SIDE, SIDE, 1)), layers.GlobalAveragePooling2D(), layers.Dense(len(biases), activation)]
    )
    model.layers[-1].set_weights([np.full((1, len(biases)), scale / 255, np.float32), np.array(biases, np.float32)])
    return model


def test_dead_units_are_those_that_no_image_wakes():
    (found,) = units(one_layer("relu", [-5.0, 0.0, 1.0], scale=1.0), pictures())
    assert (found.units, found.dead, found.saturated) == (3, [0], [])
    assert found.activation == "relu"


@pytest.mark.parametrize(
    ("activation", "biases", "saturated"),
    [
        ("tanh", [-9.0, -0.5, 0.0, 9.0], [0, 3]),
        ("sigmoid", [-9.0, 0.0, 9.0], [0, 2]),
        ("relu6", [-1.0, 3.0, 50.0], [2]),
        ("softmax", [0.0, 99.0], []),
    ],
)
def test_saturated_units_are_those_at_a_limit(activation: str, biases: list[float], saturated: list[int]):
    (found,) = units(one_layer(activation, biases), pictures())
    assert found.saturated == saturated
    assert found.dead == ([0] if activation == "relu6" else [])


def test_histograms_hold_every_value_and_every_weight_whatever_the_batch():
    model, images = backbone(), np.random.default_rng(1).integers(0, 256, (7, 32, 32, 3)).astype(np.uint8)
    found = {its.name: its for its in units(model, images, batch=3)}
    assert list(found) == ["inner/c1", "inner/c2", "inner/n", "inner/r", "last"]
    values = np.asarray(model.get_layer("inner").get_layer("c1")(images / np.float32(255)))
    counts, edges = np.histogram(values, BINS)
    its = found["inner/c1"]
    assert (its.outputs.low, its.outputs.high) == pytest.approx((edges[0], edges[-1]), abs=1e-4)
    assert sum(its.outputs.counts) == values.size
    assert np.abs(np.array(its.outputs.counts) - counts).sum() <= 0.001 * values.size
    assert sum(its.weights.counts) == 3 * 3 * 3 * 6
    assert found["inner/n"].weights is None
    assert found["inner/r"].activation == "relu"


def test_operations_that_have_no_weights_are_gone_past():
    pixels = keras.Input((SIDE, SIDE, 1))
    model = keras.Model(pixels, keras.layers.Dense(3, "relu")(keras.layers.Flatten()(pixels) + 1.0))
    assert [its.type for its in units(model, pictures())] == ["Dense"]


@pytest.mark.parametrize("bias", [0.5, 1e35, np.inf])
def test_values_that_are_next_to_the_same_or_infinite_are_counted(bias: float):
    (found,) = units(one_layer("linear", [bias, bias], scale=1e-8), pictures())
    assert sum(found.outputs.counts) == 2 * N


def test_a_layer_that_is_called_twice_has_a_place_for_each_call():
    twice = keras.layers.Dense(4, "relu", name="twice")
    pixels = keras.Input((SIDE, SIDE, 1))
    flat = keras.layers.Dense(4, name="first")(keras.layers.Flatten()(pixels))
    found = units(keras.Model(pixels, twice(twice(flat))), pictures())
    assert [its.name for its in found] == ["first", "twice", "twice"]
    assert len({its.number for its in found}) == 3
