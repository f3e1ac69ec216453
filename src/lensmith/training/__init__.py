"""Training: fit a recipe's network to a data set."""

from lensmith.training.batches import steps_per_epoch, total_steps
from lensmith.training.checkpoint import Checkpoint, newest_checkpoint, remove_damaged
from lensmith.training.fitting import Preparation, TrainingResult, fit, prepare
from lensmith.training.objective import make_loss, make_targets
from lensmith.training.probing import Throughput, measure_throughput
from lensmith.training.settling import settle
from lensmith.training.stopping import ending_by_exception

__all__ = [
    "Checkpoint",
    "Preparation",
    "Throughput",
    "TrainingResult",
    "ending_by_exception",
    "fit",
    "make_loss",
    "make_targets",
    "measure_throughput",
    "newest_checkpoint",
    "prepare",
    "remove_damaged",
    "settle",
    "steps_per_epoch",
    "total_steps",
]
