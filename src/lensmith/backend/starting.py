"""Start Keras on TensorFlow, JAX or PyTorch, and make what it computes repeatable."""

import contextlib
import os
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lensmith.errors import LensmithError, UnsafeFile, did_you_mean
from lensmith.safety import check_keras_file

BACKENDS = {"tensorflow": "lensmith", "jax": "'lensmith[jax]'", "torch": "torch"}
"""What Keras can train on, and what to give to `pip install` where it is missing."""

MULTIPLYING_BFLOAT16 = {"amx_bf16", "avx512_bf16"}
"""Flags of processors: with the first it is several times as fast as float32, with the second up to twice."""


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
        with silent_stderr():
            import keras  # noqa: F401
    except ImportError as error:
        raise LensmithError(f"Keras cannot start on {wanted or 'tensorflow'}: {error}") from error


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
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


def multiplies_bfloat16_fast() -> bool:
    """Tell whether this processor multiplies bfloat16 faster than float32, and the backend lets it.

    TensorFlow does it by oneDNN, which `TF_ENABLE_ONEDNN_OPTS=0` turns off.
    """
    turned_off = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "").lower() in ("0", "false")
    if backend_name() != "tensorflow" or turned_off:
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return False
    return not MULTIPLYING_BFLOAT16.isdisjoint(flags)


def load_model(keras_file: Path, *, trusted: bool = False) -> Any:
    """Read a saved model.

    Args:
        keras_file: A `.keras` file.
        trusted: Whether it is one's own; others are looked into first, and how they were compiled is left out.

    Raises:
        UnsafeFile: It could run code, reach for other files, or fill the memory.
    """
    start_keras()
    import keras

    if trusted:
        return keras.saving.load_model(keras_file, safe_mode=False)
    try:
        check_keras_file(keras_file)
    except UnsafeFile as error:
        raise UnsafeFile(f"{error} Use --trust if it is your own.") from None
    return keras.saving.load_model(keras_file, compile=False, safe_mode=True)


def versions() -> dict[str, str]:
    """Return the versions that decide what a run computes: ours, and those of what does the work."""
    found = {name: metadata.version(name) for name in ("lensmith", "keras", "numpy", "pillow", "onnxruntime")}
    if backend_name() in sys.modules:
        found[backend_name()] = str(sys.modules[backend_name()].__version__)
    return found
