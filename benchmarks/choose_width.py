"""Choose how wide the network of `fast` is where there are few images, or many classes, on training images only.

    LENSMITH_DATA=… python -m benchmarks.choose_width [DATA …]

Some hundred of CIFAR-10's training images, with the filters of several sizes and with three times the epochs; and
pairs of digits side by side, which are 100 classes, with the least filters that `fast` has and more. 5,000 further
training images judge; the test images are not read. Three seeds each, one file a training in `results/choose_width/`;
what is there is not trained again. `python -m benchmarks.small_data` writes the table.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import lensmith
from benchmarks.contestants import ROOT
from benchmarks.goals import ACCURACY
from benchmarks.sections import table, written
from benchmarks.spread import mean_of
from lensmith.files import write_text
from lensmith.models import group_widths
from lensmith.rendering.progress import SCREEN, Screen

RESULTS = ROOT / "benchmarks" / "results" / "choose_width"
SEEDS = (0, 1, 2)
HELD_OUT = 5_000
SIDE = 32
EPOCHS = 60

WORDS = {"cifar10": "CIFAR-10", "pairs": "pairs of digits, 100 classes"}

Arrays = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Setting:
    """Filters of the group before the last two, of the last two, and epochs."""

    first: int
    last: int
    epochs: int = EPOCHS


LEAST, DEFAULT, WIDER, WIDEST = Setting(16, 32), Setting(32, 64), Setting(48, 96), Setting(64, 128)
LONGER = replace(DEFAULT, epochs=3 * EPOCHS)
TRIED = {
    "cifar10-250": (LEAST, DEFAULT, WIDER, WIDEST, LONGER),
    "cifar10-500": (LEAST, DEFAULT, WIDER, WIDEST, LONGER),
    "cifar10-1000": (DEFAULT, WIDER, WIDEST),
    "pairs-3000": tuple(replace(setting, epochs=20) for setting in (LEAST, DEFAULT, WIDEST)),
}


def main() -> None:
    """Train what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", choices=[*TRIED, []], metavar="DATA")
    for data in parser.parse_args().data or TRIED:
        for setting in TRIED[data]:
            for seed in SEEDS:
                file = _file(data, setting, seed)
                if not file.exists():
                    RESULTS.mkdir(parents=True, exist_ok=True)
                    write_text(file, json.dumps(_measure(data, setting, seed), indent=2) + "\n")
                    print(file.name, flush=True)


def section() -> list[str]:
    """Lay out what is stored: a row a setting, with the mean accuracy."""
    rows = [
        (
            WORDS[data.split("-")[0]],
            f"{int(data.split('-')[1]):,}",
            f"{setting.first}, {setting.last}",
            str(setting.epochs),
            written(accuracy, ACCURACY, with_n=True),
        )
        for data, settings in TRIED.items()
        for setting in settings
        if (accuracy := mean_of(_accuracies(data, setting)))
    ]
    return [
        "## How wide the network of `fast` is",
        "",
        "Where there are few images, more filters help more than more epochs, so `fast` takes as many as it can pay "
        f"for with the work that CIFAR-10's 50,000 images take, up to {WIDEST.last} in the last groups; and no fewer "
        "there than there are classes. Chosen on training images: those in the table are trained on, "
        f"{HELD_OUT:,} others judge. Filters are those of the group before the last two, and of the last two.",
        "",
        *table(("data", "training images", "filters", "epochs", "accuracy"), rows),
        "",
        "- `python -m benchmarks.choose_width`",
        "",
    ]


def _accuracies(data: str, setting: Setting) -> Iterator[float]:
    for seed in SEEDS:
        file = _file(data, setting, seed)
        if file.exists():
            yield json.loads(file.read_text(encoding="utf-8"))["accuracy"]


def _file(data: str, setting: Setting, seed: int) -> Path:
    return RESULTS / f"{data}-{setting.first}-{setting.last}-{setting.epochs}-{seed}.json"


def _measure(data: str, setting: Setting, seed: int) -> dict[str, Any]:
    name, images = data.split("-")
    (x_train, y_train), (x_test, y_test) = (_pairs if name == "pairs" else _some_of_each)(int(images))
    channels = 3 if x_train.ndim == 4 else 1
    settings = {
        "seed": seed,
        "epochs": setting.epochs,
        "data.validation": 0,
        "model.arguments.widths": group_widths((SIDE, SIDE, channels), setting.first, setting.last),
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{data}.npz"
        np.savez(file, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
        SCREEN.set(Screen(quiet=True))
        run = lensmith.train(file, "fast", set=settings, runs=folder)
    return {
        "data": data,
        "first": setting.first,
        "last": setting.last,
        "epochs": setting.epochs,
        "seed": seed,
        "accuracy": run.test.accuracy,
        "seconds": round(run.train_seconds, 1),
    }


def _some_of_each(images: int) -> tuple[Arrays, Arrays]:
    """Take as many training images of CIFAR-10 of each class; and others to judge by."""
    x, y = _train_images("cifar10")
    order = np.random.default_rng(0).permutation(len(x))
    rest, held_out = order[:-HELD_OUT], order[-HELD_OUT:]
    taken = np.concatenate([rest[y[rest] == label][: images // 10] for label in range(10)])
    return (x[taken], y[taken]), (x[held_out], y[held_out])


def _pairs(images: int) -> tuple[Arrays, Arrays]:
    """Put two digits of half the size side by side: 10 x 10 classes."""
    x, y = _train_images("mnist")
    random = np.random.default_rng(1)

    def draw(n: int, among: npt.NDArray[np.int64]) -> Arrays:
        left, right = random.choice(among, n), random.choice(among, n)
        pictures = np.zeros((n, SIDE, SIDE), np.uint8)
        for column, digits in ((1, left), (17, right)):
            pictures[:, 9:23, column : column + 14] = x[digits].reshape(n, 14, 2, 14, 2).mean(axis=(2, 4))
        return pictures, y[left] * 10 + y[right]

    return draw(images, np.arange(50_000)), draw(HELD_OUT, np.arange(50_000, len(x)))


def _train_images(name: str) -> Arrays:
    with np.load(Path(os.environ["LENSMITH_DATA"]) / f"{name}.npz") as file:
        return file["x_train"], file["y_train"].reshape(-1).astype(np.int64)


if __name__ == "__main__":
    main()
