"""What every network must do, whatever it is made of: the body of the contract tests."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from lensmith.config import Recipe
from lensmith.models import adapt, adapting, build_model, plain, to_python
from lensmith.training.objective import make_loss, make_metrics, make_optimizer

Shape = tuple[int, int, int]

FREE_SHAPES: list[Shape] = [(8, 8, 1), (28, 28, 1), (32, 32, 3)]
CLASSES = [2, 10]
BATCH = 8
STEPS = 6


def shapes_of(recipe: Recipe) -> list[Shape]:
    """List the shapes a recipe must build for: a few where its size is free, else its own in the colours it allows."""
    size, color = recipe.data.image_size, recipe.data.color
    if size == "auto":
        return FREE_SHAPES
    height, width = (size, size) if isinstance(size, int) else size
    return [(height, width, channels) for channels in {"grayscale": [1], "rgb": [3]}.get(color, [1, 3])]


def pixels(shape: Shape, n: int = BATCH, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape)).astype(np.float32)


def answers_of(model: Any, images: np.ndarray) -> np.ndarray:
    answers: np.ndarray = keras.ops.convert_to_numpy(model(images))
    return answers


def check_answers(recipe: Recipe, shape: Shape, classes: int) -> None:
    """The network builds, takes raw pixels of any batch size, and answers with probabilities."""
    model = build_model(recipe.model, shape, classes, recipe.name)
    assert model.input_shape == (None, *shape)
    assert model.count_params() > 0
    for images in (
        pixels(shape, 1),
        np.concatenate([pixels(shape, 2), np.zeros((1, *shape)), np.full((1, *shape), 255)]),
    ):
        answers = answers_of(model, images)
        assert answers.shape == (len(images), classes)
        assert answers.min() >= 0
        np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)


def check_saving(recipe: Recipe, shape: Shape, classes: int, folder: Path) -> None:
    """A saved network is plain Keras: it loads with `safe_mode` and answers the same."""
    model = plain(build_model(recipe.model, shape, classes, recipe.name))
    model.save(folder / "model.keras")
    again = keras.saving.load_model(folder / "model.keras", safe_mode=True)
    assert type(again) is keras.Sequential
    answers = answers_of(again, pixels(shape))
    np.testing.assert_array_equal(answers, answers_of(model, pixels(shape)))
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)


def check_training(recipe: Recipe, shape: Shape, classes: int) -> None:
    """A few steps on one batch, with the recipe's own optimizer and loss, change every weight and lower the loss.

    But for those that are set from the data, or otherwise not trained.
    """
    keras.utils.set_random_seed(recipe.seed)
    model = build_model(recipe.model, shape, classes, recipe.name)
    adapt(model, pixels(shape, 100).astype(np.uint8))
    trainable = [layer for layer in model.layers if layer.trainable and not isinstance(layer, adapting())]
    trained = [its for layer in trainable for its in layer.weights]
    loss = make_loss(recipe.training)
    model.compile(make_optimizer(recipe.training, 1000), loss, metrics=make_metrics(recipe.training))
    labels = np.arange(BATCH) % classes
    targets = labels if type(loss).__name__.startswith("Sparse") else np.eye(classes, dtype=np.float32)[labels]
    before = [its.numpy() for its in trained]
    losses = []
    for _ in range(STEPS):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(pixels(shape), targets)[0]))
    assert np.isfinite(losses).all()
    assert min(losses) < losses[0]
    assert all((was != its).any() for was, its in zip(before, (its.numpy() for its in trained), strict=True))


def check_python(recipe: Recipe, shape: Shape, classes: int) -> None:
    """The printed code runs and, given the weights, answers as the network it was printed from."""
    model = build_model(recipe.model, shape, classes, recipe.name)
    names: dict[str, Any] = {}
    exec(compile(to_python(model, recipe), f"{recipe.name}.py", "exec"), names)
    again = names["model"]
    assert again.count_params() == model.count_params()
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(answers_of(again, pixels(shape)), answers_of(model, pixels(shape)), atol=1e-6)
    assert type(again.optimizer) is type(make_optimizer(recipe.training, 1000))
    assert again.loss.get_config() == make_loss(recipe.training).get_config()
