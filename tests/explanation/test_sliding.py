import keras
import numpy as np
import pytest
from tests.explanation.planted import SIDE, backbone, mark_finder, marked

from lensmith.errors import LensmithError
from lensmith.explanation.sliding import slide


def first_layer(padding: str, stride: int, activation: str | None, size: int = 3) -> keras.Model:
    keras.utils.set_random_seed(1)
    convolution = keras.layers.Conv2D(
        4, size, strides=stride, padding=padding, activation=activation, bias_initializer="random_normal"
    )
    return keras.Sequential([keras.Input((SIDE, SIDE, 3)), keras.layers.Rescaling(1 / 255), convolution])


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("stride", "size"), [(1, 3), (2, 3), (2, 2), (3, 5)])
@pytest.mark.parametrize("activation", ["relu", None])
def test_the_sums_are_what_the_layer_puts_out(padding: str, stride: int, size: int, activation: str | None):
    for top, left in ((0, 0), (12, 9), (26, 26)):
        found = slide(first_layer(padding, stride, activation, size), marked(top, left), channel=2)
        expected = np.maximum(found.sums, 0) if activation else found.sums
        np.testing.assert_allclose(found.outputs, expected, rtol=1e-4, atol=1e-4)


def test_the_part_is_around_what_the_filter_answers_to():
    found = slide(mark_finder(), marked(20, 8))
    assert found.channel == 0
    assert found.outputs.max() > 0.4
    assert -6 <= found.top - 20 <= 6


def test_padding_is_marked_as_such():
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    picture[0, 5] = 255  # the filter answers to nothing but the upper edge
    found = slide(first_layer("same", 1, "relu"), picture, channel=0)
    assert found.top == -1
    assert not found.inside[0].any()
    assert found.inside[1:].any()
    assert (found.values[~found.inside] == 0).all()


def test_a_layer_within_a_network_is_found():
    assert slide(backbone(), marked(3, 3)).layer == "inner/c1"


def test_what_cannot_be_shown_is_said():
    with pytest.raises(LensmithError, match=r"has 2 filters, numbered from 0; there is no number 7"):
        slide(mark_finder(), marked(3, 3), channel=7)
    flat = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    with pytest.raises(LensmithError, match="no convolution whose windows are square"):
        slide(flat, marked(0, 0)[:8, :8])
