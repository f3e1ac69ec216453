"""The only code that knows on which of TensorFlow, JAX and PyTorch Keras runs, and that calls tf2onnx."""

import contextlib
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lensmith.errors import ExportError, LensmithError, did_you_mean

BACKENDS = {"tensorflow": "lensmith", "jax": "'lensmith[jax]'", "torch": "torch"}
"""What Keras can train on, and what to give to `pip install` where it is missing."""

_EXPORT_PROGRAM = "import sys; from lensmith.backend import export_onnx; export_onnx(*sys.argv[1:])"
_NO_ONNX = "The model cannot be written as ONNX: "


def choose_backend(name: str) -> None:
    """Choose the backend that Keras will start on in this process.

    Args:
        name: One of `BACKENDS`.

    Raises:
        LensmithError: An unknown name, or a backend that is not installed.
    """
    if name not in BACKENDS:
        raise LensmithError(f"No Keras backend named {name!r}.{did_you_mean(name, BACKENDS)}")
    if find_spec(name) is None:  # asked first: Keras remembers a choice that failed
        raise LensmithError(f"The Keras backend {name} is not installed. Install it with: pip install {BACKENDS[name]}")
    os.environ["KERAS_BACKEND"] = name


def start_keras(backend: str | None = None) -> None:
    """Import Keras; must come before any other `import keras` of the process.

    Args:
        backend: One of `BACKENDS`; `None` leaves `$KERAS_BACKEND`, or TensorFlow, as it is.

    Raises:
        LensmithError: An unknown name, a backend that is not installed, or Keras already runs on another.
    """
    if "keras" in sys.modules:
        if backend not in (None, backend_name()):
            raise LensmithError(
                f"Keras already runs on {backend_name()} in this process, so {backend!r} cannot be used in it. "
                f"Start a new one; the backends are {', '.join(BACKENDS)}."
            )
        return
    wanted = backend or os.environ.get("KERAS_BACKEND")
    if wanted:
        choose_backend(wanted)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _silent_stderr():
            import keras  # noqa: F401
    except ImportError as error:
        raise LensmithError(f"Keras cannot start on {wanted or 'tensorflow'}: {error}") from error


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Drop what TensorFlow's C++ prints at every start, below the reach of Python's `sys.stderr`."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def backend_name() -> str:
    """Return the name of the backend Keras runs on."""
    import keras

    return str(keras.backend.backend())


def make_deterministic(seed: int) -> None:
    """Seed Python, NumPy and Keras, and make TensorFlow's operations give the same bits every time."""
    import keras

    keras.utils.set_random_seed(seed)
    if backend_name() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def load_model(keras_file: Path) -> Any:
    """Read a saved model, refusing what could run code."""
    start_keras()
    import keras

    return keras.saving.load_model(keras_file, safe_mode=True)


def versions() -> dict[str, str]:
    """Return the versions that decide what a run computes: ours, and those of what does the work."""
    found = {name: metadata.version(name) for name in ("lensmith", "keras", "numpy", "pillow", "onnxruntime")}
    if backend_name() in sys.modules:
        found[backend_name()] = str(sys.modules[backend_name()].__version__)
    return found


def export_onnx(keras_file: str | Path, onnx_file: str | Path) -> None:
    """Write a saved Keras model as ONNX, with a free batch size.

    ONNX is made by tf2onnx, so on another backend a TensorFlow process does it from the same file.

    Raises:
        ExportError: The model holds something that has no ONNX form; the message is tf2onnx's last line.
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
        with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr), _silent_stderr():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
