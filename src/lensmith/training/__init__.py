"""Training: fit a recipe's network to a data set."""

from lensmith.training.augmentation import AUGMENTATIONS, Epoch, augmented, make_augmentations
from lensmith.training.batches import ordered_batches
from lensmith.training.checkpoint import read_state
from lensmith.training.fitting import Preparation, TrainingResult, fit, prepare
from lensmith.training.mixing import CutMix, MixUp
from lensmith.training.objective import make_loss, make_targets

__all__ = [
    "AUGMENTATIONS",
    "CutMix",
    "Epoch",
    "MixUp",
    "Preparation",
    "TrainingResult",
    "augmented",
    "fit",
    "make_augmentations",
    "make_loss",
    "make_targets",
    "ordered_batches",
    "prepare",
    "read_state",
]
