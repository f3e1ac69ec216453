"""The only code that knows on which of TensorFlow, JAX and PyTorch Keras runs."""

from lensmith.backend.compiled import Steps, compile_steps, compiles_steps
from lensmith.backend.gradients import gradient
from lensmith.backend.kernels import (
    MOST_COLUMNS,
    bias_relu_pool,
    convolve_narrow,
    fused_batch_normalization,
    fused_silu,
)
from lensmith.backend.memory import free_memory, is_out_of_memory
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
    "MOST_COLUMNS",
    "Steps",
    "backend_name",
    "bias_relu_pool",
    "choose_backend",
    "compile_steps",
    "compiles_steps",
    "convolve_narrow",
    "export_onnx",
    "free_memory",
    "fused_batch_normalization",
    "fused_silu",
    "gradient",
    "is_out_of_memory",
    "load_model",
    "make_deterministic",
    "multiplies_bfloat16_fast",
    "start_keras",
    "versions",
]
