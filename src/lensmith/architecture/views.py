"""What part of the picture a unit of each layer sees: its receptive field.

Araujo, Norris and Sim, Computing receptive fields of convolutional neural networks, Distill, 2019.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lensmith.architecture.calls import PIXELS, Call, Calls, Shape
from lensmith.architecture.sizes import places, windows_of
from lensmith.models.windows import padding


@dataclass(frozen=True)
class View:
    """What units of a layer see.

    Attributes:
        field: Height and width of the part of the picture that one unit depends on, pixels. At the picture's edge a
            part of it may lie outside.
        stride: Pixels between the fields of two neighbours, downwards and to the right.
        all: Height and width of what all units together depend on: what windows leave over at the edge is not in it.
        start: Where the field of the first unit begins, pixels from the upper left; negative where it begins outside.
    """

    field: tuple[int, int]
    stride: tuple[float, float]
    all: tuple[int, int] = (0, 0)
    start: tuple[float, float] = (0.0, 0.0)

    def begins(self, row: int, column: int) -> tuple[int, int]:
        """Return the first row and column of the field of a unit, by its place in the layer's output."""
        down, right = (at + n * step for at, n, step in zip(self.start, (row, column), self.stride, strict=True))
        return round(down), round(right)

    def share(self, picture: Shape) -> float:
        """Return the share of the picture's area that one unit sees, 0 to 1."""
        return math.prod(min(1.0, seen / whole) for seen, whole in zip(self.field, picture[:2], strict=True))


def views_of(calls: Calls) -> list[View | None]:
    """Return what the units of each call see; `None` where that cannot be told."""
    if len(calls.picture) != 3:
        return [None] * len(calls.every)
    height, width = calls.picture[:2]
    known: dict[int, View | None] = {PIXELS: View((1, 1), (1.0, 1.0), (height, width))}
    for number, call in enumerate(calls.every):
        given = [known[source] for source in call.sources]
        seen = _after(call, [its for its in given if its]) if given and all(given) else None
        known[number] = _with_all(seen, call, (height, width)) if seen else None
    return [known[number] for number in range(len(calls.every))]


def _with_all(view: View, call: Call, picture: tuple[int, int]) -> View:
    """Add what all units together see."""
    if not call.is_spatial:
        return view
    places = zip(view.field, view.stride, call.output[:2], picture, strict=True)
    down, right = (min(whole, math.ceil(seen + (n - 1) * step)) for seen, step, n, whole in places)
    return replace(view, all=(down, right))


def _after(call: Call, given: Sequence[View]) -> View | None:
    whole = View(given[0].all, (float(given[0].all[0]), float(given[0].all[1])), given[0].all)
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
            (max(its.all[0] for its in given), max(its.all[1] for its in given)),
            (min(its.start[0] for its in given), min(its.start[1] for its in given)),
        )
    return whole if all(its.field == its.all for its in given) else None


def _windowed(call: Call, view: View) -> View | None:
    windows = windows_of(call.layer)
    if len(windows) != 2:
        return None
    axes = [
        (seen + math.ceil((its.reach - 1) * step), step * its.stride)
        for seen, step, its in zip(view.field, view.stride, windows, strict=True)
    ]
    before = [padding(n, its)[0] for n, its in zip(places(call.inputs[0], call.layer), windows, strict=True)]
    return _moved(_view(axes), view, before)


def _transposed(call: Call, view: View) -> View | None:
    windows = windows_of(call.layer)
    if len(windows) != 2:
        return None
    axes = [
        (seen + math.ceil((-(-its.reach // its.stride) - 1) * step), step / its.stride)
        for seen, step, its in zip(view.field, view.stride, windows, strict=True)
    ]
    return _centred(_view(axes), view)


def _resized(call: Call, view: View) -> View | None:
    """Interpolation mixes neighbours; taking the nearest does not."""
    given, made = (places(its, call.layer) for its in (call.inputs[0], call.output))
    mixes = getattr(call.layer, "interpolation", "nearest") != "nearest"
    axes = [
        (seen + math.ceil(mixes * step * max(1, before / after)), step * before / after)
        for seen, step, before, after in zip(view.field, view.stride, given, made, strict=True)
    ]
    return _centred(_view(axes), view)


def _padded(call: Call, view: View) -> View:
    """Padding moves the first unit out of the picture, cropping into it."""
    down, right = (its[0] for its in getattr(call.layer, "padding", None) or call.layer.cropping)
    outwards = 1 if hasattr(call.layer, "padding") else -1
    return _moved(view, view, (outwards * down, outwards * right))


def _moved(view: View, given: View, before: Sequence[int]) -> View:
    """Let a view begin so many places of the one it is made of before where that begins."""
    down, right = (at - n * step for at, n, step in zip(given.start, before, given.stride, strict=True))
    return replace(view, start=(down, right))


def _centred(view: View, given: View) -> View:
    """Let the first of the units that share a unit's place look as far before its middle as the last looks after it."""
    starts = [
        at + (step - before) / 2 + (seen - now) / 2
        for at, step, before, seen, now in zip(
            given.start, view.stride, given.stride, given.field, view.field, strict=True
        )
    ]
    return replace(view, start=(starts[0], starts[1]))


def _view(axes: Sequence[tuple[int, float]]) -> View:
    (height, down), (width, right) = axes
    return View((height, width), (down, right))  # what all see is added for all kinds at once


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
    "ZeroPadding2D": _padded,
    "Cropping2D": _padded,
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
