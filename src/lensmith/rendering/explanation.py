"""An explanation as a page, with its pictures beside it: why this class, and what every layer makes of the picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from lensmith.explanation import UNCHANGED, LayerActivations, Map, Sliding
from lensmith.files import replacing
from lensmith.rendering.canvas import TINY_IMAGE
from lensmith.rendering.pages import render_page
from lensmith.rendering.pictures import picture
from lensmith.rendering.sheets import Sheet, colored
from lensmith.rendering.sliding import draw_sliding
from lensmith.rendering.wording import TIMES, percent

SIDE = 260
"""CSS pixels of a picture on the page."""
MOST_LINKED = 64
NAMES = {
    "gradcam": ("Grad-CAM", "Places of a layer's output that raise the score."),
    "occlusion": ("Occlusion", "How much the probability falls where a grey square covers the picture."),
    "integrated": ("Integrated gradients", "How much each pixel adds to the score, on the way from black."),
}
"""Each method's title, and what its map says."""


@dataclass(frozen=True)
class ExplainedMap:
    """A map, and its rank correlation with that of random weights; `None` where one of them is the same everywhere."""

    map: Map
    class_name: str
    likeness: float | None

    @property
    def sentence(self) -> str:
        """What is to be known of the map."""
        if self.likeness is None:
            empty = "Whether random weights would give another map cannot be told: one of the two is empty."
            return " ".join(filter(None, (self.map.note, empty)))
        checked = (
            f"With random weights the map is nearly the same (rank correlation {self.likeness:.2f}): it says nothing "
            "of what was learned."
            if abs(self.likeness) >= UNCHANGED
            else f"With random weights the map is another one (rank correlation {self.likeness:.2f})."
        )
        return " ".join(filter(None, (self.map.note, checked)))


@dataclass(frozen=True)
class DrawnLayer:
    """A layer, the file of its sheet beside the page, and where the channels are on it."""

    layer: LayerActivations
    file: str
    sheet: Sheet


def save_map(its: ExplainedMap, image: npt.NDArray[np.uint8], path: Path) -> None:
    """Draw a map over the picture's grey likeness: the stronger the colour, the more a place counts.

    Args:
        its: The map.
        image: `uint8 (H, W, C)`, as the network sees it.
        path: The PNG to write.
    """
    values = its.map.values
    largest = float(np.abs(values).max()) or 1.0
    grey = image.mean(axis=-1, keepdims=True).repeat(3, axis=-1)
    strength = (np.abs(values) / largest)[..., np.newaxis]
    over = colored(values / largest) * (0.35 + 0.65 * grey / 255) * strength + 0.6 * grey * (1 - strength)
    pixels = Image.fromarray(np.clip(over, 0, 255).astype(np.uint8))
    scale = max(1, SIDE * 2 // max(pixels.size))
    how = Image.Resampling.NEAREST if max(pixels.size) <= TINY_IMAGE else Image.Resampling.BILINEAR
    with replacing(path) as temporary:
        pixels.resize((scale * pixels.width, scale * pixels.height), how).save(temporary, "PNG")


def render_explanation(
    name: str,
    image: npt.NDArray[np.uint8],
    answers: Sequence[tuple[str, float]],
    maps: Sequence[tuple[ExplainedMap, str]],
    layers: Sequence[DrawnLayer],
    sliding: Sliding | None = None,
) -> str:
    """Draw the page. Its pictures lie beside it.

    Args:
        name: Of the picture.
        image: `uint8 (H, W, C)`, as the network sees it.
        answers: The likeliest classes, the likeliest first, each with its probability.
        maps: Each with the name of its file.
        layers: In the order they are computed.
        sliding: A filter of the first convolution at work.
    """
    return render_page(
        "explanation.html.j2",
        {
            "name": name,
            "picture": picture(image, SIDE),
            "answers": answers,
            "maps": [(its, file, *NAMES[its.map.method]) for its, file in maps],
            "sliding": sliding and draw_sliding(sliding),
            "layers": [_shown(its, number) for number, its in enumerate(layers)],
        },
    )


def _shown(drawn: DrawnLayer, number: int) -> dict[str, Any]:
    layer, sheet = drawn.layer, drawn.sheet
    return {
        "anchor": f"layer-{number}",
        "layer": layer,
        "file": drawn.file,
        "shape": TIMES.join(map(str, layer.shape)),
        "zeros": percent(layer.zeros),
        "sheet": sheet,
        "channels": [(channel, *sheet.place(channel), _label(layer, channel)) for channel in _linked(layer)],
    }


def _linked(layer: LayerActivations) -> list[int]:
    """Choose the channels that can be opened: of very many all would make the page slow."""
    return sorted({*range(min(MOST_LINKED, layer.shape[2])), *layer.strongest})


def _label(layer: LayerActivations, channel: int) -> str:
    lowest, highest, mean = layer.channels[channel]
    if channel in layer.silent:
        return f"{lowest:.3g} everywhere"
    return f"{lowest:.3g} to {highest:.3g}, mean {mean:.3g}"
