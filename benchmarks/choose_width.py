"""Choose how wide the network of `fast` is where there are few images, or many classes, on training images only.

    LENSMITH_DATA=… python -m benchmarks.choose_width [DATA …]

Some hundred of CIFAR-10's training images, with the filters of several sizes and with three times the epochs; and
pairs of photos side by side, which are 100 classes, with the filters of many images and more. 5,000 further
training images judge; the test images are not read. Three seeds each, one file a training in `results/choose_width/`;
what is there is not trained again. `python -m benchmarks.small_data` writes the table.
"""

import argparse
import json
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

import lensmith
from benchmarks.contestants import ROOT
from benchmarks.goals import ACCURACY
from benchmarks.harness import Result, revision, versions
from benchmarks.sections import measured_on, table, written
from benchmarks.spread import mean_of
from lensmith.files import write_text
from lensmith.models import group_widths
from lensmith.rendering.progress import SCREEN, Screen
from lensmith.workflows.provenance import machine

RESULTS = ROOT / "benchmarks" / "results" / "choose_width"
SEEDS = (0, 1, 2)
HELD_OUT = 5_000
SIDE = 32
EPOCHS = 60

WORDS = {"cifar10": "CIFAR-10", "pairs": "pairs of photos, 100 classes"}

Arrays = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Setting:
    """Filters of the group before the last two, of the last two, and epochs."""

    first: int
    last: int
    epochs: int = EPOCHS


DEFAULT, WIDER, WIDEST = Setting(32, 64), Setting(48, 96), Setting(64, 128)
LONGER = replace(DEFAULT, epochs=3 * EPOCHS)
TRIED = {
    "cifar10-250": (DEFAULT, WIDER, WIDEST, LONGER),
    "cifar10-500": (DEFAULT, WIDER, WIDEST, LONGER),
    "cifar10-1000": (DEFAULT, WIDER, WIDEST, LONGER),
    "pairs-10000": tuple(replace(setting, epochs=20) for setting in (DEFAULT, WIDEST)),
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
        if (accuracy := mean_of(its["accuracy"] for its in _stored(data, setting)))
    ]
    found = [its for data, settings in TRIED.items() for setting in settings for its in _stored(data, setting)]
    return [
        "## How wide the network of `fast` is",
        "",
        "Where there are few images, more filters help more than more epochs. So for images so few that it sees them "
        f"{EPOCHS} times, `fast` takes as many filters as it can pay for with the work that CIFAR-10's 50,000 images "
        f"take, up to {WIDEST.last} in the last groups; and for many classes as many there as there are classes, up to "
        f"the same. Chosen on training images of CIFAR-10: those in the table are trained on, {HELD_OUT:,} others "
        "judge. Filters are those of the group before the last two, and of the last two.",
        "",
        *table(("data", "training images", "filters", "epochs", "accuracy"), rows),
        "",
        # No times are shown, so it does not matter who else was at work.
        *measured_on([{**its, "quiet": True} for its in found]),
        "- `python -m benchmarks.choose_width`",
        "",
    ]


def _stored(data: str, setting: Setting) -> list[Result]:
    files = [_file(data, setting, seed) for seed in SEEDS]
    return [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]


def _file(data: str, setting: Setting, seed: int) -> Path:
    return RESULTS / f"{data}-{setting.first}-{setting.last}-{setting.epochs}-{seed}.json"


def _measure(data: str, setting: Setting, seed: int) -> Result:
    name, images = data.split("-")
    (x_train, y_train), (x_test, y_test) = (_pairs if name == "pairs" else _some_of_each)(int(images))
    settings = {
        "seed": seed,
        "epochs": setting.epochs,
        "data.validation": 0,
        "model.arguments.widths": group_widths(x_train.shape[1:], setting.first, setting.last),
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
        "revision": revision(),
        "machine": machine(),
        "versions": versions(),
        "seconds": round(run.train_seconds, 1),
    }


def _some_of_each(images: int) -> tuple[Arrays, Arrays]:
    """Take as many training images of CIFAR-10 of each class; and others to judge by."""
    x, y = _train_images()
    order = np.random.default_rng(0).permutation(len(x))
    rest, held_out = order[:-HELD_OUT], order[-HELD_OUT:]
    taken = np.concatenate([rest[y[rest] == label][: images // 10] for label in range(10)])
    return (x[taken], y[taken]), (x[held_out], y[held_out])


def _pairs(images: int) -> tuple[Arrays, Arrays]:
    """Put two photos of half the width side by side: 10 x 10 classes."""
    x, y = _train_images()
    random = np.random.default_rng(1)

    def draw(n: int, among: npt.NDArray[np.int64]) -> Arrays:
        both = random.choice(among, (2, n))
        halves = [x[photos].reshape(n, SIDE, SIDE // 2, 2, 3).mean(axis=3) for photos in both]
        return np.concatenate(halves, axis=2).astype(np.uint8), y[both[0]] * 10 + y[both[1]]

    return draw(images, np.arange(40_000)), draw(HELD_OUT, np.arange(40_000, len(x)))


def _train_images() -> Arrays:
    with np.load(Path(os.environ["LENSMITH_DATA"]) / "cifar10.npz") as file:
        return file["x_train"], file["y_train"].reshape(-1).astype(np.int64)


if __name__ == "__main__":
    main()
