"""The whole training state, as one folder that is there entirely or not at all, and tells when it is damaged.

A checkpoint is `checkpoints/step-<n>/` with `state.json` (epoch, step, history, best epoch, what the epoch has come to
so far), `state.npz` (weights, seeds of dropout and augmentation, optimizer slots, metrics, averaged weights) and
`manifest.json` (size and SHA-256 of both), which is written last. Nothing in it is pickled.
"""

import contextlib
import errno
import hashlib
import io
import json
import os
import re
import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from lensmith.errors import RunError, UnsafeFile
from lensmith.files import new_folder, not_written, take_away, write_bytes
from lensmith.records import to_json
from lensmith.safety import check_zip, parse_json, read_bytes

Row = dict[str, float | int | None]
Arrays = list[npt.NDArray[Any]]
Content = dict[str, bytes | memoryview]
STATE, ARRAYS, MANIFEST = "state.json", "state.npz", "manifest.json"
VERSION = 1
MOST_BYTES = 2**36
"""Of a file of a checkpoint; a larger one is none of ours."""
NEWEST_KEPT = 2


@dataclass
class TrainingState:
    """What training knows beside the variables.

    Attributes:
        epoch: Whole epochs done.
        step: Steps done.
        history: One row an epoch, as in `history.csv`.
        best_epoch: The epoch whose weights are kept as the model; 0 before there is one.
        averaged: Updates of the average of the weights, where one is kept.
        loss_sum, loss_images: Of an epoch that is not finished: the sum of the losses of so many images.
        seconds: That an epoch which is not finished has taken.
        steps_per_epoch: Of whole epochs.
        best_before: What `best_epoch` was before the last epoch, whose checkpoint may yet turn out damaged.
    """

    epoch: int = 0
    step: int = 0
    history: list[Row] = field(default_factory=list)
    best_epoch: int = 0
    averaged: int = 0
    loss_sum: float = 0.0
    loss_images: int = 0
    seconds: float = 0.0
    steps_per_epoch: int = 0
    best_before: int = 0


class Average(Protocol):
    """A moving average of the weights."""

    values: Arrays
    updates: int


@dataclass(frozen=True)
class Checkpoint:
    """One that is whole."""

    path: Path
    state: TrainingState

    @property
    def is_within_epoch(self) -> bool:
        """Whether steps have been taken since the last whole epoch."""
        return self.state.step > last_step(self.state, self.state.epoch)

    def load(self, model: Any, *, optimizer: bool = True, metrics: bool = False) -> None:
        """Put the variables into a model of the same recipe.

        Args:
            model: Built, and compiled when `optimizer` or `metrics` is true.
            optimizer: Whether the optimizer's slots are restored too.
            metrics: Whether what the metrics have seen of the epoch is, too.

        Raises:
            RunError: The checkpoint is of another network.
        """
        groups = {"model": model.variables}
        if optimizer:
            model.optimizer.build(model.trainable_variables)
            groups["optimizer"] = model.optimizer.variables
        if metrics:
            groups["metrics"] = model.metrics_variables
        for group, variables in groups.items():
            found = self.arrays(group)
            if [its.shape for its in found] != [tuple(its.shape) for its in variables]:
                raise RunError(
                    f"The checkpoint {self.path} is of another network or optimizer: "
                    f"the shapes of its {group} variables differ."
                )
            for variable, value in zip(variables, found, strict=True):
                variable.assign(value)

    def arrays(self, group: str) -> Arrays:
        """Read one group of the arrays: `model`, `optimizer`, `metrics` or `average`.

        Raises:
            RunError: They cannot be read.
            UnsafeFile: They are not what is said of them.
        """
        check_zip(self.path / ARRAYS)
        try:
            # Opened here, because NumPy leaves a file open that turns out to be damaged.
            with (self.path / ARRAYS).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                count = sum(name.startswith(f"{group}/") for name in arrays.files)
                return [arrays[f"{group}/{i}"] for i in range(count)]
        except (OSError, ValueError, KeyError, MemoryError, zipfile.BadZipFile) as error:
            raise RunError(f"The checkpoint {self.path} cannot be read: {error}.") from None


def save_checkpoint(folder: Path, model: Any, state: TrainingState, average: Average | None = None) -> None:
    """Write a checkpoint of this step; keep it, the one before it, that of the last whole epoch and the best one.

    Raises:
        RunError: It cannot be written; earlier checkpoints are untouched.
    """
    groups = {
        "model": _values_of(model.variables),
        "optimizer": _values_of(model.optimizer.variables),
        "metrics": _values_of(model.metrics_variables),
    }
    if average:
        state.averaged, groups["average"] = average.updates, average.values
    content: Content = {STATE: to_json(state).encode(), ARRAYS: _npz(groups)}
    path = _path(folder, state.step)
    needed = sum(map(len, content.values()))
    try:
        _check_room(folder, needed)
        with new_folder(path) as temporary:
            for name, its in content.items():
                write_bytes(temporary / name, its)
            write_bytes(temporary / MANIFEST, _manifest(content))
    except OSError as error:
        raise RunError(f"{not_written(path, error, needed)} Earlier checkpoints are kept.") from error
    with contextlib.suppress(OSError):  # what is too old can go next time
        _remove_older(folder, state)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint, and make sure that it is what was written.

    Raises:
        RunError: It is not; the message names the file and what is wrong with it.
    """
    try:
        content: Content = {name: read_bytes(path / name, MOST_BYTES) for name in (STATE, ARRAYS)}
        wrong = _difference(read_bytes(path / MANIFEST, MOST_BYTES), content)
    except OSError as error:
        wrong = f"{Path(error.filename or path).name} cannot be read: {error.strerror}"
    except UnsafeFile as error:
        wrong = str(error).rstrip(".")
    if wrong:
        raise RunError(f"The checkpoint {path} is damaged: {wrong}.")
    try:
        return Checkpoint(path, TrainingState(**parse_json(bytes(content[STATE]), str(path / STATE))))
    except (UnsafeFile, ValueError, TypeError) as error:
        raise RunError(f"The checkpoint {path} is of another version of lensmith: {error}.") from None


def newest_checkpoint(folder: Path, epochs: float | None = None) -> tuple[Checkpoint | None, list[str]]:
    """Find the newest checkpoint that is whole.

    Args:
        folder: The run's checkpoints.
        epochs: Where training is to end: of the checkpoints within epochs none after it is taken.

    Returns:
        The checkpoint, `None` where there is none; and what is wrong with each newer one.
    """
    damaged = []
    for step in sorted(_steps(folder), reverse=True):
        try:
            found = read_checkpoint(_path(folder, step))
        except RunError as error:
            damaged.append(str(error))
            continue
        its = found.state
        if epochs is None or its.epoch < epochs or not found.is_within_epoch:
            return found, damaged
    return None, damaged


def remove_damaged(folder: Path) -> None:
    """Remove the checkpoints that are damaged, so that none of them counts as one of those that are kept."""
    for step in _steps(folder):
        try:
            read_checkpoint(_path(folder, step))
        except RunError:
            take_away(_path(folder, step))


def checkpoint_of_epoch(folder: Path, state: TrainingState, epoch: int) -> Checkpoint:
    """Read the checkpoint of an epoch's end.

    Raises:
        RunError: It is damaged, or not there.
    """
    return read_checkpoint(_path(folder, last_step(state, epoch)))


def has_checkpoint(folder: Path, state: TrainingState, epoch: int) -> bool:
    """Tell whether the checkpoint of an epoch's end was kept, damaged or not."""
    return _path(folder, last_step(state, epoch)).exists()


def last_step(state: TrainingState, epoch: int) -> int:
    """Return how many steps were done at an epoch's end."""
    return next((int(row["step"] or 0) for row in state.history if row["epoch"] == epoch), 0)


def _values_of(variables: Any) -> Arrays:
    """Read variables; those of types that NumPy has no name for, such as bfloat16, as `float32`, which is exact."""
    values = [its.numpy() for its in variables]
    return [its.astype(np.float32) if its.dtype.kind == "V" else its for its in values]


def _npz(groups: dict[str, Arrays]) -> memoryview:
    """Make the file in memory: its hash is then known, and a full disk is met by one write instead of by many."""
    arrays = {f"{group}/{i}": its for group, members in groups.items() for i, its in enumerate(members)}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getbuffer()


def _manifest(content: Content) -> bytes:
    files = {name: {"bytes": len(its), "sha256": hashlib.sha256(its).hexdigest()} for name, its in content.items()}
    return to_json({"version": VERSION, "files": files}).encode()


def _difference(manifest: bytes, content: Content) -> str:
    """Say what is not as the manifest has it; empty when all is."""
    expected = _manifest(content)
    if manifest == expected:
        return ""
    try:
        said = json.loads(manifest)
        if said["version"] != VERSION:
            return f"{MANIFEST} has the version {said['version']}, not {VERSION}"
        files = said["files"]
        for name, its in json.loads(expected)["files"].items():
            if files[name] != its:
                return f"{name} is not what was written ({its['bytes']:,} bytes, SHA-256 {its['sha256'][:12]}…)"
    except (ValueError, KeyError, TypeError):
        pass
    return f"{MANIFEST} is not what was written"


def _check_room(folder: Path, needed: int) -> None:
    """Raise what a write would, before anything is written."""
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _remove_older(folder: Path, state: TrainingState) -> None:
    """Remove what no resume will want; what is newer belongs to a training that was gone back from, with `--epochs`."""
    earlier = sorted(step for step in _steps(folder) if step <= state.step)
    # Epoch 0 is one only where a last layer was fitted alone.
    had_best = any(row["epoch"] == state.best_before for row in state.history)
    epochs = (state.epoch, state.best_epoch, state.best_before if had_best else state.best_epoch)
    kept = {*earlier[-NEWEST_KEPT:], *(last_step(state, epoch) for epoch in epochs)}
    for step in earlier:
        if step not in kept:
            take_away(_path(folder, step))


def _path(folder: Path, step: int) -> Path:
    return folder / f"step-{step:08d}"


def _steps(folder: Path) -> list[int]:
    return [int(match[1]) for path in folder.glob("step-*") if (match := re.fullmatch(r"step-(\d+)", path.name))]
