"""The same kills for stock Keras: `BackupAndRestore` and `ModelCheckpoint`, as its guide has them.

`python -m tests.faults.stock_keras FOLDER` is the training that is killed, and given again to go on.
"""

import csv
import hashlib
import os
import shutil
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from tests.faults import commands
from tests.faults.killed_runs import SEED
from tests.faults.outcome import Outcome, times

EPOCHS, BATCH = 25, 16


def stock_keras(n: int = 50) -> Outcome:
    """Kill n trainings, once each, and give the command again."""
    outcome = Outcome(
        "stock_keras",
        f"{n} trainings of stock Keras with `BackupAndRestore` (at every epoch, two backups), `ModelCheckpoint` and "
        "`CSVLogger`, killed at random moments and started again",
        "as for lensmith: ends without a manual step with the weights of the training that was never killed, a history "
        "with every epoch once, and a best model that can be read at every moment",
    )
    commands.prepare()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        began = time.perf_counter()
        commands.wait(_start(place / "whole"))
        whole = time.perf_counter() - began
        expected = _state(place / "whole")
        for trial, moment in enumerate(times(SEED, n, whole)):
            while commands.stop_after(_start(place / "r"), moment).code == 0:  # it was quicker
                shutil.rmtree(place / "r")
                moment *= 0.9
            unreadable = _unreadable(place / "r" / "best.keras")
            code = commands.wait(_start(place / "r"))
            found = _state(place / "r") if not code else {}
            problems = [unreadable] if unreadable else []
            problems += [f"the second start ended with {code}"] if code else []
            problems += [f"{key} differs" for key, value in expected.items() if found and found[key] != value]
            for problem in problems:
                outcome.count("what was wrong", problem)
            outcome.add(f"trial {trial}, killed after {moment:.3f} s", "; ".join(problems))
            shutil.rmtree(place / "r", ignore_errors=True)
    outcome.seen["seconds of a whole training"] = round(whole, 1)
    return outcome


def _start(folder: Path) -> int:
    folder.mkdir(exist_ok=True)
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        with (folder / "log").open("ab") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        train(folder)
        code = 0
    finally:
        os._exit(code)


def train(folder: Path) -> None:
    """Train on scikit-learn's digits, going on from a backup where there is one."""
    import keras
    import numpy as np
    from sklearn.datasets import load_digits

    keras.utils.set_random_seed(0)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    digits = load_digits()
    images, labels = digits.images[..., np.newaxis].astype("float32") / 16, digits.target
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(16, 3, padding="same"),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Dropout(0.2),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    callbacks = [
        keras.callbacks.BackupAndRestore(str(folder / "backup"), save_freq="epoch", double_checkpoint=True),
        keras.callbacks.ModelCheckpoint(str(folder / "best.keras"), monitor="val_accuracy", save_best_only=True),
        keras.callbacks.CSVLogger(str(folder / "history.csv"), append=True),
    ]
    fitted = model.fit(
        images[:1300], labels[:1300], batch_size=BATCH, epochs=EPOCHS, validation_data=(images[1300:], labels[1300:]),
        callbacks=callbacks, verbose=0,
    )  # fmt: skip
    del fitted
    np.savez(folder / "final.npz", *[its.numpy() for its in (*model.variables, *model.optimizer.variables)])


def _state(folder: Path) -> dict[str, Any]:
    import numpy as np

    with np.load(folder / "final.npz") as arrays:
        weights = hashlib.sha256(b"".join(arrays[name].tobytes() for name in arrays.files)).hexdigest()
    with (folder / "history.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file)]
    return {
        "weights or optimizer": weights,
        "epochs in the history": [row["epoch"] for row in rows],
        "best model": hashlib.sha256(_weights_of(folder / "best.keras")).hexdigest(),
    }


def _weights_of(file: Path) -> bytes:
    with zipfile.ZipFile(file) as archive:
        return archive.read("model.weights.h5")


def _unreadable(best: Path) -> str:
    """Say that the best model could not be read just after the kill; empty where it can, or there is none yet."""
    if not best.exists():
        return ""
    try:
        _weights_of(best)
    except Exception:
        return "the best model could not be read after the kill"
    return ""


if __name__ == "__main__":
    train(Path(sys.argv[1]))
