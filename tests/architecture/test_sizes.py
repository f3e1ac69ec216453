import pytest
from tests.architecture.networks import chain, layers

from lensmith.architecture.calls import calls_of
from lensmith.architecture.sizes import arithmetic


@pytest.mark.parametrize(
    ("layer", "written"),
    [
        (
            layers.Conv2D(2, 3),
            "height floor((10 + 0 + 0 − 2 − 1)/1) + 1 = 8; width floor((8 + 0 + 0 − 2 − 1)/1) + 1 = 6",
        ),
        (
            layers.MaxPooling2D(3, strides=2, padding="same"),
            "height floor((10 + 0 + 1 − 2 − 1)/2) + 1 = 5; width floor((8 + 0 + 1 − 2 − 1)/2) + 1 = 4",
        ),
        (
            layers.Conv2DTranspose(2, 2, strides=2),
            "height (10 − 1)·2 + 1 + 1 − 0 = 20; width (8 − 1)·2 + 1 + 1 − 0 = 16",
        ),
        (layers.UpSampling2D(2), "height 10·2 = 20; width 8·2 = 16"),
        (layers.ZeroPadding2D(((1, 2), (3, 0))), "height 10 + 1 + 2 = 13; width 8 + 3 + 0 = 11"),
        (layers.Cropping2D(1), "height 10 − 1 − 1 = 8; width 8 − 1 − 1 = 6"),
        (layers.Flatten(), "10·8·4 = 320"),
        (layers.GlobalAveragePooling2D(), "one number a channel: 4"),
        (layers.Reshape((5, 16, 4)), "10·8·4 → 5·16·4, as asked for"),
        (layers.ReLU(), ""),
    ],
)
def test_sizes_are_written_with_the_numbers_they_come_from(layer, written: str):
    (call,) = calls_of(chain(layer, picture=(10, 8, 4))).every
    assert arithmetic(call) == written
