"""Classes of which some have many more images than others: weights, and an order that draws from all alike."""

from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.config import TrainingConfig
from lensmith.data.dataset import Labels
from lensmith.training.objective import make_loss, make_metrics


def class_weights(labels: Labels, num_classes: int) -> npt.NDArray[np.float32]:
    """Return what an image of each class counts so that all classes count the same: N / (K n_k).

    Args:
        labels: `(N,)`.
        num_classes: K.

    Returns:
        `(K,)`, 0 for classes without an image; their mean over the images is 1.
    """
    counts = np.bincount(labels, minlength=num_classes)
    present = np.count_nonzero(counts)
    return np.where(counts, len(labels) / (present * np.maximum(counts, 1)), 0).astype(np.float32)


def make_training_loss(config: TrainingConfig, labels: Labels, num_classes: int) -> Any:
    """Make the loss that is trained with: the recipe's, weighted where it wants that."""
    from lensmith.pieces.losses import ClassWeighted

    loss = make_loss(config)
    return ClassWeighted(loss, class_weights(labels, num_classes)) if config.class_weights else loss


def make_training_metrics(config: TrainingConfig, num_classes: int) -> list[Any]:
    """Make the metrics that are looked at while training: the recipe's, and what chooses the best epoch."""
    from lensmith.pieces.metrics import BalancedAccuracy

    chosen_by = [BalancedAccuracy(num_classes)] if config.selection == "balanced_accuracy" else []
    return [*make_metrics(config), *chosen_by]


def balanced_order(seed: int, epoch: int, labels: Labels) -> Labels:
    """Return an order of the images of an epoch in which each class comes as often, give or take one.

    Images of small classes come several times, some of those of large ones not at all; over the epochs all do.

    Args:
        seed: Of the run.
        epoch: Counted from 0; the same seed and epoch give the same order.
        labels: `(N,)`.

    Returns:
        N places.
    """
    random = np.random.default_rng([seed, epoch])
    classes = random.permutation(np.unique(labels))
    drawn = []
    for number, label in enumerate(classes):
        members = np.flatnonzero(labels == label)
        count = len(labels) // len(classes) + (number < len(labels) % len(classes))
        rounds = [random.permutation(members) for _ in range(-(-count // len(members)))]
        drawn.append(np.concatenate(rounds)[:count] if rounds else members[:0])
    return random.permutation(np.concatenate(drawn))
