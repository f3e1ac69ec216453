import keras
import numpy as np
import pytest
from tests.architecture.networks import chain, every_window, layers, with_shortcuts

from lensmith.architecture.calls import calls_of
from lensmith.architecture.views import View, views_of

SIDE = 25


def seen(model: keras.Model) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Height and width of the pixels on which the unit in the middle of the output depends: each is tried.

    Then where these begin, and which unit that is.
    """
    for weight in model.weights:
        weight.assign(np.abs(weight.numpy()) + 0.1)
    height, width, channels = model.input_shape[1:]
    base = np.full((height, width, channels), 0.5, np.float32)
    tried = np.repeat(base[np.newaxis], height * width, axis=0).reshape(height, width, height, width, channels)
    for row in range(height):
        for column in range(width):
            tried[row, column, row, column] += 1
    answers = model.predict(tried.reshape(-1, height, width, channels), verbose=0)
    before = model.predict(base[np.newaxis], verbose=0)[0]
    middle = tuple(size // 2 for size in before.shape[:2])
    difference = np.abs(answers[:, middle[0], middle[1]] - before[middle[0], middle[1]])
    changed = (difference > 1e-4).any(axis=-1).reshape(height, width)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    field = int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)
    return field, (int(rows[0]), int(columns[0])), middle


STACKS = {
    "convolutions": [layers.Conv2D(2, 3), layers.Conv2D(2, (1, 5))],
    "stride": [layers.Conv2D(2, 3, strides=2, padding="same"), layers.Conv2D(2, 3, padding="same")],
    "pooling": [layers.Conv2D(2, 3), layers.AveragePooling2D(2), layers.Conv2D(2, 3)],
    "dilation": [layers.Conv2D(2, 3, dilation_rate=3), layers.ReLU(), layers.DepthwiseConv2D(2)],
    "separable": [layers.SeparableConv2D(2, 3), layers.BatchNormalization(), layers.AveragePooling2D(3, strides=1)],
    "padded": [layers.ZeroPadding2D(((3, 0), (0, 1))), layers.Conv2D(2, 3, strides=2), layers.Cropping2D(1)],
    "enlarged": [layers.Conv2D(2, 7), layers.UpSampling2D(2)],
    "transposed after": [layers.Conv2D(2, 5), layers.Conv2DTranspose(2, 2, strides=2)],
    "transposed": [layers.AveragePooling2D(2), layers.Conv2DTranspose(2, 2, strides=2), layers.Conv2D(1, 1)],
}


@pytest.mark.parametrize("name", STACKS)
def test_the_receptive_field_is_what_a_unit_answers_to(name: str):
    model = chain(*STACKS[name], picture=(SIDE, SIDE, 1))
    view = views_of(calls_of(model))[-1]
    assert view
    field, begins, middle = seen(model)
    assert view.field == field
    assert view.begins(*middle) == begins


def test_of_a_shortcut_the_larger_field_counts():
    calls = calls_of(with_shortcuts())
    fields = {call.name: view and view.field for call, view in zip(calls.every, views_of(calls), strict=True)}
    assert fields["first"] == (3, 3)
    assert fields["sum"] == fields["both"] == (5, 5)
    assert fields["last"] == (16, 16)


def test_neighbours_are_as_far_apart_as_the_strides_make_them():
    views = views_of(calls_of(every_window()))
    assert views[0] == View((3, 5), (2, 2), (23, 18), (-1, -1))
    assert views[8].stride == (1, 1)  # the transposed convolution has halved it
    assert views[9].stride == (2, 1)


def test_the_share_of_the_picture_is_never_more_than_all_of_it():
    assert View((8, 64), (1, 1)).share((16, 32, 3)) == 0.5


def test_what_cannot_be_told_stays_untold():
    model = chain(layers.Permute((2, 1, 3)), layers.Conv2D(2, 3), picture=(9, 9, 1))
    assert views_of(calls_of(model)) == [None, None]
