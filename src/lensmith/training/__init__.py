"""Training: fit a recipe's network to a data set."""

from lensmith.training.batches import steps_per_epoch, total_steps
from lensmith.training.checkpoint import Checkpoint, newest_checkpoint, remove_damaged
from lensmith.training.fitting import TrainingResult, fit
from lensmith.training.objective import make_augmentation_layers, make_loss, make_optimizer, make_targets, wants_logits
from lensmith.training.out_of_sample import predict_out_of_sample
from lensmith.training.preparing import Preparation, prepare
from lensmith.training.presets import PRESETS, preset, spell_out
from lensmith.training.probing import Throughput, measure_throughput
from lensmith.training.settling import settle
from lensmith.training.stopping import ending_by_exception
from lensmith.training.transfer import (
    compute_features,
    count_unknown_features,
    fit_last_layer,
    freeze,
    measure_features,
    seconds_to_fit_last_layer,
)

__all__ = [
    "PRESETS",
    "Checkpoint",
    "Preparation",
    "Throughput",
    "TrainingResult",
    "compute_features",
    "count_unknown_features",
    "ending_by_exception",
    "fit",
    "fit_last_layer",
    "freeze",
    "make_augmentation_layers",
    "make_loss",
    "make_optimizer",
    "make_targets",
    "measure_features",
    "measure_throughput",
    "newest_checkpoint",
    "predict_out_of_sample",
    "prepare",
    "preset",
    "remove_damaged",
    "seconds_to_fit_last_layer",
    "settle",
    "spell_out",
    "steps_per_epoch",
    "total_steps",
    "wants_logits",
]
