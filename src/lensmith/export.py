"""Write the artefact: `model.keras`, `model.onnx` and what is needed to use them, measured to agree."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lensmith.backend import export_onnx
from lensmith.data import Dataset, Split
from lensmith.errors import ExportError
from lensmith.files import replacing, sha256_of, write_text
from lensmith.inference import Predictor
from lensmith.records import Record, to_json
from lensmith.runs import Run

ARTIFACT_VERSION = 1
TOLERANCE = 1e-4
"""Largest difference of a probability between the two files that still counts as the same."""
IMAGES_COMPARED, PIXELS_COMPARED = 1000, 8_000_000
"""Held out: of small images so many, of large ones so many pixels, but no fewer than 100 of them."""
FEWEST_COMPARED = 100
COMPARED_AT_ONCE = 100


@dataclass(frozen=True)
class ExportedModel(Record):
    """An exported file and how well it agrees with the model.

    Attributes:
        format: `onnx`.
        path: The file.
        bytes: Its size.
        n: Images compared, held out where there are any.
        agreement: Fraction of them with the same likeliest class; classes within `TOLERANCE` of it count as it.
        max_difference: Largest difference of any probability.
    """

    format: str
    path: str
    bytes: int
    n: int
    agreement: float
    max_difference: float


def export_artifact(
    run: Run, model: Any, dataset: Dataset, temperature: float | None = None, threshold: float | None = None
) -> ExportedModel:
    """Save a trained model in both forms and check, on held-out images, that they give the same answers.

    Args:
        run: Gets `model.keras`, `model.onnx` and `artifact.json`.
        model: From raw pixels to probabilities.
        dataset: For class names, pixels and the images to compare on.
        temperature: By which the model's logits have been divided, for the record.
        threshold: From which probability on it answers, for the record.

    Raises:
        ExportError: The two files disagree. Where the run had a model, it keeps that; else both are kept for looking
            into, without `artifact.json`.
    """
    artifact_file = run.path / "artifact.json"
    with replacing(run.keras_file) as keras_file, replacing(run.onnx_file) as onnx_file:
        model.save(keras_file)
        export_onnx(keras_file, onnx_file)
        files = {"model.keras": keras_file, "model.onnx": onnx_file}
        artifact = _artifact(dataset, files) | {"temperature": temperature, "rejection_threshold": threshold}
        found = _compare(model, Predictor(onnx_file, artifact), _held_out(dataset))
        if artifact_file.exists():
            _check_agreement(replace(found, path=str(run.onnx_file)), run)
        # The artefact of an earlier training must not vouch for what is put in its place now.
        artifact_file.unlink(missing_ok=True)
    exported = replace(found, path=str(run.onnx_file))
    _check_agreement(exported, run)
    write_text(artifact_file, to_json(artifact | {"agreement": exported}))
    return exported


def _check_agreement(exported: ExportedModel, run: Run) -> None:
    # Not `>`: a difference that is NaN is no agreement.
    if exported.agreement < 1 or not exported.max_difference <= TOLERANCE:
        raise ExportError(
            f"{exported.path} does not agree with {run.keras_file}: same class on {exported.agreement:.2%} of "
            f"{exported.n} images, probabilities differ by up to {exported.max_difference:.2g} "
            f"(at most {TOLERANCE:g} is accepted)."
        )


def _artifact(dataset: Dataset, files: Mapping[str, Path]) -> dict[str, Any]:
    """Collect what is needed to use the files, which are given by the names that they will have."""
    return {
        "version": ARTIFACT_VERSION,
        "image_size": list(dataset.image_shape[:2]),
        "color": dataset.color,
        "resize": dataset.resize,
        "class_names": list(dataset.class_names),
        "temperature": None,
        "rejection_threshold": None,
        "sha256": {name: sha256_of(file) for name, file in files.items()},
    }


def _held_out(dataset: Dataset) -> Split:
    split = dataset.test or dataset.validation or dataset.train
    return split.spread(images_compared(dataset))


def images_compared(dataset: Dataset) -> int:
    """Return how many of the images that are held out are compared: fewer of large ones, which take longer."""
    height, width, _ = dataset.image_shape
    held_out = dataset.test or dataset.validation or dataset.train
    return min(IMAGES_COMPARED, max(FEWEST_COMPARED, PIXELS_COMPARED // (height * width)), len(held_out))


def _compare(model: Any, predictor: Predictor, split: Split) -> ExportedModel:
    """Compare batch by batch, so that large images do not pile up in memory."""
    agreeing, differences = 0, []
    for start in range(0, len(split), COMPARED_AT_ONCE):
        images = split.read(slice(start, start + COMPARED_AT_ONCE))
        ours, theirs = np.asarray(model.predict(images, verbose=0)), predictor.probabilities(images)
        # Of two classes within the tolerance of each other, either is the likeliest.
        chosen = np.take_along_axis(ours, theirs.argmax(axis=1)[:, np.newaxis], axis=1)[:, 0]
        agreeing += int((chosen >= ours.max(axis=1) - TOLERANCE).sum())
        differences.append(np.abs(ours - theirs).max())
    return ExportedModel(
        format="onnx",
        path=str(predictor.onnx_file),
        bytes=predictor.onnx_file.stat().st_size,
        n=len(split),
        agreement=agreeing / len(split),
        max_difference=float(np.max(differences)),
    )
