import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
from tests.backend.small_models import in_new_process, saved, small_model

from lensmith.backend import export_onnx, make_deterministic, onnx_export
from lensmith.errors import ExportError


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
    monkeypatch.setattr(onnx_export, "backend_name", lambda: "jax")
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
    done = in_new_process(code + onnx_export._EXPORT_PROGRAM, KERAS_BACKEND="tensorflow")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert onnxruntime.InferenceSession(tmp_path / "model.onnx").get_inputs()[0].shape[1:] == [6, 5, 3]
