"""Build, compile and try a network before there is a run: what cannot be trained is refused here."""

import importlib.util
from dataclasses import dataclass
from typing import Any

from lensmith.config import Recipe
from lensmith.data import Dataset
from lensmith.errors import ExportError, LensmithError, RecipeError
from lensmith.models import adapt, build_model, plain
from lensmith.training.balancing import make_training_loss, make_training_metrics
from lensmith.training.batches import total_steps
from lensmith.training.memory import check_memory
from lensmith.training.objective import (
    check_objective,
    check_optimizer,
    make_augmentation_layers,
    make_loss,
    make_optimizer,
)
from lensmith.training.precision import set_precision
from lensmith.training.settling import settle
from lensmith.training.stages import smaller
from lensmith.training.transfer import freeze

IMAGES_ADAPTED_TO = 500


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
    if recipe.training.selection != "accuracy" and dataset.validation is None:
        raise RecipeError("training.selection needs validation images, and data.validation = 0 leaves none.")
    if recipe.training.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise LensmithError("TensorBoard is not installed. Install it with: pip install 'lensmith[tensorboard]'")
    network = build_model(recipe.model, dataset.image_shape, num_classes, recipe.name or "model")
    adapt(network, dataset.train.sample(IMAGES_ADAPTED_TO, recipe.seed).read())
    _check_can_be_saved(network)
    check_optimizer(recipe.training)
    if recipe.training.transfer:
        freeze(network, recipe.training.transfer.unfrozen)
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


def _compile(network: Any, dataset: Dataset, recipe: Recipe) -> Any:
    """Put augmentation in front while training, so that the network itself is saved without it."""
    import keras

    layers, num_classes = make_augmentation_layers(recipe.training.augmentation), len(dataset.class_names)
    trainee = keras.Sequential([keras.Input(dataset.image_shape), *layers, network]) if layers else network
    trainee.compile(
        optimizer=make_optimizer(recipe.training, total_steps(recipe.training, len(dataset.train))),
        loss=make_training_loss(recipe.training, dataset.train.labels, num_classes),
        metrics=make_training_metrics(recipe.training, num_classes),
    )
    return trainee
