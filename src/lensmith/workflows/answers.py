"""A run's answers for one of its splits: those that `evaluate` has written, or, where there are none, new ones."""

import csv
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.backend import start_keras
from lensmith.data import Dataset
from lensmith.errors import LensmithError, RunError
from lensmith.files import sha256_of
from lensmith.inference import Predictor
from lensmith.rendering.progress import Screen
from lensmith.rendering.wording import spreadsheet_safe
from lensmith.runs import Run
from lensmith.safety import read_json
from lensmith.workflows.measuring import evaluate_model
from lensmith.workflows.provenance import check_same_data, open_data_of, recipe_of

Opened = dict[str, Dataset]
"""The data opened last, by where it is and how it was read."""

_BEFORE = 3
"""Columns of `predictions.csv` before the probabilities: path, label, predicted."""


@dataclass(frozen=True)
class Answers:
    """What a run says of the images of a split.

    Attributes:
        names: N names of images.
        labels: `int64 (N,)`.
        right: `bool (N,)`: whether the label is the likeliest class.
        sureness: `float (N,)`: the label's probability.
    """

    names: list[str]
    labels: npt.NDArray[np.int64]
    right: npt.NDArray[np.bool_]
    sureness: npt.NDArray[np.float64]


def answers_of(run: Run, split: str, screen: Screen, opened: Opened) -> Answers:
    """Read a run's answers, or let it answer where it has not, or another model of the run's has.

    Args:
        run: With a model.
        split: `validation` or `test`.
        screen: To talk to while images are decoded.
        opened: Data that is open already.

    Raises:
        LensmithError: There are no answers, and the run's data are not there, have changed, or have no such split.
    """
    if not _are_written(run, split):
        screen.say(f"{run.name} has not answered the {split} images yet; it does now.")
        predictor = Predictor.of_run(run)
        start_keras()
        dataset = open_split(run, split, screen, opened)
        evaluate_model(run, predictor, dataset, recipe_of(run), split)
    return _read(run.evaluation_of(split) / "predictions.csv", run.artifact["class_names"])


def require_split(run: Run, split: str, instead: str = "Use --split test.") -> None:
    """Refuse a run whose data have no such split, before anything is opened.

    Args:
        run: Says which there are.
        split: `validation` or `test`.
        instead: What to do without validation images where there are test images.

    Raises:
        LensmithError: They have not; which ones there are.
    """
    there = run.info.get("data", {}).get("counts") or [split]
    _check_there(run, split, there, f" {instead}" if split == "validation" and "test" in there else "")


def _check_there(run: Run, split: str, there: Collection[str], instead: str = "") -> None:
    if split not in there:
        raise LensmithError(f"The data of run {run.name} has no {split} split. It has: {', '.join(there)}.{instead}")


def open_split(run: Run, split: str, screen: Screen, opened: Opened | None = None) -> Dataset:
    """Open a run's data, which must be what they were and have this split.

    Args:
        run: Says which.
        split: Its name.
        screen: To talk to while images are decoded.
        opened: Data that is open already, and gets these.
    """
    recipe = recipe_of(run)
    kept = {} if opened is None else opened
    key = f"{run.info['data'].get('source')} {recipe.data.model_dump_json()}"
    if key not in kept:
        kept.clear()  # one at a time: each may fill much memory
        kept[key] = open_data_of(run, recipe, screen)
    dataset = kept[key]
    check_same_data(run, dataset)
    _check_there(run, split, dataset.splits)
    return dataset


def _are_written(run: Run, split: str) -> bool:
    folder = run.evaluation_of(split)
    files = folder / "evaluation.json", folder / "predictions.csv"
    if not all(file.exists() for file in files):
        return False
    for file in files:
        run.check_file(file)
    try:
        found: Any = read_json(files[0])
        return bool(found["model"] == sha256_of(run.onnx_file))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _read(file: Path, class_names: list[str]) -> Answers:
    number_of = {spreadsheet_safe(name): number for number, name in enumerate(class_names)}
    try:
        with file.open(encoding="utf-8", newline="") as text:
            header, *rows = csv.reader(text)
        if header[_BEFORE:] != [f"p_{name}" for name in class_names]:
            raise ValueError("its columns are not the run's classes")
        labels = np.array([number_of[row[1]] for row in rows], np.int64)
        probabilities = np.array([row[_BEFORE:] for row in rows], np.float64).reshape(len(rows), len(class_names))
    except (OSError, ValueError, IndexError, KeyError, csv.Error) as error:
        raise RunError(f"{file} cannot be read: {error}. Remove it, and it is written anew.") from None
    return Answers(
        names=[row[0] for row in rows],
        labels=labels,
        right=np.array([row[1] == row[2] for row in rows], bool),
        sureness=probabilities[np.arange(len(rows)), labels],
    )
