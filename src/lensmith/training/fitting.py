"""Fit a network to a data set: build, compile, train, and hand back the best epoch's model."""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lensmith.config import Recipe
from lensmith.data import Dataset
from lensmith.errors import LensmithError, RecipeError
from lensmith.models import build_model
from lensmith.records import Record
from lensmith.runs import Run
from lensmith.training.batches import ordered_batches, training_batches
from lensmith.training.checkpoint import Row, TrainingState, load_variables, read_state
from lensmith.training.objective import (
    check_objective,
    check_optimizer,
    make_augmentation,
    make_loss,
    make_metrics,
    make_optimizer,
    make_targets,
    wants_logits,
)

EVALUATION_BATCH = 256


@dataclass(frozen=True)
class TrainingResult(Record):
    """What fitting came to.

    Attributes:
        model: The best epoch's network as a plain `keras.Model` from raw pixels to probabilities.
        parameters: Number of weights, trainable and not.
        epochs: Epochs done, in all.
        new_epochs: Of these, how many this time; fewer than all in a resumed run.
        steps: Steps done, in all.
        best_epoch: Whose weights `model` has, from 1 on.
        history: One row an epoch.
    """

    model: Any = field(repr=False)
    parameters: int
    epochs: int
    new_epochs: int
    steps: int
    best_epoch: int
    history: list[Row]


@dataclass(frozen=True)
class Preparation:
    """A network ready to be fitted.

    Attributes:
        network: From raw pixels to the loss's outputs; what is saved in the end.
        trainee: The same weights with augmentation in front, compiled; what `fit` trains.
    """

    network: Any
    trainee: Any


def prepare(dataset: Dataset, recipe: Recipe) -> Preparation:
    """Build and compile the recipe's network for a data set, and try it on two images.

    Keras must have been seeded with the recipe's seed: the weights are drawn here.

    Raises:
        RecipeError: A network, loss, metric or optimizer that cannot be made, or that does not fit the data.
    """
    num_classes = len(dataset.class_names)
    if recipe.training.early_stopping and dataset.validation is None:
        raise RecipeError("training.early_stopping needs validation images, and data.validation = 0 leaves none.")
    if recipe.training.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise LensmithError("TensorBoard is not installed. Install it with: pip install 'lensmith[tensorboard]'")
    network = build_model(recipe.model, dataset.image_shape, num_classes, recipe.name or "model")
    check_optimizer(recipe.training)
    check_objective(network, make_loss(recipe.training), dataset.train, num_classes, recipe.training)
    return Preparation(network, _compile(network, dataset, recipe))


def fit(
    run: Run,
    dataset: Dataset,
    recipe: Recipe,
    prepared: Preparation,
    callbacks: Sequence[Any] = (),
    *,
    resume: bool = False,
) -> TrainingResult:
    """Train a prepared network, keeping the state in the run folder.

    Args:
        run: Gets `history.csv` and `checkpoints/`.
        dataset: Its `train` split is trained on; its `validation` split chooses the best epoch.
        recipe: Training settings.
        prepared: What `prepare` made of the same data set and recipe.
        callbacks: Keras callbacks of the caller's; they run after our own.
        resume: Go on from the run's newest checkpoint.

    Raises:
        TrainingDiverged: The loss became NaN or infinite.
        Interrupted: Ctrl-C.
        RunError: The checkpoint to go on from is missing, damaged or of another network.
    """
    from lensmith.training.keeping import KeepingCallback

    network, trainee = prepared.network, prepared.trainee
    state = read_state(run.checkpoints) if resume else TrainingState()
    if resume:
        load_variables(run.checkpoints, state.epoch, trainee)
    epochs_before = state.epoch
    patience = recipe.training.early_stopping.patience if recipe.training.early_stopping else None
    keeping = KeepingCallback(run, state, len(dataset.train), patience)
    if state.epoch < recipe.training.epochs and not keeping.out_of_patience:
        try:
            trainee.fit(
                **_data(dataset, recipe, state.epoch),
                callbacks=[keeping, *callbacks, *_tensorboard(run, recipe)],
            )
        finally:
            keeping.give_back_ctrl_c()
    if state.best_epoch:
        load_variables(run.checkpoints, state.best_epoch, trainee, optimizer=False)
    return TrainingResult(
        model=_finished(network, recipe),
        parameters=network.count_params(),
        epochs=state.epoch,
        new_epochs=state.epoch - epochs_before,
        steps=state.step,
        best_epoch=state.best_epoch,
        history=state.history,
    )


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Return the number of batches that hold all images; the last may be smaller."""
    return -(-images // batch_size)


def _compile(network: Any, dataset: Dataset, recipe: Recipe) -> Any:
    """Put augmentation in front while training, so that the network itself is saved without it."""
    import keras

    augmentation = make_augmentation(recipe.training.augmentation)
    trainee = keras.Sequential([keras.Input(dataset.image_shape), *augmentation, network]) if augmentation else network
    steps = recipe.training.epochs * steps_per_epoch(len(dataset.train), recipe.training.batch_size)
    trainee.compile(
        optimizer=make_optimizer(recipe.training, steps),
        loss=make_loss(recipe.training),
        metrics=make_metrics(recipe.training),
    )
    return trainee


def _data(dataset: Dataset, recipe: Recipe, first_epoch: int) -> dict[str, Any]:
    """Arguments of `fit` that say what it sees and for how long."""
    loss = make_loss(recipe.training)
    batch_size, num_classes = recipe.training.batch_size, len(dataset.class_names)
    targets = make_targets(dataset.train, num_classes, loss)
    arguments: dict[str, Any] = {
        "x": training_batches(dataset.train, targets, batch_size, seed=recipe.seed, first_epoch=first_epoch),
        "steps_per_epoch": steps_per_epoch(len(dataset.train), batch_size),
        "initial_epoch": first_epoch,
        "epochs": recipe.training.epochs,
        "shuffle": False,
        "verbose": 0,
    }
    if dataset.validation is not None:
        its_targets = make_targets(dataset.validation, num_classes, loss)
        arguments["validation_data"] = ordered_batches(dataset.validation, its_targets, EVALUATION_BATCH)
    return arguments


def _tensorboard(run: Run, recipe: Recipe) -> list[Any]:
    import keras

    return [keras.callbacks.TensorBoard(str(run.path / "tensorboard"))] if recipe.training.tensorboard else []


def _finished(network: Any, recipe: Recipe) -> Any:
    """Make the network that is saved: it ends in probabilities, and is compiled without an optimizer's state."""
    import keras

    if wants_logits(recipe.training):
        network = keras.Sequential(
            [
                keras.Input(network.input_shape[1:]),
                *network.layers,
                keras.layers.Softmax(name="probabilities"),
            ],
            name=network.name,
        )
    network.compile(
        optimizer="sgd",
        loss=make_loss(recipe.training, on_probabilities=True),
        metrics=make_metrics(recipe.training),
    )
    return network
