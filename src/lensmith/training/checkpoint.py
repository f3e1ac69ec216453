"""The whole training state after an epoch, as one folder that is there entirely or not at all.

A checkpoint is `checkpoints/epoch-<n>/` with `state.json` (epoch, step, history, best epoch) and `state.npz`
(weights, seeds of dropout and augmentation, optimizer slots, averaged weights). Nothing in it is pickled.
"""

import json
import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from lensmith.errors import RunError
from lensmith.records import to_json

Row = dict[str, float | int | None]


@dataclass
class TrainingState:
    """What training knows beside the variables.

    Attributes:
        epoch: Epochs done.
        step: Steps done.
        history: One row an epoch, as in `history.csv`.
        best_epoch: The epoch whose weights are kept as the model; 0 before there is one.
        averaged: Updates of the average of the weights, where one is kept.
    """

    epoch: int = 0
    step: int = 0
    history: list[Row] = field(default_factory=list)
    best_epoch: int = 0
    averaged: int = 0


class Average(Protocol):
    """A moving average of the weights."""

    values: list[npt.NDArray[Any]]
    updates: int


def save_checkpoint(folder: Path, model: Any, state: TrainingState, average: Average | None = None) -> None:
    """Write a checkpoint of this epoch; keep it, the one before it and the best one.

    Raises:
        RunError: It cannot be written; earlier checkpoints are untouched.
    """
    arrays = {f"model/{i}": its.numpy() for i, its in enumerate(model.variables)}
    arrays |= {f"optimizer/{i}": its.numpy() for i, its in enumerate(model.optimizer.variables)}
    if average:
        state.averaged = average.updates
        arrays |= {f"average/{i}": its for i, its in enumerate(average.values)}
    temporary = None
    try:
        temporary = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
        with (temporary / "state.npz").open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
            _flush(file)
        with (temporary / "state.json").open("w", encoding="utf-8") as text:
            text.write(to_json(state))
            _flush(text)
        temporary.chmod(0o755)
        target = _path(folder, state.epoch)
        if target.exists():
            shutil.rmtree(target)
        temporary.rename(target)
        _flush_folder(folder)
    except OSError as error:
        raise RunError(
            f"The checkpoint of epoch {state.epoch} cannot be written to {folder}: {error.strerror}. "
            "Earlier ones are kept."
        ) from error
    finally:
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)
    for epoch in _epochs(folder):
        if epoch < state.epoch - 1 and epoch != state.best_epoch:
            shutil.rmtree(_path(folder, epoch), ignore_errors=True)


def read_state(folder: Path, epoch: int | None = None) -> TrainingState:
    """Read what the newest checkpoint (or that of an epoch) knows beside the variables.

    Raises:
        RunError: There is none, or it is damaged.
    """
    path = _path(folder, epoch if epoch is not None else max(_epochs(folder), default=0))
    try:
        return TrainingState(**json.loads((path / "state.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise RunError(f"There is no checkpoint to go on from in {folder}.") from None
    except (OSError, ValueError, TypeError) as error:
        raise RunError(f"The checkpoint {path} is damaged: {error}.") from None


def load_variables(folder: Path, epoch: int, model: Any, *, optimizer: bool = True) -> None:
    """Put a checkpoint's variables into a model of the same recipe.

    Args:
        folder: The run's checkpoints.
        epoch: Which.
        model: Built, and compiled when `optimizer` is true.
        optimizer: Whether the optimizer's slots are restored too.

    Raises:
        RunError: The checkpoint is missing, damaged, or of another network.
    """
    groups = {"model": model.variables}
    if optimizer:
        model.optimizer.build(model.trainable_variables)
        groups["optimizer"] = model.optimizer.variables
    for group, variables in groups.items():
        found = read_arrays(folder, epoch, group)
        if [its.shape for its in found] != [tuple(its.shape) for its in variables]:
            raise RunError(
                f"The checkpoint {_path(folder, epoch)} is of another network or optimizer: "
                f"the shapes of its {group} variables differ."
            )
        for variable, value in zip(variables, found, strict=True):
            variable.assign(value)


def read_arrays(folder: Path, epoch: int, group: str) -> list[npt.NDArray[Any]]:
    """Read one group of a checkpoint's arrays: `model`, `optimizer` or `average`.

    Raises:
        RunError: The checkpoint is missing or damaged.
    """
    path = _path(folder, epoch) / "state.npz"
    try:
        # Opened here, because NumPy leaves a file open that turns out to be damaged.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            count = sum(name.startswith(f"{group}/") for name in arrays.files)
            return [arrays[f"{group}/{i}"] for i in range(count)]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise RunError(f"The checkpoint {path} cannot be read: {error}.") from None


def _path(folder: Path, epoch: int) -> Path:
    return folder / f"epoch-{epoch:04d}"


def _epochs(folder: Path) -> list[int]:
    return sorted(int(path.name.removeprefix("epoch-")) for path in folder.glob("epoch-*"))


def _flush(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
