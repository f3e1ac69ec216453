"""How training seconds grow with images, epochs, width² and pixels: straight lines, or not.

    LENSMITH_DATA=… python -m benchmarks.growth

One of the four is changed at a time, from 10,000 images of 32x32 pixels, 2 epochs and a width of 32 (the filters of
the first group; the other two have twice as many). The images are CIFAR-10's, enlarged or made smaller beforehand.
Draws `docs/images/growth.png` from what is stored.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.contestants import ROOT, Benchmark, Contestant, lensmith
from benchmarks.harness import Result, measure_and_draw
from benchmarks.spread import Line, fit_line
from lensmith.rendering.canvas import BLUE, LINE, MUTED, ORANGE, drawing

RECIPE = "benchmarks/growth.toml"
IMAGES = "IMAGES"
"""Stands for the folder with the arrays."""
TEST_IMAGES = 1000
PICTURE = ROOT / "docs" / "images" / "growth.png"


@dataclass(frozen=True)
class Setting:
    """What one training is like: images, epochs, filters of the network's first group, side of an image in pixels."""

    images: int = 10_000
    epochs: int = 2
    width: int = 32
    side: int = 32

    @property
    def contestant(self) -> Contestant:
        """The training of this setting."""
        data = f"{IMAGES}/{self.images}-{self.side}.npz"
        widths = f"model.arguments.widths=[{self.width},{2 * self.width},{2 * self.width}]"
        options = ("--epochs", str(self.epochs), "--set", widths)
        return lensmith(f"{self.images}-{self.epochs}-{self.width}-{self.side}", data, RECIPE, *options)


@dataclass(frozen=True)
class Series:
    """One thing that is changed.

    Attributes:
        name: What it is; where it is squared, the square is what seconds are set against.
        field: Of `Setting`.
        values: It takes.
        squared: Whether cost is expected to grow with its square.
    """

    name: str
    field: str
    values: tuple[int, ...]
    squared: bool = False

    def x(self, value: int) -> int:
        """Return what seconds are set against."""
        return value**2 if self.squared else value

    @property
    def settings(self) -> dict[int, Setting]:
        """The setting of every value."""
        return {value: replace(Setting(), **{self.field: value}) for value in self.values}


SERIES = (
    Series("images", "images", (5_000, 10_000, 20_000, 40_000)),
    Series("epochs", "epochs", (1, 2, 4, 8)),
    Series("width²", "width", (16, 32, 48, 64), squared=True),
    Series("pixels", "side", (16, 24, 32, 48), squared=True),
)
SETTINGS = dict.fromkeys(setting for series in SERIES for setting in series.settings.values())
BENCHMARK = Benchmark("growth", tuple(setting.contestant for setting in SETTINGS))


def points(series: Series, results: Mapping[str, Mapping[int, Result]]) -> list[tuple[float, float]]:
    """Return x and training seconds of every repeat of a series."""
    return [
        (float(series.x(value)), float(result["train_seconds"]))
        for value, setting in series.settings.items()
        for result in results.get(setting.contestant.name, {}).values()
    ]


def lines(results: Mapping[str, Mapping[int, Result]]) -> dict[str, Line]:
    """Fit a line to every series of which there is enough."""
    fitted = {series.name: fit_line(points(series, results)) for series in SERIES}
    return {name: line for name, line in fitted.items() if line is not None}


def draw(results: Mapping[str, Mapping[int, Result]], path: Path = PICTURE) -> None:
    """Draw the seconds of every repeat with the line through them, a panel a series."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    fitted = lines(results)
    with drawing(path, 11, 3) as figure:
        for axes, series in zip(figure.subplots(1, len(SERIES), gridspec_kw={"wspace": 0.3}), SERIES, strict=True):
            found, line = points(series, results), fitted.get(series.name)
            axes.scatter([x for x, _ in found], [y for _, y in found], s=14, color=BLUE, zorder=3)
            if line:
                far = max(x for x, _ in found)
                axes.plot([0, far], [line.intercept, line.intercept + line.slope * far], color=ORANGE, linewidth=1)
                axes.set_title(f"R² {line.r_squared:.4f}", fontsize=9, color=MUTED)
            axes.set_xlabel(series.name)
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
            axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
            axes.set_xlim(0)
            axes.set_ylim(0, 1.08 * max((y for _, y in found), default=1.0))
            axes.grid(color=LINE)
        figure.axes[0].set_ylabel("training seconds")


def write_arrays(folder: Path, settings: Mapping[Setting, None] = SETTINGS) -> None:
    """Write the images of every setting as `.npz`, so that reading them costs the same a pixel everywhere."""
    folder.mkdir(exist_ok=True)
    with np.load(Path(os.environ["LENSMITH_DATA"]) / "cifar10.npz") as file:
        given = {name: file[name] for name in ("x_train", "y_train", "x_test", "y_test")}
    for images, side in {(setting.images, setting.side) for setting in settings}:
        arrays: dict[str, npt.NDArray[np.integer]] = {}
        for split, n in (("train", images), ("test", TEST_IMAGES)):
            pixels = given[f"x_{split}"][:n]
            if side != pixels.shape[1]:
                pixels = np.stack([np.asarray(Image.fromarray(its).resize((side, side))) for its in pixels])
            arrays |= {f"x_{split}": pixels, f"y_{split}": given[f"y_{split}"].reshape(-1)[:n]}
        np.savez(folder / f"{images}-{side}.npz", allow_pickle=False, **arrays)


def main() -> None:
    """Measure what is not stored yet, and draw all there is."""
    sys.exit(not measure_and_draw(BENCHMARK, {IMAGES: write_arrays}, draw))


if __name__ == "__main__":
    main()
