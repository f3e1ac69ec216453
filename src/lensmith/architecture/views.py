"""What part of the picture a unit of each layer sees: its receptive field.

Araujo, Norris and Sim, Computing receptive fields of convolutional neural networks, Distill, 2019.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lensmith.architecture.calls import PIXELS, Call, Calls, Shape
from lensmith.architecture.sizes import places, windows_of


@dataclass(frozen=True)
class View:
    """What units of a layer see.

    Attributes:
        field: Height and width of the part of the picture that one unit depends on, pixels. At the picture's edge a
            part of it may lie outside.
        stride: Pixels between the fields of two neighbours, downwards and to the right.
    """

    field: tuple[int, int]
    stride: tuple[float, float]

    def share(self, picture: Shape) -> float:
        """Return the share of the picture's area that one unit sees, 0 to 1."""
        return math.prod(min(1.0, seen / whole) for seen, whole in zip(self.field, picture[:2], strict=True))


def views_of(calls: Calls) -> list[View | None]:
    """Return what the units of each call see; `None` where that cannot be told."""
    if len(calls.picture) != 3:
        return [None] * len(calls.every)
    known: dict[int, View | None] = {PIXELS: View((1, 1), (1.0, 1.0))}
    whole = View(calls.picture[:2], (float(calls.picture[0]), float(calls.picture[1])))
    for number, call in enumerate(calls.every):
        given = [known[source] for source in call.sources]
        known[number] = _after(call, [its for its in given if its], whole) if given and all(given) else None
    return [known[number] for number in range(len(calls.every))]


def _after(call: Call, given: Sequence[View], whole: View) -> View | None:
    kind = call.kind(_RULES)
    if kind:
        return _RULES[kind](call, given[0])
    if call.kind(("BaseGlobalPooling",)) or (call.kind(("Dense",)) and not call.is_spatial):
        return whole
    if call.kind(_EACH_BY_ITSELF):
        return View(
            (max(its.field[0] for its in given), max(its.field[1] for its in given)),
            # One value for all places, as squeeze and excitation have it, has none beside it to be far from.
            (min(its.stride[0] for its in given), min(its.stride[1] for its in given)),
        )
    return whole if all(its.field == whole.field for its in given) else None


def _windowed(call: Call, view: View) -> View | None:
    windows = windows_of(call.layer)
    if len(windows) != 2:
        return None
    axes = [
        (seen + math.ceil((its.reach - 1) * step), step * its.stride)
        for seen, step, its in zip(view.field, view.stride, windows, strict=True)
    ]
    return _view(axes)


def _transposed(call: Call, view: View) -> View | None:
    windows = windows_of(call.layer)
    if len(windows) != 2:
        return None
    axes = [
        (seen + math.ceil((-(-its.reach // its.stride) - 1) * step), step / its.stride)
        for seen, step, its in zip(view.field, view.stride, windows, strict=True)
    ]
    return _view(axes)


def _resized(call: Call, view: View) -> View | None:
    """Interpolation mixes neighbours; taking the nearest does not."""
    given, made = (places(its, call.layer) for its in (call.inputs[0], call.output))
    mixes = getattr(call.layer, "interpolation", "nearest") != "nearest"
    axes = [
        (seen + math.ceil(mixes * step * max(1, before / after)), step * before / after)
        for seen, step, before, after in zip(view.field, view.stride, given, made, strict=True)
    ]
    return _view(axes)


def _view(axes: Sequence[tuple[int, float]]) -> View:
    (height, down), (width, right) = axes
    return View((height, width), (down, right))


def _same(call: Call, view: View) -> View:
    return view


_RULES: dict[str, Callable[[Call, View], View | None]] = {
    "BaseConv": _windowed,
    "BaseDepthwiseConv": _windowed,
    "BaseSeparableConv": _windowed,
    "BasePooling": _windowed,
    "BaseConvTranspose": _transposed,
    "UpSampling2D": _resized,
    "Resizing": _resized,
    "ZeroPadding2D": _same,
    "Cropping2D": _same,
    "Flatten": _same,
}
_EACH_BY_ITSELF = frozenset(
    (
        *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "Identity", "Rescaling", "Normalization"),
        *(
            "Dropout",
            "BaseSpatialDropout",
            "AlphaDropout",
            "GaussianDropout",
            "GaussianNoise",
            "ActivityRegularization",
        ),
        *("BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization", "RMSNormalization"),
        *("Merge", "Add", "Subtract", "Multiply", "Divide", "Maximum", "Minimum", "Concatenate", "Dense"),
        *("Relu", "Relu6", "Sigmoid", "HardSigmoid", "Silu", "HardSilu", "Gelu", "Tanh", "Clip"),
    )
)
"""Layers, and operations of `keras.ops`, whose output at a place depends on what comes in at that place alone."""
