"""What a layer costs: parameters, multiplications, bytes."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from lensmith.architecture.calls import Call, Calls
from lensmith.architecture.sizes import places

_RESHAPING = frozenset(("Flatten", "Reshape", "Identity"))
"""Their output is their input, in another shape."""
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2, "int8": 1}
"""Of one number."""
_CONVOLUTIONS = frozenset(("BaseConv", "BaseDepthwiseConv", "BaseSeparableConv"))
_VALUE_BY_VALUE = frozenset(("PReLU", "LayerNormalization", "Normalization", "Embedding"))
"""They have weights of several dimensions, and multiply by each of them once, or not at all."""
_PRODUCTS = frozenset(
    ("Matmul", "Einsum", "Dot", "Tensordot", "Conv", "DepthwiseConv", "SeparableConv", "ConvTranspose", "Attention")
)
"""Operations of `keras.ops`, and layers, that multiply their inputs with one another."""


def parameters(call: Call) -> int:
    """Count the numbers of a layer's weights; none where they have been counted at an earlier call."""
    return 0 if call.again else sum(math.prod(its.shape) for its in _weights(call.layer))


def trainable_parameters(call: Call) -> int:
    """Count those of them that training changes."""
    return 0 if call.again else sum(math.prod(its.shape) for its in getattr(call.layer, "trainable_weights", ()))


def parameter_arithmetic(call: Call) -> str:
    """Write out how the number of parameters comes about, such as `3·3·32·64 + 64`."""
    if call.again:
        return "counted above" if _weights(call.layer) else ""
    written = Counter("·".join(map(str, its.shape)) or "1" for its in _weights(call.layer))
    return " + ".join(shape if times == 1 else f"{times}·{shape}" for shape, times in written.items())


def multiply_adds(call: Call) -> int | None:
    """Count the multiplications, each with its addition, that one picture takes in convolutions and dense layers.

    Returns:
        0 for other layers whose work is small beside theirs; `None` where it cannot be told, as of attention.
    """
    kernel: int = sum(math.prod(its.shape) for its in _weights(call.layer) if len(its.shape) > 1)
    if call.kind(_CONVOLUTIONS):
        return kernel * math.prod(places(call.output, call.layer))
    if call.kind(("BaseConvTranspose",)):
        return kernel * math.prod(places(call.inputs[0], call.layer))
    if call.kind(("Dense",)):
        return kernel * math.prod(call.output[:-1])
    untold = call.kind(_PRODUCTS) or (kernel and not call.kind(_VALUE_BY_VALUE))
    return None if untold else 0


def values_at_once(calls: Calls) -> int:
    """Count the values that must be there at the same time while one picture is answered: the most of any moment.

    A layer's output is there until the last that wants it has been computed.
    """
    last = {source: number for number, call in enumerate(calls.every) for source in call.sources}
    alive = {-1: math.prod(calls.picture)}
    most = sum(alive.values())
    for number, call in enumerate(calls.every):
        alive[number] = math.prod(call.output)
        most = max(most, sum(alive.values()))
        alive = {its: size for its, size in alive.items() if last.get(its, -2) > number}
    return most


def values_kept(calls: Sequence[Call]) -> int:
    """Count the values that training keeps of one picture until it goes back: what the layers put out.

    Before the first layer that is trained nothing is kept.
    """
    first = next((place for place, its in enumerate(calls) if trainable_parameters(its)), len(calls))
    return sum(math.prod(its.output) for its in calls[first:] if not its.kind(_RESHAPING))


def _weights(layer: Any) -> Sequence[Any]:
    return getattr(layer, "weights", ())
