import keras
import numpy as np
import pytest

from lensmith.models.small import BUILDERS, small_cnn


def kinds(layers: list[keras.layers.Layer]) -> list[str]:
    return [type(layer).__name__ for layer in layers]


@pytest.mark.parametrize(
    ("shape", "filters"),
    [
        ((8, 8, 1), [32, 64]),
        ((12, 12, 3), [32, 64]),
        ((28, 28, 1), [32, 64, 128]),
        ((32, 32, 3), [32, 64, 128]),
        ((64, 64, 3), [32, 64, 128, 256]),
        ((96, 96, 3), [32, 64, 128, 256]),
        ((200, 8, 3), [32, 64]),
    ],
)
def test_depth_follows_the_shorter_side(shape: tuple[int, int, int], filters: list[int]) -> None:
    layers = small_cnn(shape, 10)
    convolutions = [layer.filters for layer in layers if isinstance(layer, keras.layers.Conv2D)]
    assert convolutions == [width for width in filters for _ in range(2)]
    assert kinds(layers).count("MaxPooling2D") == len(filters) - 1


def test_filters_and_dropout_can_be_chosen() -> None:
    layers = small_cnn((8, 8, 1), 3, filters=[4], dropout=0.5)
    stage = ["Conv2D", "BatchNormalization", "ReLU"] * 2
    assert kinds(layers) == [*stage, "GlobalAveragePooling2D", "Dropout", "Dense"]
    assert layers[0].filters == 4
    assert layers[-2].rate == 0.5
    assert layers[-1].units == 3


def test_normalised_convolutions_have_no_bias_that_does_nothing() -> None:
    model = keras.Sequential([keras.Input((8, 8, 1)), *small_cnn((8, 8, 1), 2)])
    assert not any(layer.use_bias for layer in model.layers if isinstance(layer, keras.layers.Conv2D))


def test_parameters_do_not_depend_on_the_size_of_the_image() -> None:
    counts = {
        keras.Sequential([keras.Input((side, side, 3)), *small_cnn((side, side, 3), 2)]).count_params()
        for side in (20, 32)
    }
    assert len(counts) == 1


def test_outputs_are_probabilities_for_extreme_pixels() -> None:
    model = keras.Sequential([keras.Input((8, 8, 1)), *small_cnn((8, 8, 1), 4)])
    images = np.stack([np.zeros((8, 8, 1)), np.ones((8, 8, 1)), np.full((8, 8, 1), 1e6)]).astype(np.float32)
    np.testing.assert_allclose(np.asarray(model(images)).sum(axis=1), 1, atol=1e-5)


def test_the_builder_is_registered_under_its_name() -> None:
    assert BUILDERS["small-cnn"] is small_cnn
