from pathlib import Path

import numpy as np
import pytest

from lensmith.errors import RunError
from lensmith.inference import OnnxNetwork
from lensmith.runs import Run


def test_it_answers_as_the_model_does_in_any_batches(tiny_run: Run):
    images = np.random.default_rng(0).integers(0, 256, (10, 12, 12, 3), dtype=np.uint8)
    expected = tiny_run.model.predict(images, verbose=0)
    for batch in (3, 10, 64):
        network = OnnxNetwork(tiny_run.onnx_file, batch)
        np.testing.assert_allclose(network(images), expected, atol=1e-5)
    assert (network.input_shape, network.output_shape) == ([12, 12, 3], [2])


def test_what_is_no_network_is_refused(tmp_path: Path):
    (tmp_path / "x.onnx").write_bytes(b"nothing")
    with pytest.raises(RunError, match="cannot be opened as a model"):
        OnnxNetwork(tmp_path / "x.onnx")
