import hashlib
from pathlib import Path

import numpy as np
import pytest

from lensmith.config import ModelConfig
from lensmith.errors import RecipeError
from lensmith.models import build_model
from lensmith.runs import Run


def build(builder: str, shape: tuple[int, int, int], classes: int = 4, weights: str | None = None, **arguments):
    config = ModelConfig(builder=builder, rescale=False, arguments=arguments, weights=weights)
    return build_model(config, shape, classes, "transfer")


@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV3Small", "ResNet50", "DenseNet121"])
def test_the_layers_before_a_network_do_what_its_own_preprocessing_does(name: str):
    import sys

    import keras

    images = np.random.default_rng(0).integers(0, 256, (2, 80, 80, 3)).astype(np.float32)
    model = build("keras-application", (80, 80, 3), name=name)
    place = next(n for n, layer in enumerate(model.layers) if isinstance(layer, keras.Model))
    ours = images
    for layer in model.layers[:place]:
        ours = layer(ours)
    module = sys.modules[getattr(keras.applications, name).__module__]
    np.testing.assert_allclose(np.asarray(ours), module.preprocess_input(images.copy()), atol=2e-4)


def test_an_unknown_network_is_answered_with_the_nearest_name():
    with pytest.raises(RecipeError, match=r"has no 'MobilNet'\. Did you mean 'MobileNet'"):
        build("keras-application", (32, 32, 3), name="MobilNet")


def test_weights_that_are_not_there_say_what_works_without_a_network(tmp_path: Path):
    with pytest.raises(RecipeError, match="whose weights come with lensmith"):
        build("keras-application", (32, 32, 3), name="MobileNet", weights=str(tmp_path / "none.weights.h5"))


def test_weights_can_come_from_a_file(tmp_path: Path):
    import keras

    published = keras.applications.MobileNet(include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg")
    published.save_weights(tmp_path / "mobile.weights.h5")
    model = build("keras-application", (32, 32, 3), name="MobileNet", weights=str(tmp_path / "mobile.weights.h5"))
    ours = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    assert all((a == b).all() for a, b in zip(ours.get_weights(), published.get_weights(), strict=True))


def test_a_runs_network_has_its_weights_and_a_new_last_layer(tiny_run: Run):
    model = tiny_run.model
    shape = tuple(model.input_shape[1:])
    taken = build("run", shape, 7, weights=str(tiny_run.keras_file))
    assert taken.output_shape == (None, 7)
    image = np.random.default_rng(0).integers(0, 256, (1, *shape)).astype(np.float32)
    dense = next(n for n, layer in reversed(list(enumerate(model.layers))) if layer.weights)
    theirs, ours = image, image
    for layer in model.layers[:dense]:
        theirs = layer(theirs)
    for layer in taken.layers[:-1]:
        ours = layer(ours)
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), atol=1e-6)


def test_a_run_that_is_another_by_now_is_refused(tiny_run: Run):
    right = hashlib.sha256(tiny_run.keras_file.read_bytes()).hexdigest()
    shape = tuple(tiny_run.model.input_shape[1:])
    build("run", shape, weights=str(tiny_run.keras_file), sha256=right)
    with pytest.raises(RecipeError, match="is not the file it was"):
        build("run", shape, weights=str(tiny_run.keras_file), sha256="0" * 64)


@pytest.mark.parametrize(
    ("shape", "weights", "message"),
    [((9, 9, 3), None, r"is for images of \(12, 12, 3\)"), ((12, 12, 3), "x", "no file")],
)
def test_a_run_that_does_not_fit_is_refused(shape, weights: str | None, message: str, tiny_run: Run):
    with pytest.raises(RecipeError, match=message):
        build("run", shape, weights=weights or str(tiny_run.keras_file))
