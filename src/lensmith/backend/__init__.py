"""The only code that knows on which of TensorFlow, JAX and PyTorch Keras runs."""

from lensmith.backend.compiled import Steps, compile_steps, compiles_steps, fused_batch_normalization
from lensmith.backend.onnx_export import export_onnx
from lensmith.backend.starting import (
    BACKENDS,
    backend_name,
    choose_backend,
    load_model,
    make_deterministic,
    multiplies_bfloat16_fast,
    start_keras,
    versions,
)

__all__ = [
    "BACKENDS",
    "Steps",
    "backend_name",
    "choose_backend",
    "compile_steps",
    "compiles_steps",
    "export_onnx",
    "fused_batch_normalization",
    "load_model",
    "make_deterministic",
    "multiplies_bfloat16_fast",
    "start_keras",
    "versions",
]
