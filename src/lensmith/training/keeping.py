"""The Keras callback that keeps what training comes to: history, checkpoints, best epoch, clean stops."""

import contextlib
import csv
import io
import math
import time
from collections.abc import Iterator

import keras
import numpy as np

from lensmith.config import TrainingConfig
from lensmith.errors import Interrupted, TrainingDiverged
from lensmith.files import write_text
from lensmith.runs import Run
from lensmith.training.averaging import WeightAverage
from lensmith.training.batches import TrainingImages
from lensmith.training.best import is_better
from lensmith.training.checkpoint import Row, TrainingState, save_checkpoint
from lensmith.training.loop import MeanLoss
from lensmith.training.stopping import StopRequest

COLUMNS = (
    "epoch", "step", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy", "seconds", "images_per_second",
)  # fmt: skip

AT_ONCE = (
    "It was so before anything was learnt: look at the network for what divides, takes logarithms or powers, "
    "and at its initial weights."
)
"""Why a loss is not finite at the first step."""


class KeepingCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps history, checkpoints and the best epoch; stops when asked to, at divergence, or for lack of progress."""

    def __init__(
        self,
        run: Run,
        state: TrainingState,
        images: TrainingImages,
        settings: TrainingConfig,
        average: WeightAverage | None = None,
        losses: MeanLoss | None = None,
    ) -> None:
        """Keep the training of `run` on `images` from `state` on.

        Args:
            run: Gets `history.csv` and `checkpoints/`.
            state: Where the training is; it is kept up to date.
            images: What it is trained on.
            settings: For patience, and how often to keep what there is.
            average: Of the weights, where one is kept.
            losses: The mean loss of the epoch so far; without it, nothing is kept within an epoch.
        """
        super().__init__()
        self.state = state
        state.steps_per_epoch = images.steps_per_epoch
        self._run, self._images = run, images
        self._patience = settings.early_stopping.patience if settings.early_stopping else None
        self._every = settings.checkpoint_seconds
        self._average, self._losses = average, losses
        self._stop = StopRequest()
        self._epoch_started = self._kept = self._learning_rate = 0.0

    @property
    def out_of_patience(self) -> bool:
        """Whether so many epochs have passed without a better one that training ends."""
        return self._patience is not None and self.state.epoch - self.state.best_epoch >= self._patience

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Listen for being asked to stop, and keep the state before the first step so that even that can be resumed."""
        self._stop.listen()
        if self.state.step == 0 and not self.state.history:
            self._save()
        self._kept = time.perf_counter()

    def begin(self, model: keras.Model, epoch_0: Row | None = None) -> None:
        """Keep what a network came to before its first step, where it did; and have `history.csv` say what was done.

        What was killed just then, or has gone back to an earlier checkpoint, has another one.
        """
        self.set_model(model)
        if epoch_0:
            self.state.history.append(epoch_0)
            self._save()
        if self.state.history:
            write_text(self._run.history_file, history_csv(self.state.history))

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Give the signals back in the end, and stop where that was asked for after the last epoch's."""
        try:
            yield
        finally:
            self._stop.stop_listening()
        if self._stop.kind:
            raise self._interrupted(self._stop.kind)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the epoch's clock, or let it go on."""
        self._epoch_started = time.perf_counter() - self.state.seconds
        # JAX lends the variables to its training step, so between steps there is nothing to read.
        self._learning_rate = float(self.model.optimizer.learning_rate)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Stop where asked to or at the first loss that is not finite, and keep what there is from time to time."""
        self.state.step = self._first_step + batch + 1
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            raise self._diverged(f"the loss became {loss}", AT_ONCE if self.state.step == 1 else "")
        asked = self._stop.kind  # looked at once: it may come at any time
        if self._losses and (asked or time.perf_counter() - self._kept >= self._every):
            self._save_within()
        if asked:
            raise self._interrupted(asked)
        if batch + 1 == self._images.steps_in(self.state.epoch) < self._images.steps_per_epoch:
            self.model.stop_training = True

    def on_test_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Stop where asked to; what the epoch has done since the last checkpoint is done again."""
        if self._stop.kind:
            raise self._interrupted(self._stop.kind, "what was done up to the last checkpoint is kept")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Add a row of history, decide whether this is the best epoch, and write a checkpoint."""
        logs = logs or {}
        self._check_finite(logs)
        seconds = time.perf_counter() - self._epoch_started
        seen = self._images.count(self._first_step, self.state.step)
        self.state.epoch = epoch + 1
        row: Row = {
            "epoch": epoch + 1,
            "step": self.state.step,
            "learning_rate": float(self.model.optimizer.learning_rate),
            **{name: _finite(value) for name, value in logs.items()},
            "seconds": round(seconds, 3),
            "images_per_second": round(seen / seconds, 1),
        }
        self.state.history.append(row)
        self.state.best_before = self.state.best_epoch
        if is_better(row, self._best_row()):
            self.state.best_epoch = epoch + 1
        self.state.loss_sum, self.state.loss_images, self.state.seconds = 0.0, 0, 0.0
        self._save()
        write_text(self._run.history_file, history_csv(self.state.history))
        if self.out_of_patience:
            self.model.stop_training = True
        if self._stop.kind:
            raise self._interrupted(self._stop.kind)

    @property
    def _first_step(self) -> int:
        """The first step of this epoch, counted over the whole training."""
        return self.state.epoch * self._images.steps_per_epoch

    def _save(self) -> None:
        if not self.model.optimizer.built:  # so that its slots belong to every checkpoint
            self.model.optimizer.build(self.model.trainable_variables)
        save_checkpoint(self._run.checkpoints, self.model, self.state, self._average)
        self._kept = time.perf_counter()

    def _save_within(self) -> None:
        assert self._losses
        self._check_weights()
        self.state.loss_sum, self.state.loss_images = self._losses.sum, self._losses.images
        self.state.seconds = time.perf_counter() - self._epoch_started
        self._save()

    def _check_finite(self, logs: dict[str, float]) -> None:
        self._check_weights()
        if not math.isfinite(logs.get("val_loss", 0.0)):
            raise self._diverged(
                f"the validation loss became {logs['val_loss']}",
                "The training loss did not, so look at layers that do something else when they do not train, such as "
                "normalisation by averages of earlier batches, and at the validation images.",
            )

    def _check_weights(self) -> None:
        """Look at what the last step did to the weights, which no loss has seen yet."""
        weights = (its.numpy() for its in (*self.model.variables, *self.model.optimizer.variables))
        if not all(np.isfinite(its).all() for its in weights):
            raise self._diverged("weights became infinite or NaN")

    def _diverged(self, what: str, cause: str = "") -> TrainingDiverged:
        usual = f"Usually the learning rate is too high; try a tenth: --learning-rate {self._learning_rate / 10:.2g}."
        return TrainingDiverged(
            f"Training diverged: {what} in epoch {self.state.epoch + 1}, step {self.state.step}. {cause or usual} "
            "Earlier checkpoints are kept."
        )

    def _interrupted(self, kind: type[Interrupted], kept: str = "") -> Interrupted:
        whole = self.state.epoch
        kept = kept or ("what was done is kept" if self._losses else "the epochs before it are kept")
        first = "first epoch" if whole == 1 else f"first {whole} epochs"
        there_is = f". Or make a model of the {first}: add --epochs {whole}" if whole else ""
        return kind(
            f"Training ended early, in epoch {min(whole + 1, self._images.epochs)}; {kept}. "
            f"Go on: lensmith train --resume {self._run.path}{there_is}"
        )

    def _best_row(self) -> Row | None:
        return next((row for row in self.state.history if row["epoch"] == self.state.best_epoch), None)


def history_csv(history: list[Row]) -> str:
    """Write the history as CSV: the columns every run has, then the recipe's own metrics."""
    others = [name for name in (history[0] if history else {}) if name not in COLUMNS]
    text = io.StringIO()
    writer = csv.DictWriter(text, [*COLUMNS, *others], lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()


def _finite(value: float) -> float | None:
    value = float(value)
    return value if math.isfinite(value) else None
