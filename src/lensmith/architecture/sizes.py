"""How each layer's output shape came about, with its real numbers."""

from collections.abc import Callable, Sequence
from typing import Any

from lensmith.architecture.calls import Call, Shape
from lensmith.models.windows import Window, written, written_transposed

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


def arithmetic(call: Call) -> str:
    """Return how the output's size follows from the input's: empty where nothing is to be said."""
    kind = call.kind(_WRITERS)
    return _WRITERS[kind](call) if kind else ""


def windows_of(layer: Any) -> list[Window]:
    """Return the windows of a convolution or a pooling, one an axis; none for another layer."""
    sizes = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    if not sizes:
        return []
    rank = len(sizes)
    strides, dilations = (_each(getattr(layer, name, 1), rank) for name in ("strides", "dilation_rate"))
    # Causal padding, of texts and sounds, adds as much as the same padding does, all of it before.
    same = layer.padding != "valid"
    return [Window(*its, same) for its in zip(sizes, strides, dilations, strict=True)]


def places(shape: Shape, layer: Any) -> Shape:
    """Return the sizes of a shape's axes but the channels'."""
    return shape[1:] if getattr(layer, "data_format", None) == "channels_first" else shape[:-1]


def _each(value: Any, rank: int) -> Sequence[int]:
    return (value,) * rank if isinstance(value, int) else value


def _windowed(call: Call) -> str:
    given = places(call.inputs[0], call.layer)
    return _axes([written(n, its) for n, its in zip(given, windows_of(call.layer), strict=True)])


def _transposed(call: Call) -> str:
    given, made = (places(its, call.layer) for its in (call.inputs[0], call.output))
    rows = zip(given, windows_of(call.layer), made, strict=True)
    return _axes([written_transposed(*its) for its in rows])


def _axes(lines: list[str]) -> str:
    """Write one line where all axes have the same, else one each with its name."""
    if len(set(lines)) == 1:
        return lines[0]
    return "; ".join(f"{name} {line}" for name, line in zip(AXES[len(lines)], lines, strict=True))


def _enlarged(call: Call) -> str:
    given, made = (places(its, call.layer) for its in (call.inputs[0], call.output))
    factors = _each(call.layer.size, len(given))
    return _axes([f"{n}·{by} = {after}" for n, by, after in zip(given, factors, made, strict=True)])


def _padded(call: Call) -> str:
    return _around(call, call.layer.padding, "+")


def _cropped(call: Call) -> str:
    return _around(call, call.layer.cropping, "−")


def _around(call: Call, sides: Any, sign: str) -> str:
    given, made = (places(its, call.layer) for its in (call.inputs[0], call.output))
    pairs = [sides] if len(given) == 1 else sides
    rows = zip(given, pairs, made, strict=True)
    return _axes([f"{n} {sign} {before} {sign} {after} = {size}" for n, (before, after), size in rows])


def _flattened(call: Call) -> str:
    return f"{_product(call.inputs[0])} = {call.output[-1]}"


def _product(shape: Shape) -> str:
    return "·".join(map(str, shape)) or "1"


def _units(call: Call) -> str:
    return f"one number a unit: {call.output[-1]}"


def _one_a_channel(call: Call) -> str:
    return f"one number a channel: {max(call.output)}"


def _joined(call: Call) -> str:
    axis = call.layer.axis
    place = axis if axis < 0 else axis - 1  # the batch comes first
    return f"{' + '.join(str(shape[place]) for shape in call.inputs)} = {call.output[place]}"


def _asked_for(call: Call) -> str:
    return f"{_product(call.inputs[0])} → {_product(call.output)}, as asked for"


_WRITERS: dict[str, Callable[[Call], str]] = {
    "BaseConv": _windowed,
    "BaseDepthwiseConv": _windowed,
    "BaseSeparableConv": _windowed,
    "BasePooling": _windowed,
    "BaseConvTranspose": _transposed,
    "UpSampling1D": _enlarged,
    "UpSampling2D": _enlarged,
    "UpSampling3D": _enlarged,
    "ZeroPadding1D": _padded,
    "ZeroPadding2D": _padded,
    "ZeroPadding3D": _padded,
    "Cropping1D": _cropped,
    "Cropping2D": _cropped,
    "Cropping3D": _cropped,
    "Flatten": _flattened,
    "Dense": _units,
    "BaseGlobalPooling": _one_a_channel,
    "Concatenate": _joined,
    "Reshape": _asked_for,
    "Permute": _asked_for,
    "Resizing": _asked_for,
}
"""By the names of Keras' classes, those that several layers derive from included."""
