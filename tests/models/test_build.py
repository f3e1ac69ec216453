from typing import Any

import keras
import numpy as np
import pytest

from lensmith.backend import make_deterministic
from lensmith.config import ModelConfig, load_recipe
from lensmith.errors import RecipeError
from lensmith.models import build_model

HEAD = [{"class_name": "Flatten"}, {"class_name": "Dense", "units": "num_classes", "activation": "softmax"}]


def layer(class_name: str, **arguments: Any) -> dict[str, Any]:
    return {"class_name": class_name, **arguments}


def build(*layers: dict[str, Any], shape: tuple[int, int, int] = (8, 8, 3), classes: int = 2) -> Any:
    return build_model(ModelConfig(layers=[*layers, *HEAD]), shape, classes)


def build_small(classes: int = 2, shape: tuple[int, int, int] = (8, 8, 3), **arguments: Any) -> Any:
    return build_model(ModelConfig(builder="small-cnn", arguments=arguments), shape, classes)


def refusal(*layers: dict[str, Any], **others: Any) -> str:
    with pytest.raises(RecipeError) as caught:
        build(*layers, **others)
    return str(caught.value)


@pytest.mark.parametrize(
    ("recipe", "shape", "parameters"),
    [
        ("cifar-3conv", (32, 32, 3), 528_054),
        ("mnist-3conv", (28, 28, 1), 93_322),
        ("cifar-mlp", (32, 32, 3), 1_707_274),
        ("mnist-2conv", (28, 28, 1), 34_826),
        ("cifar-bn-dropout", (32, 32, 3), 309_290),
    ],
)
def test_a_tutorials_network_has_its_published_number_of_parameters(
    recipe: str, shape: tuple[int, int, int], parameters: int
) -> None:
    assert build_model(load_recipe(recipe).model, shape, 10).count_params() == parameters


def test_the_mnist_convnet_has_the_tutorials_table() -> None:
    model = build_model(load_recipe("mnist-3conv").model, (28, 28, 1), 10)
    layers = model.layers[1:]  # the first rescales the pixels
    assert [layer.output.shape[1:] for layer in layers] == [
        (26, 26, 32),
        (13, 13, 32),
        (11, 11, 64),
        (5, 5, 64),
        (3, 3, 64),
        (576,),
        (64,),
        (10,),
    ]
    assert sum(layer.count_params() for layer in layers[:5]) == 55_744


def test_two_strided_convolutions_halve_the_image_twice() -> None:
    model = build_model(load_recipe("cifar-2conv").model, (32, 32, 3), 10)
    assert [layer.output.shape[1:] for layer in model.layers[1:3]] == [(16, 16, 32), (8, 8, 64)]


def test_the_improved_network_adds_normalisation_and_dropout_to_the_same_convolutions() -> None:
    plain, improved = load_recipe("cifar-2conv"), load_recipe("cifar-2conv-bn-dropout")
    added = ("BatchNormalization", "Dropout")
    assert [its for its in improved.model.layers if its.class_name not in added] == plain.model.layers
    assert {its.class_name for its in improved.model.layers} >= set(added)


def test_pixels_go_in_raw_and_are_rescaled_inside() -> None:
    model = build(classes=2)
    assert isinstance(model.layers[0], keras.layers.Rescaling)
    twin = build_model(ModelConfig(layers=HEAD, rescale=False), (8, 8, 3), 2)
    twin.set_weights(model.get_weights())
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype(np.float32)
    np.testing.assert_allclose(model(pixels), twin(pixels / 255), atol=1e-6)
    assert np.abs(np.asarray(model(pixels)) - np.asarray(twin(pixels))).max() > 1e-3


@pytest.mark.parametrize("arguments", [{"scale": 2.0}, {"scale": 2.0, "offset": -1.0}])
def test_a_network_may_rescale_further(arguments: dict[str, float]) -> None:
    assert len({its.name for its in build(layer("Rescaling", **arguments)).layers}) == 4


def test_a_layer_may_be_called_anything() -> None:
    names = [its.name for its in build(layer("ReLU", name="rescaling"), layer("ReLU", name="eyes")).layers]
    assert "eyes" in names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("classes", [2, 7])
def test_the_number_of_classes_is_filled_in_wherever_it_stands(classes: int) -> None:
    model = build(
        layer("TimeDistributed", layer=layer("Dense", units="num_classes")),
        layer("GlobalAveragePooling2D"),
        layer("Reshape", target_shape=[1, "num_classes"]),
        classes=classes,
    )
    assert [its.output.shape[-1] for its in model.layers[1:4]] == [classes] * 3


def test_the_name_of_a_model_may_come_from_any_files_name() -> None:
    model = build_model(ModelConfig(layers=HEAD), (8, 8, 3), 2, name="my recipe (1)/a-b")
    assert model.name == "my recipe (1)_a_b"


def test_weights_come_from_keras_seed() -> None:
    def first_weights(seed: int) -> np.ndarray:
        make_deterministic(seed)
        return np.asarray(build_small(filters=[4]).get_weights()[0])

    np.testing.assert_array_equal(first_weights(1), first_weights(1))
    assert np.abs(first_weights(1) - first_weights(2)).max() > 0


POOL = layer("MaxPooling2D")


@pytest.mark.parametrize(
    ("layers", "shape", "which", "sizes"),
    [
        ([POOL] * 4, (8, 8, 3), "Layer 4, MaxPooling2D (model.layers.3)", "a window of 2x2 but gets only 1x1 pixels"),
        ([POOL] * 4, (8, 32, 3), "Layer 4, MaxPooling2D", "a window of 2x2 but gets only 1x4 pixels"),
        (
            [layer("Conv2D", filters=2, kernel_size=3), POOL, POOL, layer("Conv2D", filters=2, kernel_size=3)],
            (12, 12, 1),
            "Layer 4, Conv2D (model.layers.3)",
            "a window of 3x3 but gets only 2x2 pixels",
        ),
        ([layer("AveragePooling2D", pool_size=9)], (8, 8, 3), "Layer 1, AveragePooling2D", "9x9 but gets only 8x8"),
        ([layer("SeparableConv2D", filters=2, kernel_size=[1, 9])], (8, 8, 3), "Layer 1, SeparableConv2D", "1x9 but"),
        (
            [layer("Conv2D", filters=2, kernel_size=3, dilation_rate=4)],
            (8, 8, 3),
            "Layer 1, Conv2D",
            "a window of 9x9 but gets only 8x8 pixels",
        ),
    ],
)
def test_shrinking_to_nothing_names_layer_sizes_and_remedy(
    layers: list[dict[str, Any]], shape: tuple[int, int, int], which: str, sizes: str
) -> None:
    message = refusal(*layers, shape=shape)
    assert message.startswith(which)
    assert sizes in message
    for remedy in ('padding = "same"', "take out a pooling layer", "--set data.image_size="):
        assert remedy in message


def test_only_layers_before_are_blamed_for_shrinking() -> None:
    assert "have shrunk the image (8x8) to less than that" in refusal(*[POOL] * 4)
    assert "shrunk" not in refusal(layer("AveragePooling2D", pool_size=9))


def test_the_remedies_work() -> None:
    convolution = layer("Conv2D", filters=2, kernel_size=3)
    stack = [convolution, POOL, POOL, convolution]
    refusal(*stack, shape=(12, 12, 1))
    build({**convolution, "padding": "same"}, POOL, POOL, convolution, shape=(12, 12, 1))
    build(convolution, POOL, convolution, shape=(12, 12, 1))
    build(*stack, shape=(14, 14, 1))


def test_windows_larger_than_the_image_are_fine_with_padding() -> None:
    build(layer("MaxPooling2D", pool_size=9, padding="same"), layer("MaxPooling2D", pool_size=2, padding="same"))


def test_a_builder_that_shrinks_the_image_to_nothing_is_named() -> None:
    with pytest.raises(
        RecipeError, match=r"^Layer 28, MaxPooling2D \(small-cnn\), has a window of 2x2 but gets only 1x1"
    ):
        build_small(filters=[4] * 6)


@pytest.mark.parametrize(
    ("described", "reason"),
    [
        (layer("LSTM", units=3), "expected ndim=3, found ndim=4"),
        (layer("Conv1D", filters=2, kernel_size=3), "Kernel shape must have the same length as input"),
        (layer("Conv3D", filters=2, kernel_size=3), "expected min_ndim=5, found ndim=4"),
        (layer("Conv2D", filters=2, kernel_size=3, groups=2), "input has 3 channels"),
        (layer("Cropping2D", cropping=4), "smaller than the corresponding spatial dimension"),
        (layer("Reshape", target_shape=[5, 5]), "total size of the tensor must be unchanged"),
        (layer("Concatenate"), "called on a list"),
        (layer("MultiHeadAttention", num_heads=1, key_dim=2), "value"),
        (layer("Layer"), "does not have a `call` method"),
    ],
)
def test_a_layer_that_cannot_take_the_shape_is_named_with_the_shape(described: dict[str, Any], reason: str) -> None:
    message = refusal(layer("ReLU"), described)
    where = f"Layer 2, {described['class_name']} (model.layers.1), cannot work on the shape (8, 8, 3): "
    assert message.startswith(where)
    assert reason in message
    assert "\n" not in message
    assert "\x1b" not in message


def test_a_layer_for_images_after_flatten_is_named_with_the_shape_it_gets() -> None:
    message = refusal(layer("Flatten"), layer("Conv2D", filters=2, kernel_size=3))
    assert message.startswith("Layer 2, Conv2D (model.layers.1), cannot work on the shape (192,): ")


def test_two_layers_of_one_name_are_refused() -> None:
    message = refusal(layer("ReLU", name="a"), layer("ReLU", name="a"))
    assert message.startswith("The network cannot be built: ")
    assert "'a'" in message


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ([layer("Flatten")], "(None, 192)"),
        ([layer("Flatten"), layer("Dense", units=3)], "(None, 3)"),
        ([layer("Dense", units="num_classes")], "(None, 8, 8, 2)"),
    ],
)
def test_an_output_that_is_not_one_number_a_class_is_refused(layers: list[dict[str, Any]], shape: str) -> None:
    with pytest.raises(RecipeError) as caught:
        build_model(ModelConfig(layers=layers), (8, 8, 3), 2)
    assert str(caught.value).startswith(f"The network ends in the shape {shape} but there are 2 classes.")
    assert 'Dense with units = "num_classes"' in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filter": [4]}, "it takes no argument 'filter'. Did you mean 'filters'?"),
        ({"num_classes": 3}, "it takes no argument 'num_classes'. Known: dropout, filters."),
        ({"filters": 8}, "filters = 8"),
        ({"filters": ["many"]}, "filters = ['many']"),
        ({"filters": [0]}, "filters=0"),
        ({"dropout": 2.0}, "rate=2.0"),
    ],
)
def test_a_builders_wrong_argument_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        build_small(**arguments)
    assert str(caught.value).startswith("model.arguments, small-cnn: ")
    assert message in str(caught.value)


def test_an_unknown_builder_is_answered_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match=r"No model named 'smal-cnn'\. Did you mean 'small-cnn'\?"):
        build_model(ModelConfig(builder="smal-cnn"), (8, 8, 3), 2)


def test_a_wrong_layer_is_named_by_its_key() -> None:
    assert refusal(layer("ReLU"), layer("Conv2d", filters=2, kernal_size=3)).startswith(
        "model.layers.1, Conv2D: it takes no argument 'kernal_size'. Did you mean 'kernel_size'?"
    )
    assert refusal(layer("ReLU"), layer("Convv2D")).startswith(
        "model.layers.1: keras.layers has no 'Convv2D'. Did you mean 'Conv2D'?"
    )
