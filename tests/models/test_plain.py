import keras
import numpy as np
import pytest

from lensmith.errors import ExportError
from lensmith.models import adapt, check_agreement, plain
from lensmith.pieces.initializers import Dirac
from lensmith.pieces.layers import BatchNormalization, Conv2D, WhiteningConv2D

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 9, 9, 3), dtype=np.uint8)


def network() -> keras.Sequential:
    model = keras.Sequential(
        [
            keras.Input(IMAGES.shape[1:], name="pixels"),
            keras.layers.Rescaling(1 / 255),
            WhiteningConv2D(12),
            keras.layers.Conv2D(6, 3, kernel_initializer=Dirac(), use_bias=False, activation="relu"),
            BatchNormalization(momentum=0.5),
            keras.layers.GlobalMaxPooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ],
        name="net",
    )
    adapt(model, IMAGES)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(IMAGES, np.arange(40) % 2, epochs=2, verbose=0)
    return model


def test_a_plain_copy_answers_alike_with_classes_of_keras_only():
    trained = network()
    copy = plain(trained)
    assert not any("lensmith" in str(layer.get_config()) for layer in copy.layers)
    assert all(type(layer).__module__.startswith("keras.") for layer in copy.layers)
    np.testing.assert_allclose(copy(IMAGES), trained(IMAGES), atol=1e-6)
    check_agreement(trained, copy, IMAGES)
    assert copy.name == "net"


def test_a_network_of_keras_layers_only_comes_back_as_it_is():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    assert plain(model) is model


def test_layers_of_ours_within_others_are_replaced_and_weights_of_one_name_kept_apart():
    model = keras.Sequential(
        [
            keras.Input(IMAGES.shape[1:]),
            keras.layers.SpectralNormalization(Conv2D(4, 3, kernel_initializer=Dirac())),
            keras.layers.Reshape((7, 28)),
            keras.layers.Bidirectional(keras.layers.LSTM(3)),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(IMAGES, np.arange(40) % 2, verbose=0)
    copy = plain(model)
    assert type(copy.layers[0].layer) is keras.layers.Conv2D
    assert "lensmith" not in copy.to_json()
    check_agreement(model, copy, IMAGES)


def test_a_layer_that_keras_cannot_make_again_is_refused():
    class Doubling(keras.layers.Layer):
        def __init__(self, by: int):
            super().__init__()

    model = keras.Sequential([keras.Input((9, 9, 3)), Doubling(2), Conv2D(4, 3)])
    with pytest.raises(ExportError, match=r"cannot be written in plain Keras: .*Doubling"):
        plain(model)


@pytest.mark.parametrize("value", [0.5, np.nan])
def test_a_copy_that_answers_otherwise_is_refused(value: float):
    trained = network()
    copy = plain(trained)
    copy.layers[-1].bias.assign([value, 0.0])
    with pytest.raises(ExportError, match=r"its copy in plain Keras differ by .* on 40 images"):
        check_agreement(trained, copy, IMAGES)
