"""The Keras callback that keeps what training comes to: history, checkpoints, best epoch, clean stops."""

import csv
import io
import math
import signal
import threading
import time
from types import FrameType
from typing import Any

import keras
import numpy as np

from lensmith.errors import Interrupted, TrainingDiverged
from lensmith.runs import Run, write_text
from lensmith.training.averaging import WeightAverage
from lensmith.training.batches import TrainingImages
from lensmith.training.checkpoint import Row, TrainingState, save_checkpoint

COLUMNS = (
    "epoch", "step", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy", "seconds", "images_per_second",
)  # fmt: skip


class KeepingCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps history, checkpoints and the best epoch; stops at Ctrl-C, divergence, or for lack of progress."""

    def __init__(
        self,
        run: Run,
        state: TrainingState,
        images: TrainingImages,
        patience: int | None,
        average: WeightAverage | None = None,
    ) -> None:
        """Keep the training of `run` on `images` from `state` on."""
        super().__init__()
        self.state = state
        self._run = run
        self._images = images
        self._patience = patience
        self._average = average
        self._steps_before = 0
        self._stop_asked = False
        self._handler_before: Any = None
        self._epoch_started = self._learning_rate = 0.0

    @property
    def out_of_patience(self) -> bool:
        """Whether so many epochs have passed without a better one that training ends."""
        return self._patience is not None and self.state.epoch - self.state.best_epoch >= self._patience

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Take over Ctrl-C, and keep the state before the first step so that even that can be resumed."""
        if threading.current_thread() is threading.main_thread():
            self._handler_before = signal.signal(signal.SIGINT, self._ask_to_stop)
        if self.state.epoch == 0:
            self._save()

    def give_back_ctrl_c(self) -> None:
        """Give Ctrl-C back to whoever had it."""
        if self._handler_before is not None:
            signal.signal(signal.SIGINT, self._handler_before)
            self._handler_before = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the epoch's clock."""
        self._epoch_started, self._steps_before = time.perf_counter(), self.state.step
        # JAX lends the variables to its training step, so between steps there is nothing to read.
        self._learning_rate = float(self.model.optimizer.learning_rate)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Stop at Ctrl-C, at the first loss that is not finite, or after the last step."""
        self.state.step = self._steps_before + batch + 1
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            raise self._diverged(f"the loss became {loss}")
        if self._stop_asked:
            raise self._interrupted(f"epoch {self.state.epoch + 1} was not finished")
        if batch + 1 == self._images.steps_in(self.state.epoch) < self._images.steps_per_epoch:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Add a row of history, decide whether this is the best epoch, and write a checkpoint."""
        logs = logs or {}
        self._check_finite(logs)
        seconds = time.perf_counter() - self._epoch_started
        self.state.epoch = epoch + 1
        row: Row = {
            "epoch": epoch + 1,
            "step": self.state.step,
            "learning_rate": float(self.model.optimizer.learning_rate),
            **{name: _finite(value) for name, value in logs.items()},
            "seconds": round(seconds, 3),
            "images_per_second": round(self._images_seen / seconds, 1),
        }
        self.state.history.append(row)
        if _is_better(row, self._best_row()):
            self.state.best_epoch = epoch + 1
        self._save()
        write_text(self._run.history_file, history_csv(self.state.history))
        if self.out_of_patience:
            self.model.stop_training = True
        if self._stop_asked:
            raise self._interrupted("stopped between two epochs")

    @property
    def _images_seen(self) -> int:
        """Images of this epoch so far."""
        return self._images.count(self._steps_before, self.state.step)

    def _save(self) -> None:
        save_checkpoint(self._run.checkpoints, self.model, self.state, self._average)

    def _check_finite(self, logs: dict[str, float]) -> None:
        """Look at what the epoch's last step did to the weights, which no loss has seen yet."""
        weights = (its.numpy() for its in self.model.trainable_variables)
        if not all(np.isfinite(its).all() for its in weights):
            raise self._diverged("weights became infinite or NaN")
        if not math.isfinite(logs.get("val_loss", 0.0)):
            raise self._diverged(f"the validation loss became {logs['val_loss']}")

    def _diverged(self, what: str) -> TrainingDiverged:
        return TrainingDiverged(
            f"Training diverged: {what} in epoch {self.state.epoch + 1}, step {self.state.step}. "
            f"Usually the learning rate is too high; try a tenth: --learning-rate {self._learning_rate / 10:.2g}. "
            "Checkpoints of earlier epochs are kept."
        )

    def _interrupted(self, where: str) -> Interrupted:
        there_is = f". Or make a model of what there is: add --epochs {self.state.epoch}" if self.state.epoch else ""
        return Interrupted(
            f"{where}; {self.state.epoch} whole epochs are kept. "
            f"Go on: lensmith train --resume {self._run.path}{there_is}"
        )

    def _best_row(self) -> Row | None:
        return next((row for row in self.state.history if row["epoch"] == self.state.best_epoch), None)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stop_asked = True
        self.give_back_ctrl_c()  # a second Ctrl-C stops at once


def history_csv(history: list[Row]) -> str:
    """Write the history as CSV: the columns every run has, then the recipe's own metrics."""
    others = [name for name in (history[0] if history else {}) if name not in COLUMNS]
    text = io.StringIO()
    writer = csv.DictWriter(text, [*COLUMNS, *others], lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()


def _is_better(row: Row, best: Row | None) -> bool:
    """Compare by validation accuracy, then validation loss; without validation the last epoch is the best."""
    if best is None or "val_accuracy" not in row:
        return True
    return _rank(row) > _rank(best)


def _rank(row: Row) -> tuple[float, float]:
    accuracy, loss = row.get("val_accuracy"), row.get("val_loss")
    # A loss that is not a number is worse than any that is.
    return (accuracy if accuracy is not None else -math.inf, -loss if loss is not None else -math.inf)


def _finite(value: float) -> float | None:
    value = float(value)
    return value if math.isfinite(value) else None
