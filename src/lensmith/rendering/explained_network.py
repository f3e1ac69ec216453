"""What a network has learned, as one page: its first filters, what excites each channel, what the units do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.explanation import LayerUnits
from lensmith.rendering.filters import kernel_pictures, strip
from lensmith.rendering.histograms import draw_histogram
from lensmith.rendering.pages import render_page
from lensmith.rendering.pictures import Picture, picture
from lensmith.rendering.wording import TIMES, counted

KERNEL_SIDE, STRIP_SIDE = 48, 320
"""CSS pixels."""


@dataclass(frozen=True)
class Excited:
    """The patches that excite a channel most.

    Attributes:
        channel: Its number.
        highest: Its highest answer.
        patches: `uint8 (h, w, C)` each, the most exciting first.
    """

    channel: int
    highest: float
    patches: Sequence[npt.NDArray[np.uint8]]


@dataclass(frozen=True)
class LearnedLayer:
    """What is shown of a layer.

    Attributes:
        units: What its units do.
        excited: Some of its channels; none of a layer whose outputs have no height and width.
        sees: Height and width of the part of the picture that a unit sees; `None` where that cannot be told.
    """

    units: LayerUnits
    excited: Sequence[Excited]
    sees: tuple[int, int] | None


def render_network(
    name: str, kernel: npt.NDArray[np.floating] | None, first: str, layers: Sequence[LearnedLayer], images: str
) -> str:
    """Draw the page: HTML in one piece.

    Args:
        name: Of the run.
        kernel: `(k, k, C, filters)` of the first convolution; `None` where there is none that sees the picture.
        first: That layer's name.
        layers: In the order they are computed.
        images: Which images were looked at, in a few words.
    """
    kernels = [] if kernel is None else [picture(its, KERNEL_SIDE) for its in kernel_pictures(kernel)]
    return render_page(
        "explained_network.html.j2",
        {
            "name": name,
            "kernels": kernels,
            "in_colour": kernel is not None and kernel.shape[2] == 3,
            "first": first,
            "layers": [_shown(its, number) for number, its in enumerate(layers)],
            "images": images,
            "dead": sum(len(its.units.dead) for its in layers),
            "saturated": sum(len(its.units.saturated) for its in layers),
        },
    )


def _shown(its: LearnedLayer, number: int) -> dict[str, Any]:
    found = its.units
    return {
        "anchor": f"layer-{number}",
        "units": found,
        "counted": counted(found.units, "unit"),
        "sees": TIMES.join(map(str, its.sees)) if its.sees else "",
        "outputs": draw_histogram(found.outputs, "what it puts out"),
        "weights": draw_histogram(found.weights, "its weights") if found.weights else None,
        "excited": [(one, _strip(one)) for one in its.excited],
    }


def _strip(one: Excited) -> Picture:
    return picture(strip(one.patches), STRIP_SIDE)
