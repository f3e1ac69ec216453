"""What all figures share: the look, a file that is there entirely or not at all, text that can be drawn."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lensmith.files import replacing
from lensmith.rendering.wording import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's blue and vermilion: told apart by every kind of colour vision, and in grey.
BLUE, LIGHT_BLUE, ORANGE = "#0072b2", "#8cc1de", "#d55e00"
HEAT_COLORS = {"right": "#005a96", "wrong": "#b85000"}
STRONG = {"right": 0.8, "wrong": 0.93}
"""How far up its heat scale a cell must be for white text on it to be the more legible."""
INK, MUTED, LINE = "#1a2430", "#5a6877", "#dde3e9"
DOTS_PER_INCH = 150
TINY_IMAGE = 64
"""Up to this side, in pixels, an image is enlarged pixel by pixel, so that one sees what the network sees."""

FONT = "DejaVu Sans"
"""Comes with Matplotlib."""
OTHER_SCRIPTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "PingFang SC", "Hiragino Sans", "Yu Gothic",
    "Microsoft YaHei", "Malgun Gothic", "Noto Sans Devanagari", "Noto Sans Thai", "Nirmala UI", "Arial Unicode MS",
)  # fmt: skip
"""Fonts for what ours lacks; those that are installed are used."""
NO_GLYPH = "□"
LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"
"""Around a name from outside, keeps a line in order when the name is in Hebrew or Arabic."""

STYLE = {
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "legend.frameon": False,
    "figure.facecolor": "white",
}


@contextmanager
def drawing(path: Path, width: float, height: float, *, cut: bool = True) -> Iterator["Figure"]:
    """Give an empty figure, and write it as PNG when the block is left without an error.

    Args:
        path: The file; a reader sees the old one or the new one, never half of it.
        width: Inches.
        height: Inches.
        cut: Whether to fit the picture to what is drawn, rather than keep to width and height.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rc: dict[Any, Any] = {**STYLE, "font.family": list(_families())}
    with matplotlib.rc_context(rc):
        figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH)
        FigureCanvasAgg(figure)
        yield figure
        with replacing(path) as temporary:
            figure.savefig(temporary, format="png", bbox_inches="tight" if cut else None, pad_inches=0.25)


def sheet(figure: "Figure") -> "Axes":
    """Return axes over the whole figure, in inches from its upper left corner, to place pictures and text on."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, float(width))
    axes.set_ylim(float(height), 0)
    return axes


def place(axes: "Axes", image: npt.NDArray[np.uint8], left: float, top: float, side: float) -> None:
    """Draw an image within a square of a sheet, at its lower edge, in its own proportions.

    Args:
        axes: A `sheet`.
        image: `uint8 (H, W, C)`, C 1 or 3.
        left: Inches.
        top: Inches.
        side: Inches.
    """
    height, width = image.shape[:2]
    high, wide = side * height / max(height, width), side * width / max(height, width)
    left, bottom = left + (side - wide) / 2, top + side
    axes.imshow(
        image if image.shape[2] == 3 else image[:, :, 0],
        cmap="gray",
        vmin=0,
        vmax=255,
        extent=(left, left + wide, bottom, bottom - high),
        aspect="auto",
        interpolation="nearest" if max(height, width) <= TINY_IMAGE else "auto",
    )


def drawable(text: str, longest: int = 40) -> str:
    r"""Make any text safe to draw: one line, no formula, and a box for each character that no font has.

    Args:
        text: As it comes: a class name, a file name.
        longest: Characters; the middle of a longer text is cut out.

    Example:
        >>> drawable("$x^2$\n中")
        '\\$x^2\\$ □'
    """
    return shorten("".join(map(_drawable_character, text)), longest).replace("$", r"\$")


def _drawable_character(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace():
        return " "
    if category == "Cf":  # joiners and writing directions have no picture of their own
        return ""
    if category[0] != "C" and ord(character) in _glyphs():
        return character
    return "" if category == "Mn" else NO_GLYPH


@cache
def _families() -> tuple[str, ...]:
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    return (FONT, *(name for name in OTHER_SCRIPTS if name in installed))


@cache
def _glyphs() -> frozenset[int]:
    from matplotlib import font_manager

    fonts = [font_manager.get_font(font_manager.findfont(name)) for name in _families()]
    return frozenset(code for font in fonts for code in font.get_charmap())
