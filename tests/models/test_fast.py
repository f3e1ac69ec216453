import pytest

from lensmith.config import ModelConfig
from lensmith.errors import RecipeError
from lensmith.models import build_model, group_widths


@pytest.mark.parametrize(
    ("side", "widths"),
    [(6, [64]), (8, [64]), (16, [64, 64]), (28, [32, 64, 64]), (32, [32, 64, 64]), (64, [16, 32, 64, 64])],
)
def test_as_many_groups_as_bring_the_image_down_to_a_few_pixels(side: int, widths: list[int]):
    assert group_widths((side, side, 3), 32, 64) == widths
    pooled = (side - 1) >> len(widths)
    assert 2 <= pooled <= 6


def test_most_of_its_filters_see_few_pixels():
    model = build_model(ModelConfig(builder="fast-cnn"), (32, 32, 3), 10)
    sides = [layer.output.shape[1] for layer in model.layers if type(layer).__name__ == "Conv2D"]
    assert sides == [31, 15, 15, 7, 7, 3]


@pytest.mark.parametrize("widths", [[], [0], [16, -1]])
def test_a_width_of_nothing_is_refused(widths: list[int]):
    with pytest.raises(RecipeError, match="widths must be numbers of filters, 1 or more"):
        build_model(ModelConfig(builder="fast-cnn", arguments={"widths": widths}), (32, 32, 3), 10)


@pytest.mark.parametrize(("whitening", "said"), [(0, "filters"), (-2, "filters"), (3, "filters must be even")])
def test_no_or_odd_filters_of_the_first_convolution_are_refused(whitening: int, said: str):
    with pytest.raises(RecipeError, match=said):
        build_model(ModelConfig(builder="fast-cnn", arguments={"whitening": whitening}), (32, 32, 3), 10)


def test_more_groups_than_the_image_has_pixels_for_are_refused_at_the_layer():
    with pytest.raises(RecipeError, match=r"MaxPooling2D \(fast-cnn\), has a window of 2x2 but gets only 1x1"):
        build_model(ModelConfig(builder="fast-cnn", arguments={"widths": [16, 16, 16]}), (8, 8, 1), 10)
