"""Loss, optimizer and metrics from a recipe, and labels in the form the loss wants."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.config import KerasObject, TrainingConfig
from lensmith.data import Split
from lensmith.errors import RecipeError, did_you_mean
from lensmith.models import (
    explain_refusal,
    find_class,
    leaves_decay_steps_open,
    make_keras_object,
    parameters_of,
    require_class,
)
from lensmith.training.augmentation import AUGMENTATIONS, Epoch, Targets, augmented, make_augmentations
from lensmith.training.presets import PRESETS

Outputs = npt.NDArray[np.floating]


def make_loss(config: TrainingConfig, *, on_probabilities: bool = False) -> Any:
    """Make the recipe's loss; `on_probabilities` gives its form for outputs that are probabilities."""
    arguments = config.loss.arguments
    if on_probabilities and wants_logits(config):
        arguments["from_logits"] = False
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

    A learning-rate schedule that leaves out `decay_steps` decays over what the training has left after the
    schedule's own warm-up.

    Args:
        config: The recipe's `[training]`.
        steps: Steps of the whole training.
    """
    arguments = dict(config.optimizer.arguments)
    schedule = arguments.get("learning_rate")
    if isinstance(schedule, dict) and leaves_decay_steps_open(schedule):
        warmup = schedule.get("warmup_steps", 0)  # what is no number is for Keras to refuse
        decay_steps = max(1, steps - (warmup if isinstance(warmup, int) else 0))
        arguments["learning_rate"] = {**schedule, "decay_steps": decay_steps}
    return make_keras_object("optimizers", config.optimizer.class_name, arguments, "training.optimizer")


def check_optimizer(config: TrainingConfig) -> None:
    """Let the optimizer take one step on numbers of its own, because some look at their arguments only then.

    A vector, a matrix and a kernel: Muon, for one, has another way with each.

    Raises:
        RecipeError: It cannot, or the step leads to no number, as with a learning rate that is none.
    """
    import keras

    variables = [keras.Variable(np.ones(shape, np.float32)) for shape in ((1,), (2, 2), (1, 1, 2, 2))]
    try:
        optimizer = make_optimizer(config, 1)
        optimizer.apply([keras.ops.ones(its.shape) for its in variables], variables)
    except RecipeError:
        raise
    except Exception as error:  # every optimizer has its own way to refuse
        reason = explain_refusal(error)
        raise RecipeError(f"training.optimizer, {config.optimizer.class_name}: cannot take a step: {reason}") from None
    after = np.concatenate([keras.ops.convert_to_numpy(its).ravel() for its in variables])
    if not np.isfinite(after).all():
        raise RecipeError(
            f"training.optimizer, {config.optimizer.class_name}: its first step leads to "
            f"{after[~np.isfinite(after)][0]}. Give a learning rate that is a finite number."
        )
    if after[0] > 1:
        raise RecipeError(
            f"training.optimizer, {config.optimizer.class_name}: its first step leads uphill. Give a "
            "learning rate above 0."
        )
    if optimizer.use_ema:
        raise RecipeError(
            f"training.optimizer, {config.optimizer.class_name}: use_ema averages weights without the statistics of "
            "normalisation, and has no effect here. Use training.weight_averaging = { decay = 0.99 }."
        )


def make_metrics(config: TrainingConfig) -> list[Any]:
    """Make accuracy and the recipe's other metrics."""
    made: list[Any] = ["accuracy"]
    for place, its in enumerate(config.metrics):
        arguments = {**_fixed_name(its, place, config.metrics), **its.arguments}
        made.append(make_keras_object("metrics", its.class_name, arguments, f"training.metrics.{place}"))
    return made


def _fixed_name(metric: KerasObject, place: int, every: list[KerasObject]) -> dict[str, str]:
    """Name a metric that Keras would number through, so that its columns in the history are always the same."""
    kind = require_class("metrics", metric.class_name, f"training.metrics.{place}")
    given = parameters_of(kind).get("name")
    if given is None or given.default is not None:
        return {}
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower()
    earlier = sum(its.class_name == metric.class_name for its in every[:place])
    return {"name": f"{name}_{earlier + 1}" if earlier else name}


def make_augmentation_layers(described: list[KerasObject]) -> list[Any]:
    """Make those of the recipe's augmentations that are Keras layers.

    Raises:
        RecipeError: A layer that cannot be made.
    """
    return [layer for _, layer in _placed_layers(described)]


def _placed_layers(described: list[KerasObject]) -> list[tuple[str, Any]]:
    """Make the Keras layers, each with its key in the recipe."""
    made = []
    for place, its in enumerate(described):
        if its.class_name not in AUGMENTATIONS:
            where = f"training.augmentation.{place}"
            _check_word(its.class_name, where)
            layer = make_keras_object("layers", its.class_name, its.arguments, where)
            name = type(layer).__name__
            if name in AUGMENTATIONS:  # Keras' own of that name would leave the labels as they are
                raise RecipeError(f"{where}: write {name} as the class_name, not {its.class_name!r}.")
            made.append((where, layer))
    return made


def _check_word(name: str, where: str) -> None:
    """Refuse what is nearly one of our words, and no layer of Keras."""
    nearest = did_you_mean(name, [*PRESETS, *AUGMENTATIONS])
    if nearest.startswith(" Did you mean") and find_class("layers", name) is None:
        raise RecipeError(f"{where}: no augmentation named {name!r}.{nearest}")


def check_objective(model: Any, loss: Any, split: Split, num_classes: int, config: TrainingConfig) -> None:
    """Try network, loss, metrics, augmentation and labels on two images before hours are spent on them.

    Raises:
        RecipeError: Outputs that are no probabilities, or a loss, a metric or an augmentation layer that does
            not fit them.
    """
    import keras

    few = split.take(np.arange(min(2, len(split))))
    images = few.read().astype(np.float32)
    outputs = keras.ops.convert_to_numpy(model(images))
    _check_outputs(outputs, config)
    targets = make_targets(few, num_classes, loss)
    _check_loss(loss, targets, outputs, config)
    for place, metric in enumerate(make_metrics(config)[1:]):
        try:
            metric.update_state(targets, outputs)
            metric.result()
        except Exception as error:  # every metric has its own way to refuse
            reason = f"does not fit labels of {num_classes} classes: {explain_refusal(error)}"
            raise RecipeError(f"training.metrics.{place}, {type(metric).__name__}, {reason}") from None
    _check_augmentation(few, targets, config)


def _check_outputs(outputs: Outputs, config: TrainingConfig) -> None:
    probabilities = outputs.min() >= 0 and np.allclose(outputs.sum(axis=1), 1, atol=1e-3)
    if not probabilities and not wants_logits(config):
        raise RecipeError(
            f"The network's outputs are no probabilities: they sum to {outputs.sum(axis=1)[0]:.3g}, not 1. "
            'Give the last layer activation = "softmax", or the loss from_logits = true.'
        )
    if probabilities and wants_logits(config):
        raise RecipeError(
            "The network's outputs are probabilities, but the loss has from_logits = true. "
            'Take activation = "softmax" from the last layer, or from_logits from the loss.'
        )


def _check_loss(loss: Any, targets: Targets, outputs: Outputs, config: TrainingConfig) -> None:
    name, labels = config.loss.class_name, f"labels of {outputs.shape[1]} classes"
    try:
        value = float(loss(targets, outputs))
    except Exception as error:  # every loss has its own way to refuse
        raise RecipeError(f"The loss {name} does not fit {labels}: {explain_refusal(error)}") from None
    if not np.isfinite(value):
        raise RecipeError(f"The loss {name} gives {value} for {labels} before any training.")


def _check_augmentation(few: Split, targets: Targets, config: TrainingConfig) -> None:
    ours = make_augmentations(config.augmentation)
    images, _ = augmented(Epoch(few, targets, seed=0, epoch=0), np.arange(len(few)), ours)
    shape = images.shape[1:]
    for where, layer in _placed_layers(config.augmentation):
        try:
            after = tuple(layer(images.astype(np.float32), training=True).shape[1:])
        except Exception as error:  # every layer has its own way to refuse
            reason = f"cannot work on images of the shape {shape}: {explain_refusal(error)}"
        else:
            reason = "" if after == shape else f"turns images of the shape {shape} into {after}."
        if reason:
            raise RecipeError(f"{where}, {type(layer).__name__}, {reason}")
