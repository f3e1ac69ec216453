import keras
import numpy as np
import pytest

from lensmith.errors import ExportError
from lensmith.models import adapt, check_agreement, plain
from lensmith.pieces.initializers import Dirac
from lensmith.pieces.layers import BatchNormalization, WhiteningConv2D

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


@pytest.mark.parametrize("value", [0.5, np.nan])
def test_a_copy_that_answers_otherwise_is_refused(value: float):
    trained = network()
    copy = plain(trained)
    copy.layers[-1].bias.assign([value, 0.0])
    with pytest.raises(ExportError, match=r"its copy in plain Keras differ by .* on 40 images"):
        check_agreement(trained, copy, IMAGES)
