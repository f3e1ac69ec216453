"""The page of a run: one file that loads nothing from elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from lensmith.config import Recipe
from lensmith.data import Dataset
from lensmith.diagnosis import DiagnoseRecord
from lensmith.evaluation import Evaluation, Mistake
from lensmith.export import ExportedModel
from lensmith.records import Record
from lensmith.rendering import findings, origins
from lensmith.rendering.calibration import trust_view
from lensmith.rendering.charts import Curve, learning_curves
from lensmith.rendering.pages import render_page
from lensmith.rendering.pictures import Picture, picture
from lensmith.rendering.wording import (
    counted,
    decimals_for,
    duration,
    file_size,
    looks_sentence,
    percent,
    percent_range,
    tta_sentence,
)
from lensmith.runs import Run
from lensmith.training import TrainingResult

SKIPPED_NAMED = 20
MISTAKE_SIDE, SAMPLE_SIDE = 144, 112
"""CSS pixels."""


@dataclass(frozen=True)
class LayerRow(Record):
    """A layer of the network.

    Attributes:
        name: Of the layer.
        type: Name of its class.
        output_shape: With the batch first; `None` is any size.
        parameters: Number of weights, trainable and not.
    """

    name: str
    type: str
    output_shape: tuple[int | None, ...]
    parameters: int


@dataclass(frozen=True)
class Report:
    """All that the page shows.

    Attributes:
        run: Its `run.json` may lack anything but must be there.
        dataset, recipe, training, layers, diagnosed, exported: Records of the run.
        evaluation: `None` when there are no test images.
        mistakes: Surest first.
        mistake_images: `uint8 (n, H, W, C)`, one a mistake; `None` shows none.
        sample_images: `uint8 (n, H, W, C)`.
        sample_labels: n class names.
    """

    run: Run
    dataset: Dataset
    recipe: Recipe
    training: TrainingResult
    layers: list[LayerRow]
    diagnosed: DiagnoseRecord
    exported: ExportedModel
    evaluation: Evaluation | None
    mistakes: list[Mistake]
    mistake_images: npt.NDArray[np.uint8] | None
    sample_images: npt.NDArray[np.uint8]
    sample_labels: list[str]


def render_report(report: Report) -> str:
    """Draw the page: HTML in one piece, which needs neither a network nor scripts.

    Args:
        report: What to show. Names in it may hold anything; they are escaped.
    """
    return render_page("report.html.j2", _view(report))


def _view(report: Report) -> dict[str, Any]:
    info = report.run.info
    info = {**(info.get("result") or {}), **info}  # the times are in the record of `train`
    evaluation, dataset, training = report.evaluation, report.dataset, report.training
    return {
        "run": report.run,
        "lensmith_version": origins.versions(info)["lensmith"],
        "dataset": dataset,
        "recipe": report.recipe,
        "training": training,
        "evaluation": evaluation,
        "result": _result(evaluation) if evaluation else None,
        "validation": _best_validation(training),
        "tiles": _tiles(report, info),
        "splits": origins.split_rows(dataset),
        "balance": origins.balance_rows(dataset),
        "balance_sentence": origins.balance_sentence(dataset),
        "image_facts": origins.image_facts(dataset),
        "skipped_named": dataset.skipped[:SKIPPED_NAMED],
        "trust": trust_view(evaluation, report.run.artifact.get("temperature")) if evaluation else None,
        "samples": _samples(report),
        "mistakes": _mistakes(report),
        "curves": _curves(training),
        "settings": origins.settings(report.recipe, training, dataset, info),
        "diagnosed": report.diagnosed,
        "layers": report.layers,
        "most_parameters": max((layer.parameters for layer in report.layers), default=0) or 1,
        "trained": origins.trained(training),
        "commands": origins.commands(report.run, dataset),
        "provenance": origins.provenance(report.run, info, dataset, report.exported),
    }


def _result(evaluation: Evaluation) -> dict[str, Any]:
    decimals = decimals_for(evaluation.n)
    low, high = evaluation.accuracy_low, evaluation.accuracy_high
    return {
        "accuracy": percent(evaluation.accuracy, decimals),
        "interval": percent_range(low, high, decimals),
        "baseline": percent(evaluation.baseline_accuracy, decimals),
        "beats_baseline": low > evaluation.baseline_accuracy,
        "strip": findings.strip(evaluation.accuracy, evaluation.baseline_accuracy, low, high),
        "meaning": findings.SPLIT_MEANING.get(evaluation.split, ""),
        "metrics": findings.metric_rows(evaluation),
        "looks": looks_sentence(evaluation.looks) if evaluation.looks else "",
        "tta": findings.tta_rows(evaluation),
        "tta_sentence": tta_sentence(evaluation.tta) if evaluation.tta else "",
        "classes": findings.class_rows(evaluation),
        "confusion": findings.confusion_rows(evaluation),
        "confusion_map": Markup("") if findings.confusion_rows(evaluation) else findings.confusion_map(evaluation),
        "wrong": findings.wrong_answers(evaluation),
    }


def _best_validation(training: TrainingResult) -> float | None:
    """Accuracy on the validation split, a fraction, of the epoch whose weights the model has."""
    return (training.best_row or {}).get("val_accuracy")


def _tiles(report: Report, info: Mapping[str, Any]) -> list[tuple[str, str]]:
    tiles = [("trained on", counted(len(report.dataset.train), "image"))]
    if report.evaluation:
        tiles.append((f"measured on {report.evaluation.split}", counted(report.evaluation.n, "image")))
    tiles.append(("weights", counted(report.training.parameters, "parameter")))
    if "train_seconds" in info and report.training.new_epochs == report.training.epochs:
        tiles.append(("training took", duration(info["train_seconds"])))
    tiles.append((f"model.{report.exported.format}", file_size(report.exported.bytes)))
    return tiles


def _mistakes(report: Report) -> list[dict[str, Any]]:
    images = report.mistake_images
    pictures = [None] * len(report.mistakes) if images is None else [picture(image, MISTAKE_SIDE) for image in images]
    both = zip(report.mistakes, pictures, strict=True)
    return [{"mistake": mistake, "picture": its} for mistake, its in both]


def _samples(report: Report) -> list[tuple[Picture, str]]:
    both = zip(report.sample_images, report.sample_labels, strict=True)
    return [(picture(image, SAMPLE_SIDE), label) for image, label in both]


def _curves(training: TrainingResult) -> list[tuple[str, Markup]]:
    if not training.epochs:
        return []
    drawn = []
    first, best = int(training.history[0]["epoch"] or 0), training.best_epoch if training.best_row else None
    for column, name in (("accuracy", "Accuracy"), ("loss", "Loss")):
        columns = {"training": column, "validation": f"val_{column}"}
        curves = [Curve(kind, [row.get(its) for row in training.history]) for kind, its in columns.items()]
        chart = learning_curves(name, curves, best, fraction=column == "accuracy", first=first)
        drawn.append((name, chart))
    return [(name, chart) for name, chart in drawn if chart]
