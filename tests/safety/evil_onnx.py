"""Files that call themselves ONNX models and would read other files, run code or fill the memory."""

from collections.abc import Callable

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def model(nodes: list, initializers: list = (), inputs: tuple = (1, 4), domains: tuple = ()) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, inputs)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        list(initializers),
    )
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=opsets)


def ints(name: str, *values: int) -> TensorProto:
    return numpy_helper.from_array(np.array(values, np.int64), name)


def external(location: str) -> onnx.ModelProto:
    weights = numpy_helper.from_array(np.ones(4, np.float32), "w")
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=location)
    return model([helper.make_node("Add", ["x", "w"], ["y"])], [weights])


def external_in_attribute() -> onnx.ModelProto:
    its = external("/etc/passwd").graph.initializer[0]
    return model([helper.make_node("Constant", [], ["c"], value=its), helper.make_node("Add", ["x", "c"], ["y"])])


def external_in_branch() -> onnx.ModelProto:
    inner = external("../../secret").graph
    node = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
    return model([node], [numpy_helper.from_array(np.array(True), "c")])


def external_in_branch_without_nodes() -> onnx.ModelProto:
    inner = external("/etc/passwd").graph
    del inner.node[:]
    node = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
    return model([node], [numpy_helper.from_array(np.array(True), "c")])


def nested(depth: int) -> onnx.ModelProto:
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [], [])
    for _ in range(depth):
        graph = helper.make_graph(
            [helper.make_node("If", ["c"], ["y"], then_branch=graph, else_branch=graph)], "g", [], []
        )
    return model([helper.make_node("If", ["c"], ["y"], then_branch=graph, else_branch=graph)])


def with_function() -> onnx.ModelProto:
    its = model([helper.make_node("Relu", ["x"], ["y"])])
    its.functions.append(helper.make_function("evil", "F", ["a"], ["b"], [], [helper.make_opsetid("", 17)]))
    return its


def huge_initializer() -> onnx.ModelProto:
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2**20, 2**20])
    return model([helper.make_node("Add", ["x", "w"], ["y"])], [weights])


def grown(times: int) -> onnx.ModelProto:
    nodes = [
        helper.make_node("Tile", ["x" if n == 0 else f"t{n}", "by"], [f"t{n + 1}" if n < times - 1 else "y"])
        for n in range(times)
    ]
    return model(nodes, [ints("by", 1, 2**10)])


def many(count: int) -> onnx.ModelProto:
    """None of them is too large by itself."""
    nodes = [helper.make_node("ConstantOfShape", ["s"], [f"c{n}"]) for n in range(count)]
    return model([*nodes, helper.make_node("Sum", [f"c{n}" for n in range(count)], ["y"])], [ints("s", 2**24)])


def for_nothing() -> onnx.ModelProto:
    """Harmless by itself, but of no run's: its images have no pixels."""
    return model([helper.make_node("Relu", ["x"], ["y"])], inputs=(1, 0))


def grown_by_a_value() -> onnx.ModelProto:
    """As large as the pixels say."""
    nodes = [
        helper.make_node("Cast", ["x"], ["s"], to=TensorProto.INT64),
        helper.make_node("Reshape", ["s", "flat"], ["shape"]),
        helper.make_node("ConstantOfShape", ["shape"], ["y"]),
    ]
    return model(nodes, [ints("flat", 4)])


def grown_in_a_loop() -> onnx.ModelProto:
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c2"]), helper.make_node("Identity", ["v"], ["v2"])],
        "g",
        [
            helper.make_tensor_value_info("n", TensorProto.INT64, ()),
            helper.make_tensor_value_info("c", TensorProto.BOOL, ()),
            helper.make_tensor_value_info("v", TensorProto.FLOAT, (1, 4)),
        ],
        [
            helper.make_tensor_value_info("c2", TensorProto.BOOL, ()),
            helper.make_tensor_value_info("v2", TensorProto.FLOAT, (1, 4)),
            helper.make_tensor_value_info("v", TensorProto.FLOAT, (1, 4)),
        ],
    )
    true = numpy_helper.from_array(np.array(True), "c0")
    loop = helper.make_node("Loop", ["times", "c0", "x"], ["last", "y"], body=body)
    return model([loop], [numpy_helper.from_array(np.array(2**62), "times"), true])


def said_to_be_small() -> onnx.ModelProto:
    its = grown_by_a_value()
    its.graph.value_info.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 4)))
    its.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 4)))
    return its


EVIL: dict[str, Callable[[], onnx.ModelProto | bytes]] = {
    "absolute path": lambda: external("/etc/passwd"),
    "path up": lambda: external("../../etc/passwd"),
    "path beside": lambda: external("weights.bin"),
    "address in memory": lambda: external("*/_ORT_MEM_ADDR_/*"),
    "path in an attribute": external_in_attribute,
    "path in a branch": external_in_branch,
    "path in a branch without nodes": external_in_branch_without_nodes,
    "operator of another domain": lambda: model(
        [helper.make_node("Evil", ["x"], ["y"], domain="com.evil")], domains=("com.evil",)
    ),
    "function": with_function,
    "deep": lambda: nested(15),
    "huge constant": lambda: model([helper.make_node("ConstantOfShape", ["s"], ["y"])], [ints("s", 2**20, 2**20)]),
    "huge expansion": lambda: model([helper.make_node("Expand", ["x", "s"], ["y"])], [ints("s", 2**30, 4)]),
    "grown step by step": lambda: grown(4),
    "grown by a value": grown_by_a_value,
    "grown by a value, and said to be small": said_to_be_small,
    "grown in a loop": grown_in_a_loop,
    "many that are large together": lambda: many(40),
    "huge initializer": huge_initializer,
    "huge input": lambda: model([helper.make_node("Relu", ["x"], ["y"])], inputs=(1, 2**31)),
    "nonsense": lambda: b"\x00\x01\x02 this is no model",
    "text": lambda: b"import os",
    "nothing": lambda: b"",
}
"""What each would do, and what makes it."""


def content(name: str) -> bytes:
    """Make one of them."""
    its = EVIL[name]()
    return its if isinstance(its, bytes) else its.SerializeToString()
