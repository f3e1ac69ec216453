import errno
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from lensmith.config import DataConfig
from lensmith.data import Split, open_dataset
from lensmith.errors import ExportError, RunError
from lensmith.export import _compare, export_artifact
from lensmith.files import UNFINISHED
from lensmith.inference import Predictor
from lensmith.runs import Run, create_run

READ_WITHOUT_LENSMITH = """
import sys, json
sys.modules["lensmith"] = None  # any import of lensmith is an error
import numpy as np, keras
model = keras.saving.load_model(sys.argv[1], safe_mode=True)
np.save(sys.argv[3], model.predict(np.load(sys.argv[2]), verbose=0))
"""


def test_the_artefact_says_all_that_is_needed_to_use_it(tiny_run: Run):
    artifact = tiny_run.artifact
    assert artifact["class_names"] == ["horizontal", "vertical"]
    assert artifact["image_size"] == [12, 12]
    assert (artifact["color"], artifact["resize"]) == ("rgb", "stretch")
    for file in (tiny_run.keras_file, tiny_run.onnx_file):
        assert artifact["sha256"][file.name] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert artifact["agreement"]["n"] == 16  # the whole test split
    assert artifact["agreement"]["agreement"] == 1.0
    assert artifact["agreement"]["max_difference"] <= 1e-4


def test_keras_reads_the_model_where_lensmith_does_not_exist(tiny_run: Run, tmp_path: Path):
    images = np.random.default_rng(0).integers(0, 256, (1000, 12, 12, 3), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    command = [
        sys.executable,
        "-c",
        READ_WITHOUT_LENSMITH,
        str(tiny_run.keras_file),
        "images.npy",
        "answers.npy",
    ]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True)
    theirs = np.load(tmp_path / "answers.npy")
    assert np.abs(theirs - Predictor.of_run(tiny_run).probabilities(images)).max() <= 1e-4


def test_the_model_takes_raw_pixels_of_both_types(tiny_run: Run):
    images = np.random.default_rng(0).integers(0, 256, (4, 12, 12, 3), dtype=np.uint8)
    model = tiny_run.model
    assert isinstance(model, keras.Model)
    assert model.predict(images, verbose=0) == pytest.approx(model.predict(images.astype(np.float32), verbose=0))


def test_the_saved_network_is_plain_keras(tiny_run: Run):
    def modules(config: object) -> set[str]:
        if isinstance(config, dict):
            own = {str(config["module"])} if config.get("module") else set()
            return own.union(*(modules(value) for value in config.values()))
        return set().union(*(modules(item) for item in config)) if isinstance(config, list) else set()

    found = modules(json.loads(tiny_run.model.to_json()))
    assert found
    assert all(module.startswith("keras") for module in found)


class _Disagreeing:
    """A model whose answers are not those of its ONNX file."""

    def __init__(self, model: keras.Model) -> None:
        self._model = model

    def predict(self, images: np.ndarray, **_: object) -> np.ndarray:
        return self._model.predict(images, verbose=0)[:, ::-1]

    def save(self, path: Path) -> None:
        self._model.save(path)


def test_files_that_disagree_are_refused_without_an_artefact(tiny_run: Run, stripes_folder: Path, tmp_path: Path):
    run = create_run("x", "bad", tmp_path)
    with pytest.raises(ExportError, match=r"does not agree.*same class on 0\.00%"):
        export_artifact(run, _Disagreeing(tiny_run.model), open_dataset(stripes_folder, DataConfig()))
    assert not (run.path / "artifact.json").exists()
    assert run.onnx_file.exists()


def test_the_comparison_measures_the_largest_difference(tiny_run: Run):
    class Shifted:
        def predict(self, images: np.ndarray, **_: object) -> np.ndarray:
            return predictor.probabilities(images) + 0.25

    predictor = Predictor.of_run(tiny_run)
    store = np.zeros((3, 12, 12, 3), np.uint8)
    found = _compare(Shifted(), predictor, Split(store, np.arange(3), np.zeros(3, np.int64), list("abc")))
    assert found.max_difference == pytest.approx(0.25)
    assert found.agreement == 1.0
    assert found.bytes == tiny_run.onnx_file.stat().st_size


@pytest.mark.parametrize(
    ("keras_answers", "onnx_answers", "agreement"),
    [
        ([[0.5, 0.5 - 1e-6]], [[0.5 - 1e-6, 0.5]], 1.0),  # a tie
        ([[0.6, 0.4]], [[0.4, 0.6]], 0.0),
    ],
)
def test_either_of_two_tied_classes_is_the_likeliest(keras_answers, onnx_answers, agreement, tiny_run: Run):
    class Keras:
        def predict(self, images: np.ndarray, **_: object) -> np.ndarray:
            return np.array(keras_answers)

    class Onnx:
        onnx_file = tiny_run.onnx_file

        def probabilities(self, images: np.ndarray) -> np.ndarray:
            return np.array(onnx_answers)

    one = Split(np.zeros((1, 12, 12, 3), np.uint8), np.arange(1), np.zeros(1, np.int64), ["a"])
    assert _compare(Keras(), Onnx(), one).agreement == agreement


def test_answers_that_are_no_numbers_are_no_agreement(tiny_run: Run, stripes_folder: Path, tmp_path: Path):
    model = tiny_run.model
    model.set_weights([np.full_like(its, np.nan) for its in model.get_weights()])
    run, dataset = create_run("x", "nan", tmp_path), open_dataset(stripes_folder, DataConfig())
    with pytest.raises(ExportError):
        export_artifact(run, model, dataset)
    assert not (run.path / "artifact.json").exists()


def test_where_the_new_model_does_not_agree_the_run_keeps_the_one_it_had(
    tiny_run: Run, stripes_folder: Path, tmp_path: Path
):
    run = Run(shutil.copytree(tiny_run.path, tmp_path / "run"))
    files = {file: file.read_bytes() for file in (run.keras_file, run.onnx_file, run.path / "artifact.json")}
    model = tiny_run.model
    model.set_weights([np.full_like(its, np.nan) for its in model.get_weights()])
    with pytest.raises(ExportError):
        export_artifact(run, model, open_dataset(stripes_folder, DataConfig()))
    assert {file: file.read_bytes() for file in files} == files


def test_where_the_new_model_cannot_be_written_the_old_one_is_as_usable_as_before(
    tiny_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(shutil.copytree(tiny_run.path, tmp_path / "run"))
    files = {file: file.read_bytes() for file in (run.keras_file, run.onnx_file, run.path / "artifact.json")}

    def full(keras_file: Path, onnx_file: Path) -> None:
        onnx_file.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("lensmith.export.export_onnx", full)
    with pytest.raises(RunError, match="cannot be written: No space left on device"):
        export_artifact(run, run.model, open_dataset(run.info["data"]["source"], DataConfig()))
    assert {file: file.read_bytes() for file in files} == files
    assert not list(run.path.rglob(f"{UNFINISHED}*"))


@pytest.mark.parametrize("temperature", [None, 1.7])
def test_the_artefact_tells_the_temperature_that_is_in_the_model_and_rejects_nothing(
    temperature: float | None, tiny_run: Run, stripes_folder: Path, tmp_path: Path
):
    run = create_run("x", "warm", tmp_path)
    export_artifact(run, tiny_run.model, open_dataset(stripes_folder, DataConfig()), temperature)
    assert (run.artifact["temperature"], run.artifact["rejection_threshold"]) == (temperature, None)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 12, 12, 3), dtype=np.uint8)
    # It is for the record: nothing is divided by it again.
    assert Predictor.of_run(run).probabilities(pixels) == pytest.approx(
        tiny_run.model.predict(pixels, verbose=0), abs=1e-4
    )
