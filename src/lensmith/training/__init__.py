"""Training: fit a recipe's network to a data set."""

from lensmith.training.batches import total_steps
from lensmith.training.checkpoint import read_state
from lensmith.training.fitting import Preparation, TrainingResult, fit, prepare
from lensmith.training.objective import make_loss, make_targets
from lensmith.training.probing import Throughput, measure_throughput
from lensmith.training.settling import settle

__all__ = [
    "Preparation",
    "Throughput",
    "TrainingResult",
    "fit",
    "make_loss",
    "make_targets",
    "measure_throughput",
    "prepare",
    "read_state",
    "settle",
    "total_steps",
]
