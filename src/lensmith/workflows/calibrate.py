"""`calibrate`: probabilities that can be taken at their word, and an answer of "unknown" where they are too low."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.backend import start_keras
from lensmith.data import Dataset, Split
from lensmith.errors import LensmithError
from lensmith.evaluation import (
    Calibration,
    Rejection,
    Temperature,
    calibration,
    fit_temperature,
    temper,
    threshold_for_accuracy,
    threshold_for_coverage,
)
from lensmith.export import export_artifact
from lensmith.files import write_text
from lensmith.inference import Predictor
from lensmith.locks import locked
from lensmith.models import soften
from lensmith.records import Record, to_json
from lensmith.rendering.progress import Screen, current_screen
from lensmith.runs import find_run
from lensmith.workflows.answers import open_split, require_split

FEWEST, PIXELS = 50, 10_000_000
"""Validation images that a temperature is fitted on: no fewer, and of large ones only so many pixels."""
BATCH = 64
TOLERANCE = 1e-4


@dataclass(frozen=True)
class CalibrateRecord(Record):
    """What `calibrate` did. All of it is measured on validation images.

    Attributes:
        run: Path of the run.
        n: Validation images.
        temperature: By which the logits are divided; `None` where there is none.
        fitted: How it was fitted, where that was now.
        calibration: Of the probabilities as they are now.
        rejection: The threshold that was chosen; `None` where none was asked for.
        rejection_threshold: That the run has now.
        taken_away: The threshold that it had and has no more; `None` where it had none, or has another.
    """

    run: str
    n: int
    temperature: float | None
    fitted: Temperature | None
    calibration: Calibration
    rejection: Rejection | None
    rejection_threshold: float | None
    taken_away: float | None


def calibrate(
    run: str | Path = "latest",
    *,
    accuracy: float | None = None,
    coverage: float | None = None,
    answer_all: bool = False,
    runs: str | Path | None = None,
    trust: bool = False,
) -> CalibrateRecord:
    """Fit a run's temperature where it has none yet, and choose from which probability on it answers.

    Both on validation images, never on those of the test. The chosen threshold goes into `artifact.json`; from then on
    `predict` answers `unknown` below it.

    Args:
        run: A run folder, a run's name, or `latest`.
        accuracy: Wanted of the answers that are given, with 95 % confidence; a fraction.
        coverage: Share of images that is to be answered, a fraction.
        answer_all: Take a threshold away that was chosen before.
        runs: The runs root.
        trust: Whether the run is one's own.

    Raises:
        LensmithError: More than one of the three, the run has no validation images, or the accuracy cannot be promised.
    """
    _check_options(accuracy, coverage, answer_all=answer_all)
    found = find_run(run, runs, trust=trust)
    require_split(found, "validation", "Test images are not for choosing: train with data.validation above 0.")
    with locked(found.path), current_screen() as screen:
        predictor = Predictor.of_run(found)
        start_keras()
        dataset = open_split(found, "validation", screen)
        split = dataset.splits["validation"]
        model, fitted, probabilities = None, None, _answers(predictor.probabilities, split)
        if predictor.temperature is None:
            model = found.model
            fitted = soften_by_validation(model, dataset, screen)
            probabilities = temper(probabilities, fitted.value) if fitted else probabilities
        chosen = _choose(probabilities, split.labels, accuracy, coverage)
        before = found.artifact.get("rejection_threshold")
        kept = None if answer_all or fitted else before
        threshold = chosen.threshold if chosen else kept
        # Nothing is written before all that could be refused has been.
        if fitted:
            export_artifact(found, model, dataset, fitted.value, threshold)
            found.update(temperature=fitted)
        elif chosen or answer_all:
            write_text(found.path / "artifact.json", to_json(found.artifact | {"rejection_threshold": threshold}))
        if fitted or chosen or answer_all:
            found.update(rejection=chosen)
    return CalibrateRecord(
        run=str(found.path),
        n=len(split),
        temperature=fitted.value if fitted else predictor.temperature,
        fitted=fitted,
        calibration=calibration(probabilities, split.labels),
        rejection=chosen,
        rejection_threshold=threshold,
        taken_away=before if threshold is None else None,
    )


def _check_options(accuracy: float | None, coverage: float | None, *, answer_all: bool) -> None:
    if (accuracy is not None) + (coverage is not None) + answer_all > 1:
        raise LensmithError("Give one of --accuracy, --coverage and --answer-all.")
    for name, value in (("accuracy", accuracy), ("coverage", coverage)):
        if value is not None and not 0 < value <= 1:
            raise LensmithError(f"--{name} {value:g}: it must be a fraction above 0, at most 1.")


def soften_by_validation(model: Any, dataset: Dataset, screen: Screen) -> Temperature | None:
    """Fit a temperature on validation images, and build it into the model.

    Args:
        model: From raw pixels to probabilities; its last weights are scaled in place.
        dataset: Without enough validation images nothing is done.
        screen: Is told where nothing could be done.

    Returns:
        How it was fitted; `None` where the model is as it was.
    """
    if images_fitted(dataset) < FEWEST:
        return None
    assert dataset.validation is not None
    split = dataset.validation.spread(images_fitted(dataset))

    def predict(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.floating]:
        return np.asarray(model.predict(images, verbose=0, batch_size=BATCH))

    before, weights = _answers(predict, split), model.get_weights()
    if not np.isfinite(before).all():  # the export says so
        return None
    fitted = fit_temperature(before, split.labels)
    if not soften(model, fitted.value):
        screen.say(
            "The probabilities are as trained: between the last weights and the softmax is no way to scale them."
        )
        return None
    some = split.read(slice(0, BATCH))
    difference = float(np.abs(predict(some) - temper(before[: len(some)], fitted.value)).max())
    if difference <= TOLERANCE:  # and so not where it is NaN
        return fitted
    model.set_weights(weights)
    screen.warn(f"The probabilities are as trained: scaled weights gave others than meant (by {difference:.2g}).")
    return None


def images_fitted(dataset: Dataset) -> int:
    """Return how many validation images a temperature is fitted on."""
    height, width, _ = dataset.image_shape
    return min(len(dataset.validation or ()), max(FEWEST, PIXELS // (height * width)))


def _choose(
    probabilities: npt.NDArray[np.floating],
    labels: npt.NDArray[np.int64],
    accuracy: float | None,
    coverage: float | None,
) -> Rejection | None:
    if accuracy is not None:
        return threshold_for_accuracy(probabilities, labels, accuracy)
    return threshold_for_coverage(probabilities, labels, coverage) if coverage is not None else None


def _answers(predict: Any, split: Split) -> npt.NDArray[np.floating]:
    """Answer batch by batch, so that large images do not pile up in memory."""
    return np.concatenate([predict(images) for images in split.batches(BATCH)])
