"""Write the artefact: `model.keras`, `model.onnx` and what is needed to use them, measured to agree."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lensmith.backend import export_onnx
from lensmith.data import Dataset, Split
from lensmith.errors import ExportError
from lensmith.inference import Predictor
from lensmith.records import Record, to_json
from lensmith.runs import Run, replacing, write_text

ARTIFACT_VERSION = 1
TOLERANCE = 1e-4
"""Largest difference of a probability between the two files that still counts as the same."""
IMAGES_COMPARED = 1000
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


def export_artifact(run: Run, model: Any, dataset: Dataset) -> ExportedModel:
    """Save a trained model in both forms and check, on held-out images, that they give the same answers.

    Args:
        run: Gets `model.keras`, `model.onnx` and `artifact.json`.
        model: From raw pixels to probabilities.
        dataset: For class names, pixels and the images to compare on.

    Raises:
        ExportError: The two files disagree; both are kept for looking into, without `artifact.json`.
    """
    # An artefact of an earlier training must not vouch for what is written now.
    (run.path / "artifact.json").unlink(missing_ok=True)
    with replacing(run.keras_file) as temporary:
        model.save(temporary)
    with replacing(run.onnx_file) as temporary:
        export_onnx(run.keras_file, temporary)
    artifact = {
        "version": ARTIFACT_VERSION,
        "image_size": list(dataset.image_shape[:2]),
        "color": dataset.color,
        "resize": dataset.resize,
        "class_names": list(dataset.class_names),
        "temperature": None,
        "rejection_threshold": None,
        "sha256": {file.name: _sha256(file) for file in (run.keras_file, run.onnx_file)},
    }
    exported = _compare(model, Predictor(run.onnx_file, artifact), _held_out(dataset))
    # Not `>`: a difference that is NaN is no agreement.
    if exported.agreement < 1 or not exported.max_difference <= TOLERANCE:
        raise ExportError(
            f"{exported.path} does not agree with {run.keras_file}: same class on {exported.agreement:.2%} of "
            f"{exported.n} images, probabilities differ by up to {exported.max_difference:.2g} "
            f"(at most {TOLERANCE:g} is accepted)."
        )
    write_text(run.path / "artifact.json", to_json(artifact | {"agreement": exported}))
    return exported


def _held_out(dataset: Dataset) -> Split:
    split = dataset.test or dataset.validation or dataset.train
    return split.take(np.unique(np.linspace(0, len(split) - 1, min(IMAGES_COMPARED, len(split)), dtype=np.int64)))


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


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
