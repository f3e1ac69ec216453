import keras
import numpy as np
import pytest
from tests.explanation.planted import SIDE, backbone, mark_finder, marked

from lensmith.errors import LensmithError
from lensmith.explanation import Classifier


def pixels(n: int = 3) -> np.ndarray:
    return np.stack([marked(4 * k, 3, seed=k) for k in range(n)]).astype(np.float32)


@pytest.mark.parametrize("make", [mark_finder, backbone])
def test_scores_are_what_goes_into_the_softmax(make):
    model = make()
    scores = keras.ops.convert_to_numpy(Classifier(model).scores(pixels()))
    exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(
        exponents / exponents.sum(axis=1, keepdims=True), model.predict(pixels(), verbose=0), atol=1e-5
    )
    assert model.get_layer("last").activation is keras.activations.softmax


def test_scores_of_a_softmax_in_a_layer_of_its_own_and_of_none():
    layers = keras.layers
    body = [keras.Input((SIDE, SIDE, 3)), layers.Flatten(), layers.Dense(3)]
    logits = keras.Sequential(body)
    for end in (layers.Softmax(), layers.Activation("softmax")):
        model = keras.Sequential([*body, end])
        np.testing.assert_allclose(
            np.asarray(Classifier(model).scores(pixels())), logits.predict(pixels(), verbose=0), rtol=1e-4, atol=1e-3
        )
    np.testing.assert_allclose(
        np.asarray(Classifier(logits).scores(pixels())), logits.predict(pixels(), verbose=0), rtol=1e-4, atol=1e-3
    )


def test_what_a_layer_within_a_network_puts_out_is_what_keras_says():
    model = backbone()
    classifier = Classifier(model)
    number = classifier.number_of("inner/c2")
    inner = model.get_layer("inner")
    part = keras.Model(inner.inputs[0], inner.get_layer("c2").output)
    expected = part.predict(pixels() / 255, verbose=0)
    np.testing.assert_allclose(np.asarray(classifier.output_of(number, pixels())), expected, atol=1e-5)
    assert classifier.number_of("c2") == number


def test_the_last_layer_with_height_and_width_is_found_within_a_network():
    classifier = Classifier(backbone())
    assert classifier.layers[classifier.last_picture()] == "inner/r"


def test_a_mistyped_layer_is_answered_with_the_nearest():
    with pytest.raises(LensmithError, match=r"no layer 'brihgt'. Did you mean 'bright'"):
        Classifier(mark_finder()).number_of("brihgt")


def test_a_network_without_convolutions_says_what_can_be_shown():
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    with pytest.raises(LensmithError, match="Occlusion and integrated gradients need none"):
        Classifier(model).last_picture()
