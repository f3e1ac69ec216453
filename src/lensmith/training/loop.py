"""The epochs of a training on TensorFlow: as Keras' `fit`, but with many steps in each call."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from lensmith.backend import Steps
from lensmith.training.batches import Batches, TrainingImages

SECONDS_A_CALL = 1.0
"""Aimed at, so that Ctrl-C, progress and checkpoints never wait long for a call to end."""
BYTES_A_CALL = 64 * 2**20


class CompiledLoop:
    """Fits a model to images, `fit`'s callbacks and metrics included.

    Batch callbacks are called once for each call of the compiled function, with the number of its last step
    and the epoch's means so far, as Keras does with `steps_per_execution`.
    """

    def __init__(
        self, model: Any, images: TrainingImages, steps_at: Callable[[int], Steps], pause_every: int = 0
    ) -> None:
        """Train `model`, compiled by Keras, on `images`.

        Args:
            model: What callbacks see, and whose metrics are kept.
            images: What it is trained on.
            steps_at: Gives the compiled function that a step of the training is to be done with, by the number
                of the step.
            pause_every: No call goes on past a multiple of so many steps, for callbacks that must see the
                weights then; 0 for wherever it suits.
        """
        self._model, self._images, self._steps_at, self._pause = model, images, steps_at, pause_every
        image_bytes = images.split.store[0].nbytes
        self._most = max(1, BYTES_A_CALL // (image_bytes * images.batch_size))
        self.losses = MeanLoss()
        self._waited = self._worked = 0.0
        self._seen: set[Steps] = set()
        self._at_once: dict[Steps, int] = {}

    @property
    def waiting(self) -> float:
        """Share of the seconds of all steps so far that were spent waiting for their images, 0 to 1."""
        return self._waited / max(self._waited + self._worked, 1e-9)

    def fit(self, callbacks: Sequence[Any], first_epoch: int, validation: Any, first_step: int = 0) -> None:
        """Train to the last epoch.

        Args:
            callbacks: Keras callbacks.
            first_epoch: To begin with, counted from 0.
            validation: What Keras' `evaluate` takes, or `None`.
            first_step: To begin with in that epoch, counted from 0; where it is not 0, metrics and `losses` must be
                as the steps before it have left them.
        """
        model, epochs = self._model, self._images.epochs
        listeners = keras.callbacks.CallbackList(
            list(callbacks),
            add_history=True,
            model=model,
            epochs=epochs,
            steps=self._images.steps_per_epoch,
            verbose=0,
        )
        model.stop_training = False
        logs: dict[str, float] = {}
        listeners.on_train_begin()
        for epoch in range(first_epoch, epochs):
            step = first_step if epoch == first_epoch else 0
            if not step:
                model.reset_metrics()
                self.losses.reset()
            listeners.on_epoch_begin(epoch)
            logs = self._train_epoch(epoch, step, listeners)
            if validation is not None:
                measured = model.evaluate(validation, callbacks=listeners, verbose=0, return_dict=True)
                logs |= {f"val_{name}": value for name, value in measured.items()}
            listeners.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        listeners.on_train_end(logs)

    def _train_epoch(self, epoch: int, step: int, listeners: Any) -> dict[str, float]:
        """Take the steps of an epoch; while one call computes, the images of the next are made ready."""
        losses, images = self.losses, self._images
        logs = self._logs() if step else {}
        with ThreadPoolExecutor(1) as reader:
            count = self._next_count(epoch, step)
            if count:
                coming: Future[Batches] = reader.submit(images.read, epoch, step, count)
            while count and not self._model.stop_training:
                began = time.perf_counter()
                now, first = coming.result(), step
                self._waited += time.perf_counter() - began
                step += count
                following = self._next_count(epoch, step)
                if following:
                    coming = reader.submit(images.read, epoch, step, following)
                listeners.on_train_batch_begin(first)
                its = self._call(epoch, first, now)
                losses.add(its, now[2])
                logs = self._logs()
                listeners.on_train_batch_end(first + len(its) - 1, logs)
                count = following
        return logs

    def _next_count(self, epoch: int, step: int) -> int:
        """Return how many steps the call that begins at this step of the epoch takes; 0 at the epoch's end."""
        left, first = self._images.steps_in(epoch) - step, epoch * self._images.steps_per_epoch + step
        if left <= 0:
            return 0
        # One at a time, as long as nobody knows how long a step of this function takes.
        count = min(left, self._at_once.get(self._steps_at(first), 1))
        if self._pause:
            count = min(count, self._pause - first % self._pause)
        while count > 1 and self._steps_at(first + count - 1) is not self._steps_at(first):
            count //= 2
        return count

    def _call(self, epoch: int, first: int, batch: Batches) -> npt.NDArray[np.float32]:
        function = self._steps_at(epoch * self._images.steps_per_epoch + first)
        began = time.perf_counter()
        losses = function(*batch)
        seconds = time.perf_counter() - began
        self._worked += seconds
        if function in self._seen:  # the first call compiles, which says nothing of the next
            seconds_a_step = seconds / len(losses)
            self._at_once[function] = int(np.clip(SECONDS_A_CALL / seconds_a_step, 1, self._most))
        self._seen.add(function)
        return losses

    def _logs(self) -> dict[str, float]:
        measured = {name: float(value) for name, value in self._model.get_metrics_result().items()}
        return measured | {"loss": self.losses.value}


class MeanLoss:
    """The mean loss of an image of an epoch so far, from those of its steps.

    Attributes:
        sum: Of the losses of all images.
        images: How many they are.
    """

    def __init__(self) -> None:
        """Begin with no image."""
        self.sum, self.images = 0.0, 0

    def reset(self) -> None:
        """Begin with no image again."""
        self.sum, self.images = 0.0, 0

    def add(self, losses: npt.NDArray[np.float32], ends: npt.NDArray[np.int32]) -> None:
        """Add the losses of a call's steps, of which there are fewer than ends where one was not finite."""
        sizes = np.diff(ends, prepend=0)[: len(losses)]
        for loss, size in zip(losses.tolist(), sizes.tolist(), strict=True):
            self.sum += loss * size  # one after the other: how they are grouped into calls must not matter
        self.images += int(sizes.sum())

    @property
    def value(self) -> float:
        """The mean; not finite once a loss was not, 0 before there is one."""
        return self.sum / self.images if self.images else 0.0
