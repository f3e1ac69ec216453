"""Save something once more: what `saves.py` lets strace disturb. `python -m tests.faults.saving KIND FOLDER`."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lensmith.errors import RunError
from lensmith.files import replacing, write_text
from lensmith.runs import create_run
from lensmith.training.checkpoint import TrainingState, save_checkpoint

MARK = "/lensmith-the-save-begins"
OLD, NEW = 20, 30
"""What is saved before the mark, and what is being saved after it."""


class Variable:
    """Stands for a Keras variable."""

    def __init__(self, value: float) -> None:
        self._value = np.full((200, 50), value, np.float32)

    def numpy(self) -> np.ndarray:
        return self._value


class Model:
    """Stands for a Keras model, whose import would take most of the time."""

    def __init__(self, value: float) -> None:
        self.variables = [Variable(value), Variable(-value)]
        self.metrics_variables: list[Variable] = []
        self.optimizer = self

    def at(self, step: int) -> TrainingState:
        """A state after whole epochs of ten steps."""
        history = [{"epoch": epoch, "step": 10 * epoch} for epoch in range(1, step // 10 + 1)]
        return TrainingState(step // 10, step, history, step // 10)


def content(value: int) -> bytes:
    """What a file holds after a save; more than one write's worth."""
    return f"{value}\n".encode() * 30_000


def save_training(folder: Path, value: int) -> None:
    """A checkpoint, as training writes it."""
    save_checkpoint(folder, Model(value), Model(value).at(value))


def save_model(folder: Path, value: int) -> None:
    """The best model, as `export` writes it: by somebody who is given a path, in several writes."""
    with replacing(folder / "model.keras") as temporary, temporary.open("wb") as file:
        for start in range(0, len(content(value)), 2**16):
            file.write(content(value)[start : start + 2**16])


def save_text(folder: Path, value: int) -> None:
    """`run.json`, `history.csv`, the report: a text in one write."""
    write_text(folder / "run.json", content(value).decode())


def save_run(folder: Path, value: int) -> None:
    """A run folder, in the place of one of the same name where there is one."""
    create_run("x", "r", folder, force=True, info={"value": value}, recipe=f"seed = {value}")


KINDS: dict[str, Callable[[Path, int], None]] = {
    "checkpoint": save_training,
    "model": save_model,
    "text": save_text,
    "run": save_run,
}


def main() -> None:
    """Save undisturbed, and once more after the mark."""
    save, folder = KINDS[sys.argv[1]], Path(sys.argv[2])
    for value in (0, 10, OLD):
        save(folder, value)
    os.path.exists(MARK)
    try:
        save(folder, NEW)
    except RunError as error:
        print(error, flush=True)
        os._exit(3)
    os._exit(0)


if __name__ == "__main__":
    main()
