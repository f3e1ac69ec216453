from typing import Any

import keras
import numpy as np
import pytest

from lensmith.config import ModelConfig, Recipe, load_recipe
from lensmith.models import build_model, to_python

HEAD = [{"class_name": "Flatten"}, {"class_name": "Dense", "units": "num_classes", "activation": "softmax"}]


def layer(class_name: str, **arguments: Any) -> dict[str, Any]:
    return {"class_name": class_name, **arguments}


def written(*layers: dict[str, Any], **changes: Any) -> tuple[Any, str]:
    """Build a network and write its code."""
    recipe = load_recipe("mnist-2conv", {"model.layers": [*layers, *HEAD], **changes})
    model = build_model(recipe.model, (8, 8, 3), 2)
    return model, to_python(model, recipe)


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(code, "printed.py", "exec"), names)
    return names


def without_names(config: Any) -> Any:
    """Leave out the names that Keras counts up."""
    if isinstance(config, dict):
        return {key: without_names(value) for key, value in config.items() if key != "name"}
    return config


def test_the_mnist_convnet_is_written_as_a_person_would() -> None:
    recipe = load_recipe("mnist-3conv")
    assert to_python(build_model(recipe.model, (28, 28, 1), 10), recipe).splitlines() == [
        '"""Three convolutions and a dense layer for handwritten digits: the small network to start with."""',
        "",
        "import keras",
        "from keras import layers",
        "",
        "# Pixels go in raw, 0 to 255.",
        "model = keras.Sequential([",
        "    keras.Input((28, 28, 1)),",
        "    layers.Rescaling(1 / 255),",
        '    layers.Conv2D(32, 3, activation="relu"),',
        "    layers.MaxPooling2D(),",
        '    layers.Conv2D(64, 3, activation="relu"),',
        "    layers.MaxPooling2D(),",
        '    layers.Conv2D(64, 3, activation="relu"),',
        "    layers.Flatten(),",
        '    layers.Dense(64, activation="relu"),',
        '    layers.Dense(10, activation="softmax"),',
        "])",
        "model.compile(",
        "    optimizer=keras.optimizers.RMSprop(),",
        "    loss=keras.losses.CategoricalCrossentropy(),",
        '    metrics=["accuracy"],',
        ")",
        "model.summary()",
        "# Labels are one-hot rows.",
        "# model.fit(x_train, y_train, batch_size=64, epochs=5, validation_split=0.1)",
    ]


LAYERS = [
    (layer("Conv2D", filters=4, kernel_size=[3, 1], strides=2), "layers.Conv2D(4, (3, 1), strides=2)"),
    (layer("Conv2D", filters=4, kernel_size=3, name="eyes"), 'layers.Conv2D(4, 3, name="eyes")'),
    (layer("Conv2D", filters=4, kernel_size=3, trainable=False), "layers.Conv2D(4, 3, trainable=False)"),
    (layer("Conv2D", filters=4, kernel_size=3, dtype="float64"), 'layers.Conv2D(4, 3, dtype="float64")'),
    (layer("Conv2D", filters=4, kernel_size=1, groups=1, padding="valid"), "layers.Conv2D(4, 1)"),
    (layer("MaxPooling2D", pool_size=3, strides=1), "layers.MaxPooling2D(pool_size=3, strides=1)"),
    (layer("MaxPooling2D", pool_size=3, strides=3), "layers.MaxPooling2D(pool_size=3)"),
    (layer("AveragePooling2D", pool_size=2), "layers.AveragePooling2D(2)"),
    (layer("Reshape", target_shape=[8, 8, 3]), "layers.Reshape((8, 8, 3))"),
    (layer("ZeroPadding2D", padding=[[1, 1], [1, 1]]), "layers.ZeroPadding2D()"),
    (layer("ZeroPadding2D", padding=[[1, 2], [0, 3]]), "layers.ZeroPadding2D(padding=((1, 2), (0, 3)))"),
    (layer("Dropout", rate=0.5, seed=3), "layers.Dropout(0.5, seed=3)"),
    (layer("Rescaling", scale=2.0, offset=-1.0), "layers.Rescaling(2.0, offset=-1.0)"),
    (layer("LeakyReLU", negative_slope=0.1), "layers.LeakyReLU(negative_slope=0.1)"),
    (layer("BatchNormalization", momentum=0.9), "layers.BatchNormalization(momentum=0.9)"),
    (
        layer("Conv2D", filters=4, kernel_size=3, kernel_initializer="he_normal"),
        'layers.Conv2D(4, 3, kernel_initializer="HeNormal")',
    ),
    (
        layer("Conv2D", filters=4, kernel_size=3, kernel_initializer=layer("HeNormal", seed=3)),
        "layers.Conv2D(4, 3, kernel_initializer=keras.initializers.HeNormal(seed=3))",
    ),
    (
        layer("Conv2D", filters=4, kernel_size=3, kernel_regularizer=layer("L2", l2=0.5)),
        "layers.Conv2D(4, 3, kernel_regularizer=keras.regularizers.L2(l2=0.5))",
    ),
    (
        layer("Conv2D", filters=4, kernel_size=3, activation=layer("LeakyReLU", negative_slope=0.5)),
        "layers.Conv2D(4, 3, activation=layers.LeakyReLU(negative_slope=0.5))",
    ),
    (layer("TimeDistributed", layer=layer("Dense", units=3)), "layers.TimeDistributed(layers.Dense(3))"),
]


@pytest.mark.parametrize(("described", "code"), LAYERS, ids=[code for _, code in LAYERS])
def test_a_layer_is_written_with_what_differs_from_keras_defaults(described: dict[str, Any], code: str) -> None:
    model, program = written(described)
    assert f"    {code},\n" in program
    made = run(program)["model"].layers[1].get_config()
    assert without_names(made) == without_names(model.layers[1].get_config())


def test_the_program_gives_the_same_outputs_with_the_same_weights() -> None:
    model, program = written(layer("Conv2D", filters=4, kernel_size=3, padding="same"), layer("BatchNormalization"))
    again = run(program)["model"]
    again.set_weights(model.get_weights())
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype(np.float32)
    np.testing.assert_allclose(again(pixels), model(pixels), atol=1e-6)


def test_training_settings_are_written_with_their_arguments() -> None:
    optimizer = layer("sgd", momentum=0.5, learning_rate=layer("cosine_decay", initial_learning_rate=0.25))
    _, program = written(
        **{
            "training.optimizer": optimizer,
            "training.loss": layer("CategoricalCrossentropy", label_smoothing=0.125),
            "training.metrics": [layer("TopKCategoricalAccuracy", k=2, name="top2"), "AUC"],
            "training.epochs": 3,
            "training.batch_size": 16,
        }
    )
    names = run(program)
    model = names["model"]
    assert isinstance(model.optimizer, keras.optimizers.SGD)
    assert model.optimizer.momentum == 0.5
    schedule = model.optimizer.get_config()["learning_rate"]
    assert schedule["class_name"] == "CosineDecay"
    assert schedule["config"]["decay_steps"] == names["total_steps"]
    assert model.loss.get_config()["label_smoothing"] == 0.125
    assert 'keras.metrics.TopKCategoricalAccuracy(k=2, name="top2"), keras.metrics.AUC()' in program
    assert "batch_size=16, epochs=3" in program


def test_decay_steps_stay_as_given_and_leave_out_the_warm_up() -> None:
    cosine = layer("CosineDecay", initial_learning_rate=0.25)
    _, fixed = written(**{"training.optimizer": layer("SGD", learning_rate={**cosine, "decay_steps": 7})})
    assert "decay_steps=7" in fixed
    assert "total_steps" not in fixed
    _, warmed = written(**{"training.optimizer": layer("SGD", learning_rate={**cosine, "warmup_steps": 7})})
    assert "decay_steps=total_steps - 7" in warmed


@pytest.mark.parametrize(
    ("loss", "labels"),
    [("CategoricalCrossentropy", "one-hot rows"), ("SparseCategoricalCrossentropy", "integers")],
)
def test_the_program_says_which_labels_the_loss_wants(loss: str, labels: str) -> None:
    assert f"# Labels are {labels}." in written(**{"training.loss": loss})[1]


@pytest.mark.parametrize("description", ['a """ b', "ends in \\", 'ends in "', "two\nlines", "\r\u2028\x00", "café"])
def test_no_description_breaks_the_program(description: str) -> None:
    recipe = Recipe(model=ModelConfig(layers=HEAD), description=description)
    program = to_python(build_model(recipe.model, (8, 8, 3), 2), recipe)
    assert run(program)["__doc__"] == description


def test_a_recipe_without_a_description_is_called_by_its_name() -> None:
    recipe = Recipe(model=ModelConfig(layers=HEAD), name="mine")
    assert to_python(build_model(recipe.model, (8, 8, 3), 2), recipe).startswith('"""mine"""\n')
