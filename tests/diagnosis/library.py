"""Trainings that are sick, each in its own way, and healthy ones, on any small data set of some ten classes.

Each is a change of one healthy training. The tests run them on digits, by which the limits in `lensmith.diagnosis` were
set; `python -m tests.diagnosis DATA` runs the same on other images.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

Arrays = dict[str, np.ndarray]
Change = Callable[[Arrays], Arrays]


def convolution(filters: int, **more: Any) -> dict[str, Any]:
    return {
        "class_name": "Conv2D",
        "filters": filters,
        "kernel_size": 3,
        "padding": "same",
        "activation": "relu",
    } | more


def dense(units: int | str, **more: Any) -> dict[str, Any]:
    return {"class_name": "Dense", "units": units, "activation": "relu"} | more


POOL, FLATTEN = {"class_name": "MaxPooling2D"}, {"class_name": "Flatten"}
NORMALISE = {"class_name": "BatchNormalization", "momentum": 0.9}
TRANSLATION = {"class_name": "RandomTranslation", "height_factor": 0.1, "width_factor": 0.1}
LAST = dense("num_classes", activation="softmax")
LAYERS = [convolution(16), POOL, convolution(32), FLATTEN, dense(64), LAST]
UNIT_VARIANCE = {"class_name": "RandomNormal", "stddev": 3.0}


def optimizer(name: str, rate: Any, **more: Any) -> dict[str, Any]:
    return {"training.optimizer": {"class_name": name, "learning_rate": rate} | more}


def layers(*its: dict[str, Any]) -> dict[str, Any]:
    return {"model.layers": list(its)}


def dropout(rate: float) -> dict[str, Any]:
    return {"class_name": "Dropout", "rate": rate}


HEALTHY_RECIPE = Path(__file__).parent / "healthy.toml"
LONG = {"training.epochs": 30}


@dataclass(frozen=True)
class Training:
    """One of the library.

    Attributes:
        expected: What must be named; empty for healthy ones, of which nothing may be.
        settings: Laid over `healthy.toml`.
        change: What is done to the images and labels.
        slow: Seconds that reading an image takes, as on a slow disk.
    """

    expected: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    change: Change = lambda arrays: arrays
    slow: float = 0.0


def few(n: int) -> Change:
    """Keep n training images."""
    return lambda its: its | {"x_train": its["x_train"][:n], "y_train": its["y_train"][:n]}


def few_validated(n: int) -> Change:
    """Keep n validation images."""
    return lambda its: its | {"x_val": its["x_val"][:n], "y_val": its["y_val"][:n]}


def mislabelled(share: float) -> Change:
    """Give a share of all images the label of another class, drawn at random."""

    def change(its: Arrays) -> Arrays:
        rng, found = np.random.default_rng(0), dict(its)
        for name in ("y_train", "y_val"):
            labels, k = its[name].copy(), int(its["y_train"].max()) + 1
            wrong = rng.random(len(labels)) < share
            labels[wrong] = (labels[wrong] + rng.integers(1, k, int(wrong.sum()))) % k
            found[name] = labels
        return found

    return change


def sorted_by_class(its: Arrays) -> Arrays:
    """Put the training images one class after the other."""
    order = np.argsort(its["y_train"], kind="stable")
    return its | {"x_train": its["x_train"][order], "y_train": its["y_train"][order]}


def mostly_one_class(its: Arrays) -> Arrays:
    """Leave two images of all classes but the first."""
    found = dict(its)
    for split in ("train", "val"):
        x, y = its[f"x_{split}"], its[f"y_{split}"]
        earlier = np.array([np.count_nonzero(y[:place] == label) for place, label in enumerate(y)])
        kept = (y == 0) | (earlier < 2)
        found |= {f"x_{split}": x[kept], f"y_{split}": y[kept]}
    return found


def two_to_one(its: Arrays) -> Arrays:
    """Leave half of the images of the odd classes."""
    kept = (its["y_train"] % 2 == 0) | (np.arange(len(its["y_train"])) % 2 == 0)
    return its | {"x_train": its["x_train"][kept], "y_train": its["y_train"][kept]}


SICK = {
    "rate so high that the loss becomes infinite": Training("diverged", optimizer("SGD", 1e6)),
    "Adam at fifty times its rate": Training("learning rate too high", optimizer("Adam", 0.1)),
    "momentum at a high rate": Training("learning rate too high", optimizer("SGD", 0.5, momentum=0.9)),
    "RMSprop at a high rate": Training("learning rate too high", optimizer("RMSprop", 0.05)),
    "Adam at a two hundredth of its rate": Training("learning rate too low", optimizer("Adam", 1e-5)),
    "SGD at a low rate": Training("learning rate too low", optimizer("SGD", 2e-4)),
    "next to no steps": Training("nothing learned", {"training.epochs": 2, **optimizer("SGD", 1e-6)}),
    "rate that falls to nothing too soon": Training(
        "plateau",
        optimizer("SGD", {"class_name": "CosineDecay", "initial_learning_rate": 0.02, "decay_steps": 60}) | LONG,
    ),
    "few images, large network": Training(
        "overfitting", {**LONG, **layers(convolution(64), convolution(64), FLATTEN, dense(512), LAST)}, few(60)
    ),
    "few images, many epochs": Training("overfitting", {"training.epochs": 60}, few(100)),
    "three filters": Training(
        "underfitting",
        {**LONG, **layers(convolution(2), {"class_name": "GlobalAveragePooling2D"}, LAST), **optimizer("Adam", 0.02)},
    ),
    "one unit in between": Training(
        "underfitting", {**LONG, **layers(convolution(16), POOL, FLATTEN, dense(1, activation="leaky_relu"), LAST)}
    ),
    "twenty validation images": Training("validation set too small", {}, few_validated(20)),
    "three in ten labels wrong": Training("noisy labels", {}, mislabelled(0.3)),
    "half of the labels wrong": Training("noisy labels", {}, mislabelled(0.5)),
    "biases far below zero": Training(
        "dead units",
        layers(
            convolution(16), POOL, FLATTEN, dense(64, bias_initializer={"class_name": "Constant", "value": -8.0}), LAST
        ),
    ),
    "convolution far below zero": Training(
        "dead units",
        layers(
            convolution(16, bias_initializer={"class_name": "Constant", "value": -6.0}),
            *(POOL, convolution(32), FLATTEN, dense(64), LAST),
        ),
    ),
    "sigmoids far from zero": Training(
        "saturated units",
        layers(
            convolution(16),
            *(POOL, FLATTEN, dense(64, activation="tanh", kernel_initializer=UNIT_VARIANCE), LAST),
        ),
    ),
    "squared error": Training("loss does not fit", {"training.loss": "MeanSquaredError"}),
    "loss of two classes": Training("loss does not fit", {"training.loss": "BinaryCrossentropy"}),
    "no activation": Training(
        "no activation", layers(*(convolution(n, activation="linear") for n in (16, 32)), FLATTEN, dense(64), LAST)
    ),
    "one class after the other": Training("not shuffled", {"training.shuffle": False}, sorted_by_class),
    "nearly all of one class": Training(
        "one class only", {"training.epochs": 6, **optimizer("SGD", 0.01)}, mostly_one_class
    ),
    "slow disk": Training("waiting for data", {"training.epochs": 4}, slow=0.001),
}
HEALTHY = {
    "as it is": Training(),
    "momentum": Training("", optimizer("SGD", 0.02, momentum=0.9) | {"training.epochs": 20}),
    "RMSprop": Training("", optimizer("RMSprop", 0.001)),
    "batch normalisation": Training(
        "", layers(convolution(16), NORMALISE, POOL, convolution(32), NORMALISE, FLATTEN, dense(64), LAST)
    ),
    "dropout": Training("", {**LONG, **layers(*LAYERS[:-1], dropout(0.4), LAST)}),
    "augmentation": Training("", {**LONG, "training.augmentation": [TRANSLATION]}),
    "rate that falls to zero in the end": Training(
        "", optimizer("Adam", {"class_name": "CosineDecay", "initial_learning_rate": 0.004}) | {"training.epochs": 15}
    ),
    "perceptron": Training("", layers(FLATTEN, dense(128), dense(64), LAST) | {"training.epochs": 20}),
    "classes two to one": Training("", {}, two_to_one),
    "label smoothing": Training(
        "", {"training.loss": {"class_name": "CategoricalCrossentropy", "label_smoothing": 0.1}}
    ),
}


def carry_out(training: Training, arrays: Arrays, folder: Path) -> Any:
    """Train, and return the evidence there is of it.

    Args:
        training: Of the library.
        arrays: `x_train, y_train, x_val, y_val`, `uint8`.
        folder: To work in; a run of it is made there.
    """
    import lensmith
    from lensmith.errors import TrainingDiverged
    from lensmith.training.batches import TrainingImages
    from lensmith.workflows.diagnose import evidence_of

    read = TrainingImages.read

    def slowly(its: TrainingImages, epoch: int, first: int, steps: int) -> Any:
        time.sleep(training.slow * steps * its.batch_size)
        return read(its, epoch, first, steps)

    np.savez(folder / "images.npz", **training.change(arrays))
    with (
        mock.patch.object(TrainingImages, "read", slowly if training.slow else read),
        contextlib.suppress(TrainingDiverged),
    ):
        lensmith.train(folder / "images.npz", HEALTHY_RECIPE, set=training.settings, name="its", runs=folder)
    return evidence_of(lensmith.load_run(folder / "its"))
