"""Measure a model on a split: its evaluation, with predictions and pictures, in the run folder."""

import csv
import io
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from lensmith.config import Recipe
from lensmith.data import Dataset, Split
from lensmith.evaluation import (
    Evaluation,
    Mistake,
    evaluate,
    evaluate_tta,
    measure_rejection,
    most_confident_mistakes,
    predict_views,
)
from lensmith.files import sha256_of, write_text
from lensmith.inference import Predictor
from lensmith.records import to_json
from lensmith.rendering.figures import save_confusion, save_mistakes
from lensmith.rendering.wording import spreadsheet_safe
from lensmith.runs import Run, count_looks
from lensmith.training import make_loss, make_targets

BATCH = 256


@dataclass(frozen=True)
class Evaluated:
    """An evaluation with the mistakes behind it and their images, `uint8 (n, H, W, C)`."""

    evaluation: Evaluation
    mistakes: list[Mistake]
    mistake_images: npt.NDArray[np.uint8]


def evaluate_model(run: Run, predictor: Predictor, dataset: Dataset, recipe: Recipe, split_name: str) -> Evaluated:
    """Measure a model, as `predict` uses it, on a split, and write what is found into the run folder.

    Evaluation, predictions and pictures are of the plain answers, which are those that `predict` gives; what the
    recipe's test-time augmentation gives stands in the evaluation's `tta`.
    """
    split, kind = dataset.splits[split_name], recipe.evaluation.tta
    model = sha256_of(run.onnx_file)
    answers = predict_views(predictor.probabilities, split.batches(BATCH), kind)
    probabilities = answers.plain
    evaluation = evaluate(
        probabilities,
        split.labels,
        dataset.class_names,
        dataset.train.labels,
        run=str(run.path),
        split=split_name,
        loss=_mean_loss(probabilities, split, recipe),
    )
    looks = count_looks(run.path.parent, dataset.fingerprint, run.name) if split_name == "test" else None
    evaluation = replace(evaluation, looks=looks, model=model)
    threshold = run.artifact.get("rejection_threshold")
    if threshold is not None:
        evaluation = replace(evaluation, rejection=measure_rejection(probabilities, split.labels, threshold))
    if kind != "none":
        evaluation = replace(evaluation, tta=evaluate_tta(kind, answers, split.labels))
    mistakes = most_confident_mistakes(probabilities, split, dataset.class_names)
    images = split.read(np.array([its.position for its in mistakes], np.int64))
    folder = run.evaluation_of(split_name)
    write_text(folder / "predictions.csv", _predictions_csv(probabilities, split, dataset.class_names))
    # After the predictions: it says which model they are of.
    write_text(folder / "evaluation.json", to_json(evaluation))
    save_confusion(evaluation, folder / "confusion.png")
    save_mistakes(mistakes, images, folder / "mistakes.png")
    return Evaluated(evaluation, mistakes, images)


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
