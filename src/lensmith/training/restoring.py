"""Make a network what it was: where a training was interrupted, or in its best epoch."""

from typing import Any

import numpy as np

from lensmith.errors import RunError
from lensmith.runs import Run
from lensmith.training.averaging import WeightAverage
from lensmith.training.batches import TrainingImages
from lensmith.training.best import best_epochs
from lensmith.training.checkpoint import Checkpoint, TrainingState, checkpoint_of_epoch, has_checkpoint
from lensmith.training.loop import MeanLoss


def restore(
    start: Checkpoint, trainee: Any, images: TrainingImages, losses: MeanLoss | None, average: WeightAverage | None
) -> None:
    """Make everything as it was when a checkpoint was written.

    Args:
        start: The checkpoint.
        trainee: Gets weights, seeds, optimizer slots, and what the metrics have seen of the epoch.
        images: What it is trained on.
        losses: Gets the mean loss of the epoch so far.
        average: Of the weights, where one is kept.

    Raises:
        RunError: The checkpoint is of another network.
    """
    state = start.state
    if start.is_within_epoch and losses:
        # Keras makes the metrics' variables when they see something for the first time.
        one, targets, _ = images.read(0, 0, 1)
        outputs = trainee(one[:1].astype(np.float32), training=False)
        trainee.compute_metrics(one[:1], targets[:1], outputs)
        losses.sum, losses.images = state.loss_sum, state.loss_images
    start.load(trainee, metrics=start.is_within_epoch)
    if average:
        average.start_from(start.arrays("average"), state.averaged)


def take_best(run: Run, state: TrainingState, trainee: Any, average: WeightAverage | None) -> list[str]:
    """Give the network the weights of the best epoch whose checkpoint is whole.

    Args:
        run: Has the checkpoints.
        state: Of the training; `best_epoch` becomes the epoch taken.
        trainee: Gets the weights.
        average: Of the weights, where one is kept: the network gets the average.

    Returns:
        What is wrong with the checkpoints of better ones.
    """
    problems, wanted = [], state.best_epoch
    for epoch in best_epochs(state.history):
        if not has_checkpoint(run.checkpoints, state, epoch):
            if epoch == wanted:
                problems.append(
                    f"The checkpoint of epoch {epoch}, the best one, is gone; the model is the next best's."
                )
            continue
        try:
            best = checkpoint_of_epoch(run.checkpoints, state, epoch)
        except RunError as error:
            problems.append(f"{error} It held epoch {epoch}, the best one; the model is that of the next best.")
            continue
        best.load(trainee, optimizer=False)
        if average:
            average.assign(best.arrays("average"))
        state.best_epoch = epoch
        return problems
    return [*problems, "No checkpoint of a whole epoch is left; the model has the weights of the last step."]
