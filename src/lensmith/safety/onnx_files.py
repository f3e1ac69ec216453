"""Look into an ONNX file before ONNX Runtime does."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lensmith.errors import UnsafeFile

MOST_BYTES = 2**31 - 1
"""No ONNX file without external data can be larger."""
MOST_NUMBERS = 2**28
"""Of all that one image becomes on its way through the network: a gigabyte."""
DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
DEEPEST = 10


def check_onnx_file(path: Path) -> int:
    """Refuse a file that names other files or code, or that would fill the memory.

    Args:
        path: The file.

    Returns:
        How many numbers one image becomes on its way through the network.

    Raises:
        UnsafeFile: The message names what is in it and why that is refused.
    """
    model = _read(path)
    if model.functions:
        raise UnsafeFile(f"{path} defines functions of its own, such as {model.functions[0].name!r}.")
    for graph in _graphs(model.graph, path):
        _check_origin(graph, path)
    return _follow_image(model, path)


def _read(path: Path) -> Any:
    import onnx

    if path.stat().st_size > MOST_BYTES:
        raise UnsafeFile(
            f"{path} has {path.stat().st_size:,} bytes; an ONNX file that holds its own weights has fewer."
        )
    model = onnx.ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except Exception as error:  # protobuf's own
        raise UnsafeFile(f"{path} is no ONNX model: {error}") from None
    if not model.graph.node:
        raise UnsafeFile(f"{path} is no ONNX model: it has no network.")
    return model


def _check_origin(graph: Any, path: Path) -> None:
    """Refuse numbers from other files and operators from elsewhere."""
    import onnx

    for tensor in _tensors(graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise UnsafeFile(f"{path}: the numbers of {tensor.name!r} lie in another file.")
        if not 0 <= math.prod(tensor.dims) <= 2 * tensor.ByteSize():  # two of four bits each are in a byte
            raise UnsafeFile(f"{path}: {tensor.name!r} would have {math.prod(tensor.dims):,} numbers, and has fewer.")
    for node in graph.node:
        if node.domain not in DOMAINS:
            raise UnsafeFile(f"{path}: {node.op_type} is of {node.domain!r}, which is none of ONNX' own.")


def _graphs(graph: Any, path: Path, depth: int = 0) -> Iterator[Any]:
    """Go through a graph and those within its nodes."""
    if depth > DEEPEST:
        raise UnsafeFile(f"{path}: its graphs are nested more than {DEEPEST} deep.")
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
                yield from _graphs(inner, path, depth + 1)


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from ([attribute.t] if attribute.HasField("t") else [])
            yield from attribute.tensors
            alone = [attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []
            for sparse in (*alone, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)


def _follow_image(model: Any, path: Path) -> int:
    """Follow one image through the network without running it, and refuse what would be large or cannot be known."""
    import onnx

    _forget_sizes(model)
    try:
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except Exception as error:  # protobuf's own, and those of every operator
        raise UnsafeFile(f"{path}: its shapes do not fit together: {str(error)[:300]}") from None
    total = 0
    for graph in _graphs(inferred.graph, path):
        sizes = {its.name: _size(its.type) for its in (*graph.input, *graph.value_info, *graph.output)}
        computed = {name for node in graph.node if node.op_type != "Constant" for name in node.output if name}
        for name in sizes.keys() | computed:
            total += _known(name, sizes.get(name), path)
    if total > MOST_NUMBERS:
        raise UnsafeFile(f"{path}: one image would become {total:,} numbers.")
    return total


def _forget_sizes(model: Any) -> None:
    """Make the input one image, and drop what the file says of the sizes of all that comes of it."""
    for value in model.graph.input:
        for side in value.type.tensor_type.shape.dim[:1]:
            side.dim_value = 1
    for graph in _graphs(model.graph, Path()):
        del graph.value_info[:]
        for value in graph.output:
            value.type.tensor_type.ClearField("shape")


def _known(name: str, size: int | None, path: Path) -> int:
    if size is None:
        raise UnsafeFile(f"{path}: how large {name!r} would be depends on what is put into the network.")
    if not 0 <= size <= MOST_NUMBERS:
        raise UnsafeFile(f"{path}: {name!r} would have {size:,} numbers.")
    return size


def _size(kind: Any) -> int | None:
    """Return how many numbers a value of a type has; `None` where that is not known, or it is not a tensor."""
    if not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        return None
    sides = [side.dim_value if side.HasField("dim_value") else None for side in kind.tensor_type.shape.dim]
    return None if None in sides else math.prod(side for side in sides if side is not None)
