"""Loss, optimizer and metrics from a recipe, and labels in the form the loss wants."""

import inspect
from typing import Any

import numpy as np

from lensmith.config import KerasObject, TrainingConfig
from lensmith.data import Split
from lensmith.errors import RecipeError
from lensmith.models import make_keras_object
from lensmith.training.batches import Targets


def make_loss(config: TrainingConfig, *, on_probabilities: bool = False) -> Any:
    """Make the recipe's loss; `on_probabilities` gives its form for outputs that are already probabilities."""
    arguments = {**config.loss.arguments, **({"from_logits": False} if on_probabilities and wants_logits(config) else {})}
    return make_keras_object("losses", config.loss.class_name, arguments, "training.loss")


def wants_logits(config: TrainingConfig) -> bool:
    """Tell whether the loss is for outputs before the softmax."""
    return bool(config.loss.arguments.get("from_logits", False))


def make_targets(split: Split, num_classes: int, loss: Any) -> Targets:
    """Give labels the form the loss wants.

    Returns:
        `int64 (N,)` for Keras' sparse losses, else one-hot `float32 (N, K)`.
    """
    if type(loss).__name__.startswith("Sparse"):
        return split.labels
    return np.eye(num_classes, dtype=np.float32)[split.labels]


def make_optimizer(config: TrainingConfig, steps: int) -> Any:
    """Make the recipe's optimizer.

    A learning-rate schedule that leaves out `decay_steps` decays over the whole training.

    Args:
        config: The recipe's `[training]`.
        steps: Steps of the whole training.
    """
    arguments = dict(config.optimizer.arguments)
    schedule = arguments.get("learning_rate")
    if isinstance(schedule, dict) and "decay_steps" not in schedule and _takes_decay_steps(schedule):
        arguments["learning_rate"] = {**schedule, "decay_steps": steps}
    return make_keras_object("optimizers", config.optimizer.class_name, arguments, "training.optimizer")


def make_metrics(config: TrainingConfig) -> list[Any]:
    """Make accuracy and the recipe's other metrics."""
    others = [make_keras_object("metrics", its.class_name, its.arguments, "training.metrics") for its in config.metrics]
    return ["accuracy", *others]


def make_augmentation(layers: list[KerasObject]) -> list[Any]:
    """Make the recipe's augmentation layers."""
    return [make_keras_object("layers", its.class_name, its.arguments, "training.augmentation") for its in layers]


def check_objective(model: Any, loss: Any, split: Split, num_classes: int, config: TrainingConfig) -> None:
    """Try network, loss and labels on two images before hours are spent on them.

    Raises:
        RecipeError: Outputs that are no probabilities, or a loss that does not fit them.
    """
    import keras

    few = split.take(np.arange(min(2, len(split))))
    outputs = keras.ops.convert_to_numpy(model(few.read().astype(np.float32)))
    if not wants_logits(config) and (outputs.min() < 0 or not np.allclose(outputs.sum(axis=1), 1, atol=1e-3)):
        raise RecipeError(
            f"The network's outputs are no probabilities: they sum to {outputs.sum(axis=1)[0]:.3g}, not 1. Give the "
            'last layer activation = "softmax", or the loss from_logits = true.'
        )
    try:
        value = float(loss(make_targets(few, num_classes, loss), outputs))
    except Exception as error:  # every loss has its own way to refuse
        raise RecipeError(f"The loss {config.loss.class_name} does not fit labels of {num_classes} classes: {str(error).strip()[:200]}") from None
    if not np.isfinite(value):
        raise RecipeError(f"The loss {config.loss.class_name} gives {value} for labels of {num_classes} classes before any training.")


def _takes_decay_steps(schedule: dict[str, Any]) -> bool:
    import keras

    kind = getattr(keras.optimizers.schedules, str(schedule.get("class_name")), None)
    return kind is not None and "decay_steps" in inspect.signature(kind).parameters
