"""The only code that knows on which of TensorFlow, JAX and PyTorch Keras runs."""

from lensmith.backend.onnx_export import export_onnx
from lensmith.backend.starting import (
    BACKENDS,
    backend_name,
    choose_backend,
    load_model,
    make_deterministic,
    start_keras,
    versions,
)

__all__ = [
    "BACKENDS",
    "backend_name",
    "choose_backend",
    "export_onnx",
    "load_model",
    "make_deterministic",
    "start_keras",
    "versions",
]
