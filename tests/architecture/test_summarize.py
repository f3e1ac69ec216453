import pytest
from tests.architecture.networks import chain, every_window, layers

from lensmith.architecture import summarize
from lensmith.config import load_recipe
from lensmith.errors import LensmithError
from lensmith.models import build_model


@pytest.fixture(scope="module")
def mnist():
    return build_model(load_recipe("mnist-3conv").model, (28, 28, 1), 10, "mnist-3conv")


def test_the_tutorials_table_comes_out_with_its_numbers(mnist):
    shapes = [its.output_shape for its in summarize(mnist).layers if its.type != "Rescaling"]
    assert shapes == [
        (26, 26, 32), (13, 13, 32), (11, 11, 64), (5, 5, 64), (3, 3, 64), (576,), (64,), (10,)
    ]  # fmt: skip
    assert summarize(mnist).parameters == 93_322
    assert summarize(mnist, convolutional=True).parameters == 55_744


def test_sizes_parameters_and_what_a_unit_sees_are_worked_out(mnist):
    layer = {its.name: its for its in summarize(mnist).layers}
    convolution = next(its for its in layer.values() if its.output_shape == (11, 11, 64))
    assert convolution.size_arithmetic == "floor((13 + 0 + 0 − 2 − 1)/1) + 1 = 11"
    assert convolution.parameter_arithmetic == "3·3·32·64 + 64"
    assert convolution.parameters == 18_496
    assert convolution.multiply_adds == 11 * 11 * 3 * 3 * 32 * 64
    assert convolution.receptive_field == (8, 8)
    assert convolution.stride == (2, 2)
    assert convolution.picture_share == pytest.approx((8 / 28) ** 2)
    assert convolution.activation_bytes == 4 * 11 * 11 * 64
    assert "64 filters look for patterns of 3×3 in 32 channels, then relu" in convolution.purpose


def test_every_layer_that_changes_the_shape_says_how():
    for its in summarize(every_window()).layers:
        if its.type not in ("BatchNormalization", "ReLU"):
            assert its.size_arithmetic
            numbers = its.size_arithmetic.replace(";", " ").split()
            assert any(str(size) in numbers for size in its.output_shape), its


def test_memory_is_by_the_size_of_the_numbers(mnist):
    found = summarize(mnist, batch_size=10, kept_by_optimizer=1)
    weights = {its.type: its.weights for its in found.memory}
    assert weights["float32"] == 4 * 93_322 == 4 * weights["int8"]
    assert found.training.optimizer == found.training.gradients == 4 * 93_322
    outputs = sum(its.activation_bytes for its in found.layers if its.type not in ("Flatten", "Rescaling"))
    assert found.training.activations == 10 * outputs
    assert found.training.total == 3 * 4 * 93_322 + 10 * outputs


def test_a_picture_the_dense_part_was_not_made_for_shows_the_convolutional_part(mnist):
    with pytest.raises(LensmithError, match=r"Layer dense.*its weights are for 576 values.*--convolutional"):
        summarize(mnist, (900, 900, 1))
    found = summarize(mnist, (900, 900, 1), convolutional=True)
    assert found.layers[-1].output_shape == (221, 221, 64)


def test_a_network_without_pictures_has_no_convolutional_part():
    model = chain(layers.Flatten(), layers.Dense(3), picture=(4, 4, 1))
    with pytest.raises(LensmithError, match="has no convolutional part"):
        summarize(model, convolutional=True)
