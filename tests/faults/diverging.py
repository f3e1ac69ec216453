"""Let the loss become NaN or infinite at every stage, and look at what is kept."""

import json
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tests.faults.outcome import Outcome

from lensmith.training.checkpoint import read_checkpoint

TOO_LARGE = [
    {"class_name": "Rescaling", "scale": 1e38},
    {"class_name": "Flatten"},
    {"class_name": "Dense", "units": "num_classes", "activation": "softmax"},
]
"""A network to whose first weights pixels come as infinity."""
BASE = {"epochs": 6, "batch_size": 32, "training.checkpoint_seconds": 0.001}


def diverging() -> Outcome:
    """Train each."""
    outcome = Outcome(
        "diverging",
        "NaN or infinity in a weight in epoch 1, in the middle, only in validation; infinite inputs; learning rates of "
        "1e6 and 1e30",
        "training stops there with exit code 3 and says epoch, step, cause and what to try; all that is kept is "
        "finite, and NaN is never the best",
    )
    for name, (settings, callback) in _trials().items():
        with tempfile.TemporaryDirectory() as folder:
            outcome.add(name, _problem(Path(folder), settings, callback))
    return outcome


def _trials() -> dict[str, tuple[dict[str, Any], Any]]:
    import keras

    class Spoil(keras.callbacks.Callback):  # type: ignore[misc]
        """Makes a weight what it should not be, at a moment."""

        def __init__(self, when: Callable[[int, int], bool], value: float, *, test: bool = False) -> None:
            super().__init__()
            self._when, self._value, self._test, self._epoch = when, value, test, 0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self._epoch = epoch

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if not self._test and self._when(self._epoch, batch):
                self._spoil()

        def on_test_begin(self, logs: Any = None) -> None:
            if self._test and self._when(self._epoch, 0):
                self._spoil()

        def _spoil(self) -> None:
            weight = self.model.trainable_variables[0]
            weight.assign(np.full(weight.shape, self._value, np.float32))

    rate = "training.optimizer.learning_rate"
    return {
        "a learning rate of 1e6": ({rate: 1e6, "training.optimizer.class_name": "SGD"}, None),
        "a learning rate of 1e30": ({rate: 1e30, "training.optimizer.class_name": "SGD"}, None),
        "infinite inputs": ({"model.layers": TOO_LARGE}, None),
        "NaN in epoch 1": ({}, Spoil(lambda epoch, batch: epoch == 0, np.nan)),
        "infinity in epoch 1": ({}, Spoil(lambda epoch, batch: epoch == 0, np.inf)),
        "NaN in the middle": ({}, Spoil(lambda epoch, batch: epoch == 3, np.nan)),
        "infinity in the middle": ({}, Spoil(lambda epoch, batch: epoch == 3, np.inf)),
        "NaN in validation only": ({}, Spoil(lambda epoch, batch: epoch == 2, np.nan, test=True)),
        "NaN in the first validation": ({}, Spoil(lambda epoch, batch: epoch == 0, np.nan, test=True)),
    }


def _problem(folder: Path, settings: dict[str, Any], callback: Any) -> str:
    import lensmith
    from lensmith.errors import TrainingDiverged

    callbacks = [callback] if callback else []
    try:
        lensmith.train("digits", "cifar-2conv", set={**BASE, **settings}, name="r", runs=folder, callbacks=callbacks)
    except TrainingDiverged as error:
        return _wrong_with(folder / "r", str(error), error.exit_code)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "it went on to the end"


def _wrong_with(run: Path, message: str, code: int) -> str:
    problems = [f"the message lacks {word!r}" for word in ("in epoch", "step", "kept") if word not in message]
    if not any(words in message for words in ("--learning-rate", "look at")):
        problems.append("the message has nothing to try")
    if code != 3 or json.loads((run / "run.json").read_text())["state"] != "diverged":
        problems.append("the run does not say that it diverged")
    for file in run.glob("checkpoints/*/state.npz"):
        with np.load(file) as arrays:
            if not all(np.isfinite(arrays[name]).all() for name in arrays.files):
                problems.append(f"{file.parent.name} is not finite")
        state = read_checkpoint(file.parent).state
        if any(not math.isfinite(row["loss"]) for row in state.history if row["epoch"] == state.best_epoch):
            problems.append("an epoch whose loss is not finite is the best")
    return "; ".join(problems)
