"""Small records of a run that was never trained, for what draws them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from lensmith.config import Recipe
from lensmith.data import Dataset, Skipped, Split
from lensmith.diagnosis import DiagnoseRecord
from lensmith.evaluation import Evaluation, evaluate, most_confident_mistakes
from lensmith.export import ExportedModel
from lensmith.rendering.report import LayerRow, Report
from lensmith.runs import Run
from lensmith.training import TrainingResult

NASTY_NAMES = (
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    """cat & "dog" 'x'""",
    "\u202eback\u202d to front",
    "עברית قطة",
    "🐱😀🌸👩‍👩‍👧",
    "中文",
    "$x^2$ {{ 7*7 }}",
    "tab\there, line\nbreak, bell\x07, raw byte \udcff",
    "a-name-that-goes-on-" * 6,
)


def a_dataset(
    names: tuple[str, ...] = ("cat", "dog", "owl"),
    per_class: int = 10,
    side: int = 8,
    *,
    test: bool = True,
    **more: Any,
) -> Dataset:
    """Images of noise: a tenth of each class for validation, three tenths for the test split if there is one."""
    n = per_class * len(names)
    store = np.random.default_rng(0).integers(0, 256, (n, side, side, 3), dtype=np.uint8)
    labels = np.arange(n) // per_class
    place = np.arange(n) % per_class / per_class

    def split(low: float, high: float) -> Split:
        chosen = np.flatnonzero((place >= low) & (place < high))
        return Split(store, chosen, labels[chosen], [f"{names[labels[i]]}/{i:04d}.jpg" for i in chosen])

    start = 0.6 if test else 0.9
    return Dataset(
        name="pets",
        source="/data/pets",
        class_names=names,
        train=split(0, start),
        validation=split(0.9, 1),
        test=split(0.6, 0.9) if test else None,
        fingerprint="ab" * 32,
        split_origin="as the data comes",
        **more,
    )


def answers(labels: np.ndarray, num_classes: int, wrong: dict[int, int] | None = None) -> np.ndarray:
    """Probabilities that are right but for the images in `wrong`, by place, which get that class."""
    said = labels.copy()
    for image, label in (wrong or {}).items():
        said[image] = label
    probabilities = np.full((len(labels), num_classes), 0.2 / max(num_classes - 1, 1))
    probabilities[np.arange(len(labels)), said] = 0.8
    return probabilities


def an_evaluation(dataset: Dataset, wrong: dict[int, int] | None = None) -> Evaluation:
    """The evaluation of `answers` on the test split."""
    its = dataset.splits["test"]
    probabilities = answers(its.labels, len(dataset.class_names), wrong)
    return evaluate(
        probabilities, its.labels, dataset.class_names, dataset.train.labels, run="r", split="test", loss=0.5
    )


def a_history(epochs: int = 3) -> list[dict[str, float | int | None]]:
    return [
        {
            "epoch": epoch,
            "step": 10 * epoch,
            "learning_rate": 0.001,
            "loss": 1 / epoch,
            "accuracy": 1 - 0.5 / epoch,
            "val_loss": 1.2 / epoch,
            "val_accuracy": 1 - 0.6 / epoch,
            "seconds": 1.5,
            "images_per_second": 100.0,
        }
        for epoch in range(1, epochs + 1)
    ]


RECIPE = Recipe.model_validate(
    {
        "name": "tiny",
        "description": "A recipe.",
        "model": {"layers": ["Flatten", {"class_name": "Dense", "units": "num_classes"}]},
        "training": {"epochs": 3, "batch_size": 32, "optimizer": {"class_name": "Adam", "learning_rate": 0.01}},
    }
)


def a_report(folder: Path, dataset: Dataset, wrong: dict[int, int] | None = None, **info: Any) -> Report:
    """A report on `an_evaluation`, or on a run without one when the data has no test split.

    Args:
        folder: Becomes the run.
        dataset: What it was trained on.
        wrong: As for `answers`.
        info: Of `run.json`.
    """
    folder.mkdir(exist_ok=True)
    (folder / "run.json").write_text(json.dumps(info), encoding="utf-8")
    (folder / "artifact.json").write_text("{}", encoding="utf-8")
    test, num_classes = dataset.test, len(dataset.class_names)
    mistakes = (
        most_confident_mistakes(answers(test.labels, num_classes, wrong), test, dataset.class_names) if test else []
    )
    samples = np.arange(min(6, len(dataset.train)))
    return Report(
        run=Run(folder),
        dataset=dataset,
        recipe=RECIPE,
        training=TrainingResult(
            model=None,
            parameters=1234,
            epochs=3,
            new_epochs=3,
            new_images=240,
            steps=30,
            best_epoch=2,
            problems=[],
            history=a_history(),
        ),
        layers=[LayerRow("flatten", "Flatten", (None, 192), 0), LayerRow("dense", "Dense", (None, 3), 579)],
        diagnosed=DiagnoseRecord(str(folder), "finished", 3, "3 epochs", []),
        exported=ExportedModel("onnx", str(folder / "model.onnx"), 141_733, 9, 1.0, 3.6e-7),
        evaluation=an_evaluation(dataset, wrong) if test else None,
        mistakes=mistakes,
        mistake_images=test.read(np.array([its.position for its in mistakes], dtype=int)) if test else None,
        sample_images=dataset.train.read(samples),
        sample_labels=[dataset.class_names[label] for label in dataset.train.labels[samples]],
    )


def skipped(count: int) -> tuple[Skipped, ...]:
    """Files that were not used: every third is empty, the others are no images."""
    return tuple(
        Skipped(f"cat/IMG_{i:04d}.HEIC", "empty file")
        if i % 3 == 0
        else Skipped(f"cat/IMG_{i:04d}.HEIC", "not an image")
        for i in range(count)
    )
