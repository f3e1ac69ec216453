"""Run folders that somebody has changed: what was changed, and the use of the run that must be refused."""

import io
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
from tests.safety import evil_onnx
from tests.safety.evil_models import Writing

from lensmith.errors import RunError
from lensmith.inference import Predictor
from lensmith.runs import Run
from lensmith.training import newest_checkpoint
from lensmith.training.checkpoint import ARRAYS, MANIFEST, STATE, _manifest
from lensmith.workflows.provenance import recipe_of

Change = Callable[[Run], object]


def linked(name: str, target: str) -> Change:
    """Put a link in the place of a file or a folder."""

    def change(run: Run) -> None:
        place = run.path / name
        place.rename(run.path / "before")
        place.symlink_to(target)

    return change


def pipe(name: str) -> Change:
    """Put a pipe in its place, at which a reader would wait for ever."""

    def change(run: Run) -> None:
        (run.path / name).unlink()
        os.mkfifo(run.path / name)

    return change


def large(name: str) -> Change:
    """Make it a file with a hole, which takes no room."""
    return lambda run: os.truncate(run.path / name, 2**29)


def holding(name: str, content: bytes) -> Change:
    return lambda run: (run.path / name).write_bytes(content)


def saying(name: str, **values: Any) -> Change:
    """Change values of a JSON file."""

    def change(run: Run) -> None:
        file = run.path / name
        file.write_text(json.dumps({**json.loads(file.read_text()), **values}))

    return change


def checkpoint_of(make: Callable[[], bytes]) -> Change:
    """Put other arrays into the newest checkpoint, with a manifest that says so."""

    def change(run: Run) -> None:
        found, _ = newest_checkpoint(run.checkpoints)
        assert found
        (found.path / ARRAYS).write_bytes(make())
        content = {name: (found.path / name).read_bytes() for name in (STATE, ARRAYS)}
        (found.path / MANIFEST).write_bytes(_manifest(content))

    return change


def pipe_in_checkpoint(run: Run) -> None:
    found, _ = newest_checkpoint(run.checkpoints)
    assert found
    (found.path / STATE).unlink()
    os.mkfifo(found.path / STATE)
    for other in run.checkpoints.glob("step-*"):
        if other != found.path:
            shutil.rmtree(other)


def npz(name: str, content: bytes, compress: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compress) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def pickled_array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([Writing()], object), allow_pickle=True)
    return buffer.getvalue()


def header_of(shape: tuple[int, ...]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"shape": shape, "fortran_order": False, "descr": "<f4"})
    return buffer.getvalue()


def zeros(count: int) -> bytes:
    return header_of((count,)) + bytes(4 * count)


def read_info(run: Run) -> None:
    _ = run.info["state"]


def read_arrays(run: Run) -> None:
    found, damaged = newest_checkpoint(run.checkpoints)
    if not found:
        raise RunError("; ".join(damaged))
    found.arrays("model")


def load_model(run: Run) -> None:
    _ = run.model


def write_evaluation(run: Run) -> None:
    _ = run.evaluation


USES: dict[str, Callable[[Run], object]] = {
    "info": read_info,
    "recipe": recipe_of,
    "predict": Predictor.of_run,
    "model": load_model,
    "evaluation": write_evaluation,
    "checkpoint": read_arrays,
}
"""What is done with runs."""
DEEP = b"[" * 100_000 + b"]" * 100_000
EVIL: dict[str, tuple[Change, Callable[[Run], object]]] = {
    "run.json deep": (holding("run.json", DEEP), read_info),
    "run.json no object": (holding("run.json", b"[]"), read_info),
    "run.json large": (large("run.json"), read_info),
    "run.json in UTF-16": (holding("run.json", '{"\u2200": 1}'.encode("utf-16")), read_info),
    "run.json a link": (linked("run.json", "/etc/passwd"), read_info),
    "run.json endless": (linked("run.json", "/dev/zero"), read_info),
    "run.json a pipe": (pipe("run.json"), read_info),
    "recipe a link": (linked("recipe.toml", "/etc/passwd"), recipe_of),
    "recipe a pipe": (pipe("recipe.toml"), recipe_of),
    "artifact deep": (holding("artifact.json", DEEP), Predictor.of_run),
    "artifact for huge images": (saying("artifact.json", image_size=[10**9, 10**9]), Predictor.of_run),
    "artifact for no images": (saying("artifact.json", image_size=[-1, 0]), Predictor.of_run),
    "artifact of another colour": (saying("artifact.json", color="__class__"), Predictor.of_run),
    "artifact of another resizing": (saying("artifact.json", resize={"a": 1}), Predictor.of_run),
    "artifact of fewer classes": (saying("artifact.json", class_names=["one"]), Predictor.of_run),
    "artifact of another size": (saying("artifact.json", image_size=[5, 5]), Predictor.of_run),
    "artifact without classes": (saying("artifact.json", class_names=None), Predictor.of_run),
    "model a link": (linked("model.keras", "/etc/passwd"), load_model),
    "model a pipe": (pipe("model.keras"), load_model),
    "model a pickle": (holding("model.keras", pickle.dumps(Writing())), load_model),
    "model.onnx a link": (linked("model.onnx", "/etc/passwd"), Predictor.of_run),
    "model.onnx a pipe": (pipe("model.onnx"), Predictor.of_run),
    "model.onnx a pickle": (holding("model.onnx", pickle.dumps(Writing())), Predictor.of_run),
    "model.onnx for images without pixels": (
        lambda run: run.onnx_file.write_bytes(evil_onnx.for_nothing().SerializeToString()),
        Predictor.of_run,
    ),
    "evaluation a link": (linked("evaluation", "/tmp"), write_evaluation),
    "checkpoint a pipe": (pipe_in_checkpoint, read_arrays),
    "checkpoints of a pickle": (checkpoint_of(lambda: npz("model/0.npy", pickled_array())), read_arrays),
    "checkpoints of a bare pickle": (checkpoint_of(lambda: pickle.dumps(Writing())), read_arrays),
    "checkpoints that grow": (
        checkpoint_of(lambda: npz("model/0.npy", zeros(2**24), zipfile.ZIP_DEFLATED)),
        read_arrays,
    ),
    "checkpoints of a huge shape": (checkpoint_of(lambda: npz("model/0.npy", header_of((2**45,)))), read_arrays),
}
"""What was changed, and what is done then."""
