"""`evaluate`: metrics of a run on one of its splits, with predictions and pictures in the run folder."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lensmith.backend import start_keras
from lensmith.config import Recipe
from lensmith.data import Dataset, Split
from lensmith.errors import LensmithError, did_you_mean
from lensmith.evaluation import TTA, Evaluation, Mistake, evaluate_tta, most_confident_mistakes, predict_views
from lensmith.evaluation import evaluate as measure
from lensmith.files import write_text
from lensmith.inference import Predictor
from lensmith.records import to_json
from lensmith.rendering.figures import save_confusion, save_mistakes
from lensmith.rendering.progress import current_screen
from lensmith.rendering.wording import spreadsheet_safe
from lensmith.runs import Run, count_looks, find_run, note_look
from lensmith.training import make_loss, make_targets
from lensmith.workflows.provenance import check_same_data, open_data_of, recipe_of

SPLITS = ("test", "validation", "train")
BATCH = 256


@dataclass(frozen=True)
class Evaluated:
    """An evaluation with the mistakes behind it and their images, `uint8 (n, H, W, C)`."""

    evaluation: Evaluation
    mistakes: list[Mistake]
    mistake_images: npt.NDArray[np.uint8]


def evaluate(
    run: str | Path = "latest",
    *,
    split: str = "test",
    tta: str | None = None,
    runs: str | Path | None = None,
    trust: bool = False,
) -> Evaluation:
    """Measure a run's model on one of the run's splits, and write the result into the run folder.

    Args:
        run: A run folder, a run's name, or `latest`.
        split: `test`, `validation` or `train`.
        tta: Test-time augmentation to measure beside the plain answers: `none`, `flip` or `shift`. By default
            what the run's recipe says.
        runs: The runs root.
        trust: Whether the run is one's own: its model is not looked into before it is loaded.

    Raises:
        RunError: No such run, no model yet, or the data has changed since.
        LensmithError: The run's data has no such split, there is no such augmentation, or the images are too
            small for it.
    """
    if split not in SPLITS:
        raise LensmithError(f"No split named {split!r}.{did_you_mean(split, SPLITS)}")
    if tta is not None:
        TTA[tta]  # so that a mistyped name is answered with the nearest one
    found = find_run(run, runs, trust=trust)
    recipe = recipe_of(found, {} if tta is None else {"evaluation.tta": tta})
    with current_screen() as screen:
        predictor = Predictor.of_run(found)
        start_keras()
        dataset = open_data_of(found, recipe, screen)
        check_same_data(found, dataset)
        if split not in dataset.splits:
            raise LensmithError(
                f"The data of run {found.name} has no {split} split. It has: {', '.join(dataset.splits)}."
            )
        if split == "test":
            note_look(found.path.parent, dataset.fingerprint, "evaluate", [found.name])
        return evaluate_model(found, predictor, dataset, recipe, split).evaluation


def evaluate_model(run: Run, predictor: Predictor, dataset: Dataset, recipe: Recipe, split_name: str) -> Evaluated:
    """Measure a model, as `predict` uses it, on a split, and write what is found into the run folder.

    Evaluation, predictions and pictures are of the plain answers, which are those that `predict` gives; what the
    recipe's test-time augmentation gives stands in the evaluation's `tta`.
    """
    split, kind = dataset.splits[split_name], recipe.evaluation.tta
    answers = predict_views(predictor.probabilities, _batches(split), kind)
    probabilities = answers.plain
    evaluation = measure(
        probabilities,
        split.labels,
        dataset.class_names,
        dataset.train.labels,
        run=str(run.path),
        split=split_name,
        loss=_mean_loss(probabilities, split, recipe),
    )
    looks = count_looks(run.path.parent, dataset.fingerprint) if split_name == "test" else None
    evaluation = replace(evaluation, looks=looks, model=run.artifact["sha256"]["model.onnx"])
    if kind != "none":
        evaluation = replace(evaluation, tta=evaluate_tta(kind, answers, split.labels))
    mistakes = most_confident_mistakes(probabilities, split, dataset.class_names)
    images = split.read(np.array([its.position for its in mistakes], np.int64))
    folder = run.evaluation_of(split_name)
    write_text(folder / "evaluation.json", to_json(evaluation))
    write_text(folder / "predictions.csv", _predictions_csv(probabilities, split, dataset.class_names))
    save_confusion(evaluation, folder / "confusion.png")
    save_mistakes(mistakes, images, folder / "mistakes.png")
    return Evaluated(evaluation, mistakes, images)


def _batches(split: Split) -> Iterator[npt.NDArray[np.uint8]]:
    for start in range(0, len(split), BATCH):
        yield split.read(slice(start, start + BATCH))


def _mean_loss(probabilities: npt.NDArray[np.floating], split: Split, recipe: Recipe) -> float:
    loss = make_loss(recipe.training, on_probabilities=True)
    return float(loss(make_targets(split, probabilities.shape[1], loss), probabilities))


def _predictions_csv(probabilities: npt.NDArray[np.floating], split: Split, class_names: tuple[str, ...]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "label", "predicted", *(f"p_{name}" for name in class_names)])
    predicted = probabilities.argmax(axis=1)
    for place, name in enumerate(split.names):
        row = [
            spreadsheet_safe(name),
            spreadsheet_safe(class_names[split.labels[place]]),
            spreadsheet_safe(class_names[predicted[place]]),
        ]
        writer.writerow([*row, *(f"{value:.6g}" for value in probabilities[place])])
    return text.getvalue()
