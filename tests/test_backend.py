import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest

from lensmith import backend
from lensmith.backend import (
    BACKENDS,
    backend_name,
    choose_backend,
    export_onnx,
    load_model,
    make_deterministic,
    start_keras,
    versions,
)
from lensmith.errors import ExportError, LensmithError


def small_model() -> Any:
    return keras.Sequential(
        [
            keras.Input((6, 5, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


def saved(model: Any, folder: Path) -> Path:
    model.save(folder / "model.keras")
    return folder / "model.keras"


def another(name: str) -> str:
    return next(its for its in BACKENDS if its != name)


def in_new_process(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    its = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"} | environment
    return subprocess.run(
        [sys.executable, "-c", code], env=its, capture_output=True, text=True, timeout=120, check=False
    )


def test_starting_what_runs_already_is_fine() -> None:
    start_keras()
    start_keras(backend_name())


def test_another_backend_than_the_one_running_is_refused() -> None:
    other = another(backend_name())
    with pytest.raises(LensmithError, match=rf"Keras already runs on {backend_name()} .* '{other}' cannot be used"):
        start_keras(other)
    with pytest.raises(LensmithError, match=r"'tensorflw' cannot be used in it.*tensorflow, jax, torch"):
        start_keras("tensorflw")


def test_an_unknown_backend_is_answered_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "unchanged")
    with pytest.raises(LensmithError, match=r"^No Keras backend named 'tensorflw'\. Did you mean 'tensorflow'\?$"):
        choose_backend("tensorflw")
    assert os.environ["KERAS_BACKEND"] == "unchanged"


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_that_is_not_installed_says_how_to_get_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "unchanged")
    monkeypatch.setattr(backend, "find_spec", lambda module: None)
    with pytest.raises(LensmithError, match=rf"The Keras backend {name} is not installed\. .*pip install \S+$"):
        choose_backend(name)
    assert os.environ["KERAS_BACKEND"] == "unchanged"


def test_choosing_an_installed_backend_sets_what_keras_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    choose_backend("tensorflow")
    assert os.environ["KERAS_BACKEND"] == "tensorflow"


def test_a_wrong_backend_in_the_environment_is_a_clear_error() -> None:
    done = in_new_process("from lensmith.backend import start_keras; start_keras()", KERAS_BACKEND="tensorflw")
    assert "LensmithError: No Keras backend named 'tensorflw'. Did you mean 'tensorflow'?" in done.stderr


def test_starting_keras_prints_nothing() -> None:
    done = in_new_process("from lensmith.backend import *; start_keras(); assert backend_name() == 'tensorflow'")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def trained_weights(seed: int) -> list[np.ndarray]:
    make_deterministic(seed)
    model = small_model()
    model.compile("adam", "sparse_categorical_crossentropy")
    images = np.random.randint(0, 256, (8, 6, 5, 3))
    model.fit(images, np.arange(8) % 3, batch_size=4, epochs=2, verbose=0)
    return [np.asarray(array) for array in model.get_weights()]


def test_the_same_seed_trains_to_the_same_weights_bit_for_bit() -> None:
    first, second = trained_weights(3), trained_weights(3)
    for its, again in zip(first, second, strict=True):
        np.testing.assert_array_equal(its, again)


def test_another_seed_begins_with_other_weights() -> None:
    begun = []
    for seed in (3, 4):
        make_deterministic(seed)
        begun.append(small_model().get_weights()[0])
    assert (begun[0] != begun[1]).any()


def test_versions_are_those_that_decide_a_result() -> None:
    assert versions().keys() == {"lensmith", "keras", "numpy", "pillow", "onnxruntime", backend_name()}
    assert versions()["keras"] == keras.__version__


def test_a_saved_model_is_read_back(tmp_path: Path) -> None:
    model = small_model()
    images = np.random.default_rng(0).integers(0, 256, (4, 6, 5, 3)).astype(np.float32)
    np.testing.assert_array_equal(load_model(saved(model, tmp_path))(images), model(images))


def test_a_saved_model_that_holds_code_is_not_run(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x * 2)])
    with pytest.raises(Exception, match=r"unsafe|lambda"):
        load_model(saved(model, tmp_path))


def test_onnx_agrees_with_keras_for_any_batch_and_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    make_deterministic(0)
    model = small_model()
    export_onnx(saved(model, tmp_path), tmp_path / "model.onnx")
    assert capfd.readouterr() == ("", "")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (its,) = session.get_inputs()
    for n in (1, 5):
        images = np.random.default_rng(n).integers(0, 256, (n, 6, 5, 3)).astype(np.float32)
        (answers,) = session.run(None, {its.name: images})
        np.testing.assert_allclose(answers, np.asarray(model(images)), atol=1e-5)


def test_a_model_without_an_onnx_form_is_an_export_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **others: Any) -> None:
        raise RuntimeError("details\nno such operator: Wobble")

    file = saved(small_model(), tmp_path)
    monkeypatch.setattr(keras.Model, "export", refuse)
    with pytest.raises(ExportError, match=r"^The model cannot be written as ONNX: no such operator: Wobble$"):
        export_onnx(file, tmp_path / "model.onnx")


def test_on_another_backend_a_tensorflow_process_writes_the_same_onnx(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def run(command: list[str], **others: Any) -> "subprocess.CompletedProcess[str]":
        asked.update(command=command, **others)
        return subprocess.CompletedProcess(
            command, asked["code"], "", "Traceback\nlensmith.errors.ExportError: " + no_onnx
        )

    no_onnx = "The model cannot be written as ONNX: no such operator: Wobble\n"
    monkeypatch.setattr(backend, "backend_name", lambda: "jax")
    monkeypatch.setattr(subprocess, "run", run)
    asked["code"] = 0
    export_onnx(tmp_path / "model.keras", tmp_path / "model.onnx")
    assert asked["command"][0] == sys.executable
    assert asked["command"][-2:] == [str(tmp_path / "model.keras"), str(tmp_path / "model.onnx")]
    assert asked["env"]["KERAS_BACKEND"] == "tensorflow"
    asked["code"] = 1
    with pytest.raises(ExportError, match=r"^The model cannot be written as ONNX: no such operator: Wobble$"):
        export_onnx(tmp_path / "model.keras", tmp_path / "model.onnx")


def test_the_program_of_that_process_writes_onnx(tmp_path: Path) -> None:
    file = saved(small_model(), tmp_path)
    code = f"import sys; sys.argv = ['-c', *{json.dumps([str(file), str(tmp_path / 'model.onnx')])}]\n"
    done = in_new_process(code + backend._EXPORT_PROGRAM, KERAS_BACKEND="tensorflow")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert onnxruntime.InferenceSession(tmp_path / "model.onnx").get_inputs()[0].shape[1:] == [6, 5, 3]
