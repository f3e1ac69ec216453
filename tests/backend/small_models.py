"""A small network with one of each kind of layer that backends treat differently, and code in a fresh process."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras


def small_model() -> Any:
    return keras.Sequential(
        [
            keras.Input((6, 5, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


def saved(model: Any, folder: Path) -> Path:
    model.save(folder / "model.keras")
    return folder / "model.keras"


def in_new_process(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    its = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"} | environment
    return subprocess.run(
        [sys.executable, "-c", code], env=its, capture_output=True, text=True, timeout=120, check=False
    )
