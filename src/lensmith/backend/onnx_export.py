"""Write a Keras model as ONNX; the only code that calls tf2onnx."""

import contextlib
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from lensmith.backend.starting import backend_name, silent_stderr
from lensmith.errors import ExportError

_EXPORT_PROGRAM = "import sys; from lensmith.backend import export_onnx; export_onnx(*sys.argv[1:])"
_NO_ONNX = "The model cannot be written as ONNX: "


def export_onnx(keras_file: str | Path, onnx_file: str | Path) -> None:
    """Write a saved Keras model as ONNX, with a free batch size.

    ONNX is made by tf2onnx, so on another backend a TensorFlow process does it from the same file.

    Raises:
        ExportError: The model holds something that has no ONNX form; the message is tf2onnx's last line.
        OSError: The file cannot be written.
    """
    if backend_name() != "tensorflow":
        _export_in_tensorflow_process(keras_file, onnx_file)
        return
    import keras

    model = keras.saving.load_model(keras_file, compile=False)
    model(keras.ops.zeros((1, *model.input_shape[1:])))  # Keras exports only what has been called
    try:
        with _quiet():
            model.export(str(onnx_file), format="onnx", verbose=False)
    except OSError:
        raise
    except Exception as error:  # tf2onnx raises bare errors of many kinds
        raise ExportError(_NO_ONNX + _last_line(str(error))) from error


def _export_in_tensorflow_process(keras_file: str | Path, onnx_file: str | Path) -> None:
    command = [sys.executable, "-c", _EXPORT_PROGRAM, str(keras_file), str(onnx_file)]
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ExportError(_NO_ONNX + _last_line(done.stderr).rpartition(_NO_ONNX)[2])


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the notes of Keras, TensorFlow and tf2onnx off the screen; their errors are exceptions."""
    loggers = [logging.getLogger(name) for name in ("tf2onnx", "absl", "tensorflow")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr), silent_stderr():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
