import pytest
from tests.architecture.networks import chain, every_window, layers

from lensmith.architecture.calls import calls_of
from lensmith.architecture.purposes import purpose


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (layers.Conv2D(6, 3, activation="relu"), "6 filters look for patterns of 3×3 in 4 channels, then relu."),
        (layers.Conv2D(6, 1), "Mixes the 4 channels of each place into 6."),
        (layers.Conv2D(6, 3, groups=2), "6 filters look for patterns of 3×3 in 2 of the 4 channels each."),
        (layers.DepthwiseConv2D(3), "Looks for patterns of 3×3 in each of the 4 channels by itself."),
        (layers.MaxPooling2D(2), "Keeps the largest of each window of 2×2: 8×8 places become 4×4."),
        (
            layers.Dropout(0.25),
            "Sets 25% of the values to zero while training, against learning by heart; else nothing.",
        ),
        (
            layers.Flatten(),
            "Lays the 256 values out in one row: what follows has weights for each of them.",
        ),
    ],
)
def test_a_layer_is_described_by_its_own_numbers(layer, sentence: str):
    (call,) = calls_of(chain(layer, picture=(8, 8, 4))).every
    assert purpose(call) == sentence


def test_every_layer_gets_a_sentence_one_nobody_has_thought_of_what_keras_says():
    for call in calls_of(every_window()).every:
        assert purpose(call).endswith(".")
    (call,) = calls_of(chain(layers.GaussianNoise(0.1), picture=(8, 8, 4))).every
    assert purpose(call) == "Apply additive zero-centered Gaussian noise."
