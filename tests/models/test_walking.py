import keras
import numpy as np
import pytest
from tests.architecture.networks import chain, every_window, layers, with_shortcuts

from lensmith.errors import LensmithError
from lensmith.models import activation_of, walk


@pytest.mark.parametrize("make", [every_window, with_shortcuts])
def test_the_last_step_is_what_the_network_answers(make):
    model = make()
    pixels = np.random.default_rng(0).random((2, *model.input_shape[1:])).astype(np.float32)
    *_, last = walk(model, keras.ops.convert_to_tensor(pixels))
    np.testing.assert_allclose(np.asarray(last.output), model.predict(pixels, verbose=0), atol=1e-5)


def test_layers_that_act_in_training_only_do_nothing():
    model = chain(layers.RandomFlip(), layers.Dropout(0.9), layers.GaussianNoise(0.9), picture=(6, 6, 1))
    pixels = np.arange(36, dtype=np.float32).reshape(1, 6, 6, 1)
    for step in walk(model, keras.ops.convert_to_tensor(pixels)):
        np.testing.assert_array_equal(np.asarray(step.output), pixels)


def test_a_layer_is_computed_as_is_asked_for():
    model = chain(layers.ReLU(name="r"), layers.ReLU(name="s"), picture=(2, 2, 1))
    asked: list[tuple[int, str]] = []

    def twice(number, layer, arguments, named):
        asked.append((number, layer.name))
        return 2 * arguments[0]

    *_, last = walk(model, np.ones((1, 2, 2, 1), np.float32), twice)
    assert asked == [(0, "r"), (1, "s")]
    assert (np.asarray(last.output) == 4).all()


def test_a_network_of_two_inputs_is_refused():
    one, two = keras.Input((4,)), keras.Input((4,))
    with pytest.raises(LensmithError, match="follow one another from one input"):
        list(walk(keras.Model([one, two], layers.Add()([one, two])), one))


def test_an_activation_is_found_whatever_kind_of_layer_it_is_in():
    assert activation_of(layers.Dense(2)) == ""
    assert activation_of(layers.Dense(2, activation=keras.activations.silu)) == "silu"
    assert activation_of(layers.Activation("tanh")) == "tanh"
    assert [activation_of(layers.ReLU(max_value=its)) for its in (None, 6)] == ["relu", "relu6"]
    assert activation_of(layers.BatchNormalization()) == ""
