"""Training: fit a recipe's network to a data set."""

from lensmith.training.checkpoint import read_state
from lensmith.training.fitting import Preparation, TrainingResult, fit, prepare
from lensmith.training.objective import make_loss, make_targets

__all__ = [
    "Preparation",
    "TrainingResult",
    "fit",
    "make_loss",
    "make_targets",
    "prepare",
    "read_state",
]
