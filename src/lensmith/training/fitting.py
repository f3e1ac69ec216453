"""Fit a network to a data set: build, compile, train, and hand back the best epoch's model."""

import contextlib
import copy
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lensmith.backend import compiles_steps, is_out_of_memory
from lensmith.config import Recipe
from lensmith.data import Dataset
from lensmith.errors import ExportError, LensmithError, RecipeError
from lensmith.files import write_text
from lensmith.models import adapt, build_model, check_agreement, plain
from lensmith.records import Record
from lensmith.runs import Run
from lensmith.training.batches import TrainingImages, ordered_batches, total_steps
from lensmith.training.checkpoint import Checkpoint, Row, TrainingState
from lensmith.training.memory import check_memory, try_smaller
from lensmith.training.objective import (
    check_objective,
    check_optimizer,
    make_augmentation_layers,
    make_loss,
    make_metrics,
    make_optimizer,
    make_targets,
    wants_logits,
)
from lensmith.training.precision import FULL, set_precision
from lensmith.training.settling import settle
from lensmith.training.stages import Stages, smaller

if TYPE_CHECKING:
    from lensmith.training.loop import CompiledLoop

EVALUATION_BATCH = 256
IMAGES_ADAPTED_TO = 500
IMAGES_COMPARED = 100


@dataclass(frozen=True)
class TrainingResult(Record):
    """What fitting came to.

    Attributes:
        model: The best epoch's network as a plain `keras.Model` from raw pixels to probabilities.
        parameters: Number of weights, trainable and not.
        epochs: Epochs done, in all.
        new_epochs: Of these, how many this time; fewer than all in a resumed run.
        new_images: Images seen this time, each as often as it was.
        steps: Steps done, in all.
        best_epoch: Whose weights `model` has, from 1 on.
        history: One row an epoch.
        problems: What was damaged and had to be done without.
    """

    model: Any = field(repr=False)
    parameters: int
    epochs: int
    new_epochs: int
    new_images: int
    steps: int
    best_epoch: int
    history: list[Row]
    problems: list[str]


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
        LensmithError: There is too little memory for these batches.
    """
    num_classes = len(dataset.class_names)
    if recipe.training.early_stopping and dataset.validation is None:
        raise RecipeError("training.early_stopping needs validation images, and data.validation = 0 leaves none.")
    if recipe.training.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise LensmithError("TensorBoard is not installed. Install it with: pip install 'lensmith[tensorboard]'")
    network = build_model(recipe.model, dataset.image_shape, num_classes, recipe.name or "model")
    adapt(network, dataset.train.sample(IMAGES_ADAPTED_TO, recipe.seed).read())
    _check_can_be_saved(network)
    check_optimizer(recipe.training)
    policy = settle(recipe).training.dtype_policy
    if policy:
        set_precision(network, policy)
    check_objective(network, make_loss(recipe.training), dataset.train, num_classes, recipe.training)
    check_memory(network, min(recipe.training.batch_size, len(dataset.train)))
    trainee = _compile(network, dataset, recipe)
    for part in recipe.training.progressive_resizing or []:
        smaller(trainee, part.size)  # what cannot be is refused before there is a run
    return Preparation(network, trainee)


def _check_can_be_saved(network: Any) -> None:
    """Refuse, before there is a run, what could not be saved in the end."""
    try:
        plain(network)
    except ExportError as error:
        raise RecipeError(str(error)) from error


def fit(
    run: Run,
    dataset: Dataset,
    recipe: Recipe,
    prepared: Preparation,
    callbacks: Sequence[Any] = (),
    *,
    start: Checkpoint | None = None,
) -> TrainingResult:
    """Train a prepared network, keeping the state in the run folder.

    Args:
        run: Gets `history.csv` and `checkpoints/`.
        dataset: Its `train` split is trained on; its `validation` split chooses the best epoch.
        recipe: Training settings.
        prepared: What `prepare` made of the same data set and recipe.
        callbacks: Keras callbacks of the caller's; they run after our own.
        start: Go on from there.

    Raises:
        TrainingDiverged: The loss became NaN or infinite.
        Interrupted: Ctrl-C or SIGTERM.
        RunError: The checkpoint to go on from is of another network, or one cannot be written.
        LensmithError: There is too little memory for these batches.
    """
    from lensmith.training.averaging import WeightAverage
    from lensmith.training.keeping import KeepingCallback, history_csv
    from lensmith.training.restoring import restore, take_best

    network, images = prepared.network, training_images(dataset, recipe)
    state = copy.deepcopy(start.state) if start else TrainingState()
    epochs_before, steps_before = state.epoch, state.step
    averaging, steps = recipe.training.weight_averaging, images.steps_per_epoch
    average = WeightAverage(network, averaging.decay, averaging.every, steps) if averaging else None
    loop = _compiled_loop(prepared, images, recipe)
    losses = loop.losses if loop else None
    if start:
        restore(start, prepared.trainee, images, losses, average)
        # What was killed just then, or has gone back to an earlier checkpoint, has another one.
        write_text(run.history_file, history_csv(state.history))
    keeping = KeepingCallback(run, state, images, recipe.training, average, losses)
    if state.epoch < images.epochs and not keeping.out_of_patience:
        ours = [average, keeping] if average else [keeping]
        with keeping.listening(), _memory_enough(recipe):
            _train(prepared, images, [*ours, *callbacks, *_tensorboard(run, recipe)], state, dataset, recipe, loop)
    problems = take_best(run, state, prepared.trainee, average)
    return TrainingResult(
        model=_finished(network, dataset, recipe),
        parameters=network.count_params(),
        epochs=state.epoch,
        new_epochs=state.epoch - epochs_before,
        new_images=images.count(steps_before, state.step),
        steps=state.step,
        best_epoch=state.best_epoch,
        history=state.history,
        problems=problems,
    )


@contextlib.contextmanager
def _memory_enough(recipe: Recipe) -> Iterator[None]:
    """Say what to try where memory runs out."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        size = recipe.training.batch_size
        raise LensmithError(
            f"There is too little memory for batches of {size} images. {try_smaller(size // 2)} "
            "Earlier checkpoints are kept."
        ) from error


def _compile(network: Any, dataset: Dataset, recipe: Recipe) -> Any:
    """Put augmentation in front while training, so that the network itself is saved without it."""
    import keras

    layers = make_augmentation_layers(recipe.training.augmentation)
    trainee = keras.Sequential([keras.Input(dataset.image_shape), *layers, network]) if layers else network
    trainee.compile(
        optimizer=make_optimizer(recipe.training, total_steps(recipe.training, len(dataset.train))),
        loss=make_loss(recipe.training),
        metrics=make_metrics(recipe.training),
    )
    return trainee


def training_images(dataset: Dataset, recipe: Recipe) -> TrainingImages:
    """Return the training split as the steps of the recipe's training see it."""
    targets = make_targets(dataset.train, len(dataset.class_names), make_loss(recipe.training))
    return TrainingImages.of(dataset.train, targets, recipe.training, recipe.seed)


def _compiled_loop(prepared: Preparation, images: TrainingImages, recipe: Recipe) -> "CompiledLoop | None":
    """Make what takes many steps a call, where the backend can."""
    if not compiles_steps():
        return None
    from lensmith.training.loop import CompiledLoop

    averaging = recipe.training.weight_averaging
    stages = Stages(prepared.trainee, images.steps, recipe.training.progressive_resizing or [])
    return CompiledLoop(prepared.trainee, images, stages.at, averaging.every if averaging else 0)


def _train(
    prepared: Preparation,
    images: TrainingImages,
    callbacks: list[Any],
    state: TrainingState,
    dataset: Dataset,
    recipe: Recipe,
    loop: "CompiledLoop | None",
) -> None:
    """Train from where the state is: many steps a call where the backend can, else by Keras' `fit`."""
    validation, first_epoch = None, state.epoch
    if dataset.validation is not None:
        targets = make_targets(dataset.validation, len(dataset.class_names), make_loss(recipe.training))
        validation = ordered_batches(dataset.validation, targets, EVALUATION_BATCH)
    if loop:
        loop.fit(callbacks, first_epoch, validation, state.step - first_epoch * images.steps_per_epoch)
        return
    prepared.trainee.fit(
        x=images.batches(first_epoch),
        steps_per_epoch=images.steps_per_epoch,
        initial_epoch=first_epoch,
        epochs=images.epochs,
        validation_data=validation,
        callbacks=callbacks,
        shuffle=False,
        verbose=0,
    )


def _tensorboard(run: Run, recipe: Recipe) -> list[Any]:
    import keras

    return [keras.callbacks.TensorBoard(str(run.path / "tensorboard"))] if recipe.training.tensorboard else []


def _finished(network: Any, dataset: Dataset, recipe: Recipe) -> Any:
    """Make the network that is saved: plain Keras that ends in probabilities, compiled without an optimizer's state."""
    import keras

    if recipe.training.dtype_policy:
        set_precision(network, FULL)
    copy = plain(network)
    if copy is not network:
        check_agreement(network, copy, dataset.train.read(slice(0, IMAGES_COMPARED)).astype(np.float32))
    if wants_logits(recipe.training):
        copy = keras.Sequential(
            [
                keras.Input(copy.input_shape[1:]),
                *copy.layers,
                keras.layers.Softmax(name="probabilities"),
            ],
            name=copy.name,
        )
    copy.compile(
        optimizer="sgd",
        loss=make_loss(recipe.training, on_probabilities=True),
        metrics=make_metrics(recipe.training),
    )
    return copy
