from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from onnx import helper, numpy_helper
from tests.safety import evil_onnx

from lensmith.backend import export_onnx
from lensmith.errors import UnsafeFile
from lensmith.safety import check_onnx_file


@pytest.mark.parametrize("name", evil_onnx.EVIL)
def test_it_is_refused(name: str, tmp_path: Path):
    file = tmp_path / "model.onnx"
    file.write_bytes(evil_onnx.content(name))
    with pytest.raises(UnsafeFile, match=str(file)):
        check_onnx_file(file)


def test_what_lensmith_exports_is_let_through(tiny_run):
    assert check_onnx_file(tiny_run.onnx_file) > 12 * 12 * 3


LAYERS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "transposed convolution": [("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2})],
    "convolutions of other kinds": [
        ("DepthwiseConv2D", {"kernel_size": 3}),
        ("SeparableConv2D", {"filters": 4, "kernel_size": 3, "padding": "same"}),
        ("GroupNormalization", {"groups": 2}),
    ],
    "enlarging": [("UpSampling2D", {"interpolation": "bilinear"}), ("ZeroPadding2D", {}), ("Cropping2D", {})],
    "resizing": [("Resizing", {"height": 5, "width": 6})],
    "attention": [("Reshape", {"target_shape": (64, 3)}), ("LayerNormalization", {}), ("Permute", {"dims": (2, 1)})],
    "recurrence": [
        ("Reshape", {"target_shape": (64, 3)}),
        ("LSTM", {"units": 3}),
        ("Reshape", {"target_shape": (3, 1)}),
    ],
}
"""What may come in the middle of somebody's own network."""


def exported(folder: Path, *middle: keras.Layer) -> Path:
    end = [keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    keras.Sequential([keras.Input((8, 8, 3)), *middle, *end]).save(folder / "model.keras")
    export_onnx(folder / "model.keras", folder / "model.onnx")
    return folder / "model.onnx"


@pytest.mark.parametrize("kind", LAYERS)
def test_one_s_own_network_of_other_layers_is_let_through(kind: str, tmp_path: Path):
    check_onnx_file(exported(tmp_path, *(getattr(keras.layers, name)(**its) for name, its in LAYERS[kind])))


def test_a_loop_is_refused_because_nothing_says_how_often_it_runs(tmp_path: Path):
    loop = exported(tmp_path, keras.layers.Reshape((64, 3)), keras.layers.GRU(3, return_sequences=True))
    with pytest.raises(UnsafeFile, match="depends on what is put into the network"):
        check_onnx_file(loop)


def test_a_model_with_a_branch_is_let_through(tmp_path: Path):
    inner = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["o"])], "g", [], [helper.make_tensor_value_info("o", 1, None)]
    )
    node = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
    its = evil_onnx.model([node], [numpy_helper.from_array(np.array(True), "c")])
    (tmp_path / "m.onnx").write_bytes(its.SerializeToString())
    check_onnx_file(tmp_path / "m.onnx")
