"""Images as `data:` addresses, so that a page needs no other file."""

import base64
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from lensmith.rendering.canvas import TINY_IMAGE

DOTS = 2
"""Screens have up to so many dots a CSS pixel; more would only make the page heavy."""


@dataclass(frozen=True)
class Picture:
    """An image for `<img>`.

    Attributes:
        address: `data:image/…;base64,…`.
        width, height: In CSS pixels; for tiny images a whole multiple of their own size.
        tiny: Whether it is to be enlarged pixel by pixel.
    """

    address: str
    width: int
    height: int
    tiny: bool


def picture(image: npt.NDArray[np.uint8], side: int) -> Picture:
    """Encode an image: PNG when it is tiny, else JPEG, no larger than can be seen.

    Args:
        image: `uint8 (H, W, C)`, C 1 or 3.
        side: Of what is shown, in CSS pixels; tiny images may come out smaller.
    """
    height, width = image.shape[:2]
    tiny = max(height, width) <= TINY_IMAGE
    scale = max(1, side // max(height, width)) if tiny else side / max(height, width)
    pixels = Image.fromarray(image if image.shape[2] == 3 else image[:, :, 0])
    content = io.BytesIO()
    if tiny:
        pixels.save(content, "PNG", optimize=True)
    else:
        pixels.thumbnail((DOTS * side, DOTS * side))
        pixels.save(content, "JPEG", quality=85)
    encoded = base64.b64encode(content.getvalue()).decode("ascii")
    address = f"data:image/{'png' if tiny else 'jpeg'};base64,{encoded}"
    return Picture(address, max(1, round(width * scale)), max(1, round(height * scale)), tiny)
