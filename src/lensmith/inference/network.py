"""A network on ONNX Runtime: batches of raw pixels to numbers."""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lensmith.errors import RunError

BATCH = 64


class OnnxNetwork:
    """A network of one input and one output, ready to answer.

    Attributes:
        input_shape: Of an image: height, width, channels.
        output_shape: Of the answer for one.
    """

    def __init__(self, onnx_file: Path, batch: int = BATCH) -> None:
        """Open a network.

        Args:
            onnx_file: The network.
            batch: Images at once.

        Raises:
            RunError: The file cannot be opened as a network, or has several inputs or outputs.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = os.cpu_count() or 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(onnx_file), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime has exceptions of its own for each kind of damage
            raise RunError(f"{onnx_file} cannot be opened as a model: {error}") from None
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            raise RunError(f"{onnx_file} has {len(inputs)} inputs and {len(outputs)} outputs, not one of each.")
        self._input, self._batch = inputs[0].name, batch
        self.input_shape, self.output_shape = list(inputs[0].shape[1:]), list(outputs[0].shape[1:])

    def __call__(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Answer for raw pixels: `uint8 (N, H, W, C)` to `float32 (N, …)`."""
        parts = [
            self._session.run(None, {self._input: images[start : start + self._batch].astype(np.float32)})[0]
            for start in range(0, len(images), self._batch)
        ]
        return np.concatenate(parts)
