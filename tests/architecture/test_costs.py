import math
from pathlib import Path
from typing import Any

import keras
import onnx
import pytest
from tests.architecture.networks import chain, every_window, layers, with_shortcuts

from lensmith.architecture.calls import calls_of
from lensmith.architecture.costs import (
    multiply_adds,
    parameter_arithmetic,
    parameters,
    trainable_parameters,
    values_at_once,
)
from lensmith.backend import export_onnx
from lensmith.config import load_recipe
from lensmith.models import build_model, plain


def recipe_network(name: str, picture: tuple[int, int, int]) -> Any:
    return plain(build_model(load_recipe(name).model, picture, 10, name))


def counted_in_onnx(file: Path) -> int:
    """Multiplications of convolutions and products of matrices for one picture, from the exported graph."""
    graph = onnx.shape_inference.infer_shapes(onnx.load(file)).graph
    values = [*graph.value_info, *graph.input, *graph.output]
    shape_of = {its.name: [axis.dim_value for axis in its.type.tensor_type.shape.dim] for its in values}
    weight_of = {its.name: list(its.dims) for its in graph.initializer}
    total = 0
    for node in graph.node:
        weight = next((weight_of[name] for name in node.input[1:2] if name in weight_of), None)
        if node.op_type == "Conv":
            total += math.prod(shape_of[node.output[0]][2:]) * math.prod(weight)
        elif node.op_type == "ConvTranspose":
            total += math.prod(shape_of[node.input[0]][2:]) * math.prod(weight)
        elif node.op_type in ("MatMul", "Gemm") and weight:
            total += math.prod(weight)
    return total


NETWORKS = {
    "every window": lambda: every_window(groups=1),  # tf2onnx cannot write grouped convolutions
    "shortcuts": with_shortcuts,
    "cifar-bn-dropout": lambda: recipe_network("cifar-bn-dropout", (32, 32, 3)),
    "speedrun-cifar10": lambda: recipe_network("speedrun-cifar10", (32, 32, 3)),
    "transfer": lambda: recipe_network("transfer", (96, 96, 3)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_multiply_adds_are_those_of_the_exported_graph(name: str, tmp_path: Path):
    model = NETWORKS[name]()
    model.save(tmp_path / "model.keras")
    export_onnx(tmp_path / "model.keras", tmp_path / "model.onnx")
    counts = [multiply_adds(its) for its in calls_of(model).every]
    assert None not in counts
    assert sum(counts) == counted_in_onnx(tmp_path / "model.onnx")


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_are_those_keras_counts(name: str):
    model = NETWORKS[name]()
    calls = calls_of(model).every
    assert sum(map(parameters, calls)) == model.count_params()
    trained = sum(math.prod(its.shape) for its in model.trainable_weights)
    assert sum(map(trainable_parameters, calls)) == trained


@pytest.mark.parametrize("name", NETWORKS)
def test_the_arithmetic_of_parameters_comes_to_their_number(name: str):
    for call in calls_of(NETWORKS[name]()).every:
        written = parameter_arithmetic(call)
        if written != "counted above":
            assert eval(written.replace("·", "*") or "0") == parameters(call)


def test_the_arithmetic_of_a_convolution_is_that_of_the_textbook():
    (call,) = calls_of(chain(layers.Conv2D(64, 3), picture=(32, 32, 32))).every
    assert parameter_arithmetic(call) == "3·3·32·64 + 64"
    (call,) = calls_of(chain(layers.BatchNormalization(), picture=(8, 8, 5))).every
    assert parameter_arithmetic(call) == "4·5"


def test_of_a_grouped_convolution_each_filter_multiplies_its_own_channels():
    call = calls_of(every_window()).every[1]
    assert call.output == (12, 9, 8)
    assert multiply_adds(call) == 12 * 9 * 3 * 3 * 3 * 8


def test_what_cannot_be_told_is_not_counted():
    pixels = keras.Input((4, 8))
    attention = keras.Model(pixels, layers.MultiHeadAttention(2, 4)(pixels, pixels))
    assert multiply_adds(calls_of(attention).every[0]) is None


def test_a_value_is_there_until_the_last_that_wants_it():
    # 16·16·8 of `first` must wait for `both`, while the way around it goes on.
    assert values_at_once(calls_of(with_shortcuts())) == 4 * 16 * 16 * 8
    assert values_at_once(calls_of(chain(layers.ReLU(), layers.ReLU(), picture=(4, 4, 1)))) == 32
