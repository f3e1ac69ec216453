"""Fit a prepared network to a data set, and hand back the best epoch's model."""

import contextlib
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lensmith.backend import compiles_steps, is_out_of_memory
from lensmith.config import Recipe
from lensmith.data import Dataset
from lensmith.errors import LensmithError
from lensmith.models import check_agreement, plain
from lensmith.records import Record
from lensmith.runs import Run
from lensmith.training.batches import TrainingImages, ordered_batches
from lensmith.training.checkpoint import Checkpoint, Row, TrainingState
from lensmith.training.memory import try_smaller
from lensmith.training.objective import make_loss, make_metrics, make_targets, wants_logits
from lensmith.training.precision import FULL, set_precision
from lensmith.training.preparing import Preparation, prepare
from lensmith.training.stages import Stages

if TYPE_CHECKING:
    from lensmith.training.loop import CompiledLoop

EVALUATION_BATCH = 256
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
        best_epoch: Whose weights `model` has, from 1 on; 0 where only the last layer was fitted.
        history: One row an epoch; one of epoch 0 first where the last layer was fitted alone.
        problems: What was damaged and had to be done without.
        waiting: Share of this time's seconds that steps waited for their images, 0 to 1; `None` where Keras' own `fit`
            trained, or nothing was left to train.
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
    waiting: float | None = None

    @property
    def best_row(self) -> Row | None:
        """The row of history of `best_epoch`; `None` where no epoch was finished."""
        return next((row for row in self.history if row["epoch"] == self.best_epoch), None)


def fit(
    run: Run,
    dataset: Dataset,
    recipe: Recipe,
    prepared: Preparation,
    callbacks: Sequence[Any] = (),
    *,
    start: Checkpoint | None = None,
    epoch_0: Row | None = None,
) -> TrainingResult:
    """Train a prepared network, keeping the state in the run folder.

    Args:
        run: Gets `history.csv` and `checkpoints/`.
        dataset: Its `train` split is trained on; its `validation` split chooses the best epoch.
        recipe: Training settings.
        prepared: What `prepare` made of the same data set and recipe.
        callbacks: Keras callbacks of the caller's; they run after our own.
        start: Go on from there.
        epoch_0: What the last layer, fitted alone by `fit_last_layer`, came to.

    Raises:
        TrainingDiverged: The loss became NaN or infinite.
        Interrupted: Ctrl-C or SIGTERM.
        RunError: The checkpoint to go on from is of another network, or one cannot be written.
        LensmithError: There is too little memory for these batches.
    """
    from lensmith.training.averaging import WeightAverage
    from lensmith.training.keeping import KeepingCallback
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
    keeping = KeepingCallback(run, state, images, recipe.training, average, losses)
    keeping.begin(prepared.trainee, epoch_0)
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
        new_images=images.count(steps_before, state.step) + (len(dataset.train) if epoch_0 else 0),
        steps=state.step,
        best_epoch=state.best_epoch,
        history=state.history,
        problems=problems,
        waiting=loop.waiting if loop and state.step > steps_before else None,
    )


def fit_alone(dataset: Dataset, recipe: Recipe) -> Any:
    """Train a network of which nothing is kept but its last weights, and no run.

    Args:
        dataset: Its `train` split is trained on.
        recipe: Without the tables `transfer` and `weight_averaging`.

    Returns:
        The network, from raw pixels to the loss's outputs.
    """
    prepared, images = prepare(dataset, recipe), training_images(dataset, recipe)
    _train(prepared, images, [], TrainingState(), dataset, recipe, _compiled_loop(prepared, images, recipe))
    return prepared.network


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
