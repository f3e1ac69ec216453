"""Progress on stderr: bars with ETA on a terminal, a line an epoch elsewhere, nothing when quiet."""

import math
import time
from collections.abc import Mapping
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Screen:
    """Where a command says what it is doing; a context manager, so that bars are always taken down."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Say nothing at all when `quiet`."""
        self._console = Console(stderr=True, highlight=False, quiet=quiet)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=self._console,
            transient=True,
            disable=quiet or not self._console.is_terminal,
        )

    def __enter__(self) -> Self:
        """Take the screen."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bars down."""
        self._progress.stop()

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        if text:
            self._console.print(text, markup=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        """Print a line that matters even to who wants no progress."""
        console = Console(stderr=True, highlight=False) if self._console.quiet else self._console
        console.print(text, markup=False, soft_wrap=True)

    def decoding(self) -> "CountingBar":
        """Return a bar for decoding image files."""
        return CountingBar(self._progress, "Reading images")

    def computing_features(self) -> "CountingBar":
        """Return a bar for what a trained network makes of images."""
        return CountingBar(self._progress, "Computing features")

    def comparing(self) -> "CountingBar":
        """Return a bar for comparing pairs of pictures."""
        return CountingBar(self._progress, "Comparing pictures")

    def judging(self) -> "CountingBar":
        """Return a bar for judging the labels of images."""
        return CountingBar(self._progress, "Judging labels")

    def corrupting(self) -> "CountingBar":
        """Return a bar for answering corrupted images."""
        return CountingBar(self._progress, "Answering corrupted images")

    def training_callback(self, steps: int, images: int, batch_size: int, done: int = 0) -> Any:
        """Return a Keras callback that shows a training of so many steps, of which some are done."""
        import keras

        view = TrainingView(self, self._progress, steps, images, batch_size, done)

        class Showing(keras.callbacks.Callback):  # type: ignore[misc]
            def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
                view.epoch_begins(epoch)

            def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
                view.steps_done(batch + 1, logs or {})

            def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
                view.epoch_ends(epoch, logs or {})

        return Showing()


SCREEN: ContextVar[Screen | None] = ContextVar("screen", default=None)
"""The screen of this command, where the command line has set one; others get a plain one."""


def current_screen() -> Screen:
    """Return the screen that a workflow should talk to."""
    return SCREEN.get() or Screen()


class CountingBar:
    """A bar that is there while images are left."""

    def __init__(self, progress: Progress, text: str) -> None:
        """Draw on these bars, with a text before it."""
        self._progress, self._text = progress, text
        self._task: TaskID | None = None

    def __call__(self, done: int, total: int) -> None:
        """Show images done of images in all."""
        if self._task is None:
            self._task = self._progress.add_task(self._text, total=total, note="")
        self._progress.update(self._task, completed=done, visible=done < total, note=f"{done:,} of {total:,}")


class TrainingView:
    """The bars of a training: one for all of it, with what the current epoch shows."""

    def __init__(
        self, screen: Screen, progress: Progress, steps: int, images: int, batch_size: int, done: int = 0
    ) -> None:
        """Show a training of `steps` steps on `images` images in batches; its last epoch may be a part of one.

        Of the steps, some may have been done by an earlier session.
        """
        self._screen = screen
        self._progress = progress
        self._steps, self._images = steps, images
        self._steps_per_epoch = -(-images // batch_size)
        self._task: TaskID | None = None
        self._done_before = done
        self._epoch = self._first = self._done = 0
        self._started = 0.0

    def epoch_begins(self, epoch: int) -> None:
        """Begin to count an epoch's steps."""
        begins = epoch * self._steps_per_epoch
        self._first = self._done = max(0, self._done_before - begins)
        if self._task is None:
            self._task = self._progress.add_task("", total=self._steps - begins - self._first, note="")
        self._epoch, self._started = epoch, time.perf_counter()

    def steps_done(self, done: int, logs: dict[str, float]) -> None:
        """Show that so many steps of the epoch are done, with loss, accuracy and speed so far in it."""
        assert self._task is not None
        advance, self._done = done - self._done, done
        self._progress.update(
            self._task,
            advance=advance,
            description=f"Epoch {self._epoch + 1}/{math.ceil(self._epochs)}",
            note=f"{self._speed:,.0f} images/s  {_values(logs)}",
        )

    @property
    def _epochs(self) -> float:
        return self._steps / self._steps_per_epoch

    @property
    def _speed(self) -> float:
        images = self._images * (self._done - self._first) / self._steps_per_epoch
        return images / max(time.perf_counter() - self._started, 1e-9)

    def epoch_ends(self, epoch: int, logs: dict[str, float]) -> None:
        """Leave a line for the epoch."""
        seconds = time.perf_counter() - self._started
        ended, epochs = (f"{round(its, 2):g}" for its in (min(epoch + 1, self._epochs), self._epochs))
        self._screen.say(
            f"Epoch {ended:>{len(epochs)}}/{epochs}  {_values(logs)}  {seconds:.1f} s, {self._speed:,.0f} images/s"
        )


NOT_MEASURED = ("epoch", "step", "learning_rate", "seconds", "images_per_second")
"""Columns of history beside losses and metrics."""


def last_layer_line(row: Mapping[str, Any]) -> str:
    """Say what fitting the last layer alone came to, from its row of history."""
    logs = {name: value for name, value in row.items() if name not in NOT_MEASURED}
    return f"Last layer fitted  {_values(logs)}  {row['seconds']:.1f} s"


def _values(logs: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {float(value):.4f}" for name, value in logs.items())
