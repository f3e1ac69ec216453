"""Safety: look into a file that may come from somebody else before Keras, ONNX Runtime or NumPy does.

What is refused could run code, read or write other files, or fill the memory. What is let through can still be wrong.
"""

from lensmith.safety.jsons import parse_json, read_bytes, read_json
from lensmith.safety.keras_files import check_keras_file
from lensmith.safety.onnx_files import check_onnx_file
from lensmith.safety.torch_files import read_torch_file
from lensmith.safety.zips import check_zip

__all__ = [
    "check_keras_file",
    "check_onnx_file",
    "check_zip",
    "parse_json",
    "read_bytes",
    "read_json",
    "read_torch_file",
]
