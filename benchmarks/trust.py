"""Whether answers can be taken at their word, on three data sets: writes what is measured in `docs/trust.md`.

    LENSMITH_DATA=… python -m benchmarks.trust

Three trainings of each, on nine tenths of the training images. Temperature and threshold are fitted on the others;
how well they do is read from the answers that each training gave to its test images at its end. Worse and foreign
images are `lensmith robustness`, on validation images. A quarter of an hour.
"""

import argparse
import csv
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import lensmith
from benchmarks.contestants import ROOT
from benchmarks.flowers import flowers12, link_different_photos
from benchmarks.goals import Unit
from benchmarks.harness import say
from benchmarks.marked import write_measured
from benchmarks.sections import table, written
from benchmarks.spread import mean_of
from lensmith.evaluation import Novelty, Robustness, calibration, measure_rejection, temper
from lensmith.rendering.wording import decimals_for, percent
from lensmith.runs import Run
from lensmith.workflows.provenance import machine

PAGE, COMMAND = ROOT / "docs" / "trust.md", "python -m benchmarks.trust"
SEEDS = 3
FLOWERS = "FLOWERS"
"""Stands for a folder with each of the flowers' photos once: some are there several times."""
ERRORS, WHEN = ("ECE", "Brier", "log loss"), ("as trained", "now")
THREE, TWO = Unit("{:.3f}"), Unit("{:.2f}")


@dataclass(frozen=True)
class Share(Unit):
    """A share of n images, written as exactly as so many allow."""

    text: str = ""
    n: int = 1

    def write(self, value: float) -> str:
        """Write a share."""
        return percent(value, decimals_for(self.n))


@dataclass(frozen=True)
class Task:
    """A data set, and what is asked of its classifier.

    Attributes:
        words: What it is called.
        data: DATA.
        recipe: By name.
        asked: Option of `calibrate`, and its value.
        foreign: What the classifier knows nothing of.
    """

    words: str
    data: str
    recipe: str
    asked: tuple[str, float]
    foreign: str


TASKS = (
    Task("MNIST", "mnist", "speedrun-mnist", ("accuracy", 0.998), "fashion-mnist"),
    Task("CIFAR-10", "cifar10", "speedrun-cifar10", ("accuracy", 0.95), FLOWERS),
    Task("12 flowers", FLOWERS, "transfer", ("coverage", 0.9), "cifar10"),
)


@dataclass(frozen=True)
class Found:
    """What came of one training.

    Attributes:
        n: Test images.
        accuracy: On these.
        temperature: That was built in.
        before, after: `ERRORS` on the test images, as trained and now.
        answered, right: Share of the test images answered at the threshold, and of these answers that are right.
        robustness: On validation images.
        novelty: Foreign data, noise and blank images.
    """

    n: int
    accuracy: float
    temperature: float
    before: tuple[float, float, float]
    after: tuple[float, float, float]
    answered: float
    right: float
    robustness: Robustness
    novelty: list[Novelty]


def main() -> None:
    """Train, measure, write the part of the page."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory() as place:
        photos, runs = Path(place) / flowers12().name, Path(place) / "runs"
        link_different_photos(photos)
        found = {task: [measure(task, seed, photos, runs) for seed in range(SEEDS)] for task in TASKS}
    write_measured(PAGE, COMMAND, "\n\n".join(parts_of(found)))


def measure(task: Task, seed: int, photos: Path, runs: Path) -> Found:
    """Train, choose a threshold on validation images, measure."""
    data, foreign = (str(photos) if its == FLOWERS else its for its in (task.data, task.foreign))
    name = f"{Path(data).name}-{seed}"
    say(f"trust: training {name}")
    lensmith.train(data, task.recipe, set={"seed": seed, "data.validation": 0.1}, name=name, runs=runs)
    run = Run(runs / name)
    probabilities, labels = _test_answers(run)
    calibrated = lensmith.calibrate(run.path, **dict([task.asked]))
    told = lensmith.robustness(run.path, foreign=[foreign])
    temperature = calibrated.temperature or 1.0
    assert calibrated.rejection is not None
    selective = measure_rejection(probabilities, labels, calibrated.rejection.threshold)
    return Found(
        n=len(labels),
        accuracy=float((probabilities.argmax(axis=1) == labels).mean()),
        temperature=temperature,
        before=errors_of(temper(probabilities, 1 / temperature), labels),
        after=errors_of(probabilities, labels),
        answered=selective.coverage,
        right=selective.accuracy or 0.0,
        robustness=told.robustness,
        novelty=told.novelty,
    )


def errors_of(probabilities: Any, labels: Any) -> tuple[float, float, float]:
    """Compute `ERRORS`."""
    told = calibration(probabilities, labels)
    of_labels = np.maximum(probabilities[np.arange(len(labels)), labels], 1e-12)
    return told.ece, told.brier, float(-np.log(of_labels).mean())


def parts_of(found: Mapping[Task, Sequence[Found]]) -> list[str]:
    """Write the four tables, and what they were measured on."""
    where = machine()
    return [
        "Calibration on the test images, as trained and with the temperature that validation images gave:",
        _table(
            (
                "data",
                "recipe",
                "test images",
                "accuracy",
                "temperature",
                *(f"{its}, {when}" for its in ERRORS for when in WHEN),
            ),
            [(task.words, f"`{task.recipe}`", f"{its[0].n:,}", *_calibrated(its)) for task, its in found.items()],
            words=2,
        ),
        "*Unknown* at the threshold that validation images gave, on the test images:",
        _table(
            ("data", "asked", "test images", "answered", "of these right", "right if all are answered"),
            [
                (task.words, "`--{} {:g}`".format(*task.asked), f"{its[0].n:,}", *_rejected(its))
                for task, its in found.items()
            ],
            words=2,
        ),
        "Accuracy on worse images, over five severities of each kind:",
        _table(
            (
                "data",
                "validation images",
                "as they are",
                "mean of all",
                *next(iter(found.values()))[0].robustness.by_kind,
            ),
            [(task.words, f"{its[0].robustness.n:,}", *_corrupted(its)) for task, its in found.items()],
        ),
        "Images of nothing it knows:",
        _table(
            (
                "known",
                "foreign",
                "images of each",
                "AUROC by probability",
                "AUROC by energy",
                "answered with at least 90 %",
            ),
            [row for task, its in found.items() for row in _foreign(task, its)],
            words=2,
        ),
        f"Means of {SEEDS} seeds, in brackets the lowest and the highest. "
        f"{where['cores']} cores, {where['processor']}. Command: `{COMMAND}`.",
    ]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> str:
    return "\n".join(table(header, rows, words))


def _over(found: Sequence[Found], value: Callable[[Found], float], unit: Unit) -> str:
    return written(mean_of(map(value, found)), unit)


def _calibrated(found: Sequence[Found]) -> list[str]:
    pairs = [(its, place) for place in range(len(ERRORS)) for its in ("before", "after")]
    errors = [_over(found, lambda one, its=its, at=at: getattr(one, its)[at], THREE) for its, at in pairs]
    share = Share(n=found[0].n)
    return [_over(found, lambda its: its.accuracy, share), _over(found, lambda its: its.temperature, TWO), *errors]


def _rejected(found: Sequence[Found]) -> list[str]:
    values: list[Callable[[Found], float]] = [lambda its: its.answered, lambda its: its.right, lambda its: its.accuracy]
    return [_over(found, value, Share(n=found[0].n)) for value in values]


def _corrupted(found: Sequence[Found]) -> list[str]:
    share = Share(n=found[0].robustness.n)
    return [
        _over(found, lambda its: its.robustness.clean_accuracy, share),
        _over(found, lambda its: its.robustness.mean_corrupted_accuracy, share),
        *(
            _over(found, lambda its, kind=kind: its.robustness.by_kind[kind], share)
            for kind in found[0].robustness.by_kind
        ),
    ]


def _foreign(task: Task, found: Sequence[Found]) -> list[list[str]]:
    return [
        [
            task.words,
            one.name,
            f"{one.n_known:,}; {one.n_foreign:,}",
            _over(found, lambda its, at=at: its.novelty[at].auroc_probability, THREE),
            _over(found, lambda its, at=at: its.novelty[at].auroc_energy, THREE),
            _over(found, lambda its, at=at: its.novelty[at].confident, Share(n=one.n_foreign)),
        ]
        for at, one in enumerate(found[0].novelty)
    ]


def _test_answers(run: Run) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    names = run.artifact["class_names"]
    with (run.evaluation_of("test") / "predictions.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    probabilities = np.array([row[3:] for row in rows], dtype=np.float64)
    return probabilities, np.array([names.index(row[1]) for row in rows], dtype=np.int64)


if __name__ == "__main__":
    main()
