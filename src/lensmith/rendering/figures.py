"""Records as PNG files: learning curves, confusion matrix, worst errors, samples."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lensmith.data import Dataset
from lensmith.evaluation import Evaluation, Mistake
from lensmith.rendering.canvas import (
    BLUE,
    HEAT_COLORS,
    INK,
    LEFT_TO_RIGHT,
    LIGHT_BLUE,
    LINE,
    MUTED,
    ORANGE,
    STRONG,
    drawable,
    drawing,
    place,
    sheet,
)
from lensmith.rendering.wording import SPACE, TIMES, counted, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable

Images = npt.NDArray[np.uint8]
History = Sequence[Mapping[str, Any]]
SPLIT_COLORS = {"train": BLUE, "validation": LIGHT_BLUE, "test": ORANGE}

MOST_CLASSES_WITH_COUNTS = 20
MOST_LABELS = 100
"""On one axis; of more classes only every second, third, … is named."""
MOST_EPOCHS_WITH_DOTS = 30

MARGIN, GAP = 0.35, 0.12
"""Of sheets, inches."""
LINE_HEIGHT = 0.17


def save_history(history: History, path: Path) -> None:
    """Draw accuracy and loss over the epochs, in training and, where there is one, on the validation split.

    Args:
        history: One row an epoch, as in `history.csv`; accuracies are fractions.
        path: PNG to write.
    """
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    first = int(history[0]["epoch"] or 0) if history else 1
    with drawing(path, 9, 3.6) as figure:
        panels = figure.subplots(1, 2, gridspec_kw={"wspace": 0.2})
        for axes, column in zip(panels, ("accuracy", "loss"), strict=True):
            _draw_curve(axes, history, f"val_{column}", "validation", ORANGE)
            _draw_curve(axes, history, column, "training", BLUE)
            axes.set_title(column.capitalize())
            axes.set_xlabel("epoch")
            axes.set_xlim(first - 0.5, first + max(len(history), 1) - 0.5)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            if len(history) <= 1:
                axes.set_ylim(0, 1 if column == "accuracy" else None)
            axes.grid(axis="y")
        panels[0].yaxis.set_major_formatter(PercentFormatter(1, symbol=f"{SPACE}%"))
        lines = panels[0].get_lines() or panels[1].get_lines()
        figure.legend(handles=lines[::-1], loc="lower right", bbox_to_anchor=(0.9, 0.9), ncols=2, borderaxespad=0)


def _draw_curve(axes: "Axes", history: History, column: str, label: str, color: str) -> None:
    values = np.array([row.get(column) for row in history], dtype=np.float64)  # None becomes NaN
    finite = np.isfinite(values)
    if finite.any():
        values = np.where(finite, values, np.nan)
        marker = "o" if len(history) <= MOST_EPOCHS_WITH_DOTS else ""
        axes.plot([row["epoch"] for row in history], values, color=color, label=label, marker=marker, markersize=4)


def save_confusion(evaluation: Evaluation, path: Path) -> None:
    """Draw the confusion matrix: a row a label, coloured by its share of the row's images.

    Right answers are blue, wrong ones orange. Wrong ones are coloured by the square root of their share,
    because a few per cent are what one looks for. Up to 20 classes the counts are written in.

    Args:
        evaluation: What to draw.
        path: PNG to write.
    """
    names = [drawable(name, 24) for name in evaluation.class_names]
    few = len(names) <= MOST_CLASSES_WITH_COUNTS
    side = min(max(len(names) * (0.5 if few else 0.17), 2.5), 17)
    font_size = 9.0 if few else 6.5
    with drawing(path, 2 * side, 2 * side) as figure:
        axes = figure.add_axes((0.25, 0.25, 0.5, 0.5))
        _draw_matrix(axes, np.array(evaluation.confusion, dtype=np.float64), side)
        every = range(0, len(names), math.ceil(len(names) / MOST_LABELS))
        shown = [names[place] for place in every]
        upright = max(map(len, names)) > side / len(names) / 0.09
        axes.set_xticks(every, shown, fontsize=font_size, rotation=90 if upright else 0)
        axes.set_yticks(every, shown, fontsize=font_size)
        axes.tick_params(length=0, labelcolor=INK)
        axes.spines[:].set_visible(False)
        axes.set_xlabel("what the model said")
        axes.set_ylabel("what it is")
        title = f"Confusion on {counted(evaluation.n, f'{evaluation.split} image')}"
        axes.set_title(title, pad=10, fontsize=max(11, side))
        if few:
            _write_counts(axes, evaluation.confusion)


def _draw_matrix(axes: "Axes", counts: npt.NDArray[np.float64], side: float) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize, PowerNorm

    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    right = np.eye(len(counts), dtype=bool)
    colors = np.ones((*counts.shape, 3))
    kinds = (("right", right, Normalize(0, 1)), ("wrong", ~right, PowerNorm(0.5, 0, 1)))
    for number, (kind, cells, norm) in enumerate(kinds):
        scale = ScalarMappable(norm, LinearSegmentedColormap.from_list(kind, ["white", HEAT_COLORS[kind]]))
        colors[cells] = scale.to_rgba(shares[cells])[:, :3]
        height = min(0.36, 1.6 / side)
        bottom = 1 - height - number * (height + 0.5 / side)
        _draw_scale(axes.inset_axes((1 + 0.3 / side, bottom, 0.12 / side, height)), scale, kind)
    edges = np.arange(len(counts) + 1) - 0.5
    width = 1.5 if len(counts) <= MOST_CLASSES_WITH_COUNTS else 0.2
    axes.pcolormesh(edges, edges, colors, edgecolors=LINE if len(counts) <= MOST_LABELS else "face", linewidth=width)
    axes.set_aspect("equal")
    axes.invert_yaxis()


def _draw_scale(axes: "Axes", scale: "ScalarMappable", kind: str) -> None:
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    bar = figure.colorbar(scale, cax=axes, format=PercentFormatter(1, decimals=0, symbol=f"{SPACE}%"))
    bar.set_ticks([0, 0.25, 0.5, 0.75, 1] if kind == "right" else [0, 0.05, 0.25, 0.5, 1])
    bar.outline.set_visible(False)
    axes.minorticks_off()
    axes.tick_params(labelsize=7.5, length=2)
    axes.set_title(f"{kind},\nshare of row", fontsize=8, color=MUTED, pad=6)


def _write_counts(axes: "Axes", confusion: list[list[int]]) -> None:
    for row, counts in enumerate(confusion):
        for column, count in enumerate(counts):
            if count or row == column:
                share = count / max(sum(counts), 1)
                strong = share > STRONG["right"] if row == column else share**0.5 > STRONG["wrong"]
                color = "white" if strong else "black"
                axes.text(column, row, str(count), ha="center", va="center", fontsize=8, color=color)


def save_mistakes(mistakes: Sequence[Mistake], images: Images, path: Path) -> None:
    """Draw the wrong answers the classifier was surest about: label, what it said, how sure, which file.

    Args:
        mistakes: In the order to draw them in.
        images: `uint8 (n, H, W, C)`, one a mistake.
        path: PNG to write.
    """
    columns, side = min(max(len(mistakes), 3), 6), 1.6
    rows = max(1, math.ceil(len(mistakes) / columns))
    row_height = side + 4 * LINE_HEIGHT
    width = 2 * MARGIN + columns * (side + 2 * GAP) - 2 * GAP
    with drawing(path, width, 0.85 + rows * row_height if mistakes else 1.4, cut=False) as figure:
        axes = sheet(figure)
        title = f"The {counted(len(mistakes), 'surest wrong answer')}" if mistakes else "No wrong answers"
        axes.text(MARGIN, 0.38, title, fontsize=12)
        explained = "label → what the model said, its probability, file"
        axes.text(MARGIN, 0.6, explained if mistakes else "Every image was named right.", fontsize=8.5, color=MUTED)
        for number, (mistake, image) in enumerate(zip(mistakes, images, strict=True)):
            left = MARGIN + number % columns * (side + 2 * GAP)
            top = 0.75 + number // columns * row_height
            place(axes, image, left, top, side)
            _write_mistake(axes, mistake, left, top + side)


def _write_mistake(axes: "Axes", mistake: Mistake, left: float, top: float) -> None:
    said = f"{LEFT_TO_RIGHT}→ {drawable(mistake.predicted, 14)}{LEFT_TO_RIGHT}"
    lines = (
        (drawable(mistake.label, 20), 9, INK),
        (f"{said}, {percent(mistake.probability)}", 8, ORANGE),
        (drawable(mistake.name, 27), 6.5, MUTED),
    )
    for number, (line, size, color) in enumerate(lines, start=1):
        axes.text(left, top + number * LINE_HEIGHT, line, fontsize=size, color=color)


def save_samples(dataset: Dataset, images: Images, labels: Sequence[str], path: Path) -> None:
    """Draw labelled samples, and below them how many images of each class there are.

    Args:
        dataset: For the class balance.
        images: `uint8 (n, H, W, C)`, n at least 1.
        labels: n class names.
        path: PNG to write.
    """
    width = min(max(10, 0.15 * len(dataset.class_names) + 1), 16)
    columns = min(len(images), 8 if len(images) <= 16 else 10)
    side = min((width - 2 * MARGIN + GAP) / columns - GAP, 2.2)
    row_height = side + 1.6 * LINE_HEIGHT
    pictures_end = 0.75 + math.ceil(len(images) / columns) * row_height
    names = [drawable(name, 24) for name in dataset.class_names]
    broad = min(width - 0.9 - MARGIN, len(names) * 1.1)
    upright = max(map(len, names)) * 0.08 > broad / len(names)
    below = max(map(len, names)) * 0.075 + 0.3 if upright else 0.5
    height = pictures_end + 2.5 + below
    with drawing(path, width, height, cut=False) as figure:
        axes = sheet(figure)
        axes.text(MARGIN, 0.38, drawable(dataset.name, 60), fontsize=13)
        axes.text(MARGIN, 0.6, _describe(dataset), fontsize=9, color=MUTED)
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            left = MARGIN + number % columns * (side + GAP)
            top = 0.75 + number // columns * row_height
            place(axes, image, left, top, side)
            text = drawable(label, max(4, int((side + GAP) / 0.075)))
            axes.text(left + side / 2, top + side + 0.9 * LINE_HEIGHT, text, ha="center", fontsize=8)
        axes.text(MARGIN, pictures_end + 0.3, "Images of each class", fontsize=11)
        balance = figure.add_axes((0.9 / width, below / height, broad / width, 1.9 / height))
        _draw_balance(balance, dataset, names, upright=upright)
        corner = (1 - MARGIN / width, (below + 2.35) / height)
        figure.legend(loc="upper right", bbox_to_anchor=corner, ncols=3, borderaxespad=0, borderpad=0)


def save_augmented(name: str, images: npt.NDArray[np.uint8], labels: Sequence[str], path: Path) -> None:
    """Draw what an augmentation makes of images: a row an image, first as it is.

    Args:
        name: Of the augmentation.
        images: `uint8 (n, m, H, W, C)`.
        labels: n class names.
        path: PNG to write.
    """
    count, variants = images.shape[:2]
    side, first = 1.2, 1.3
    width = 2 * MARGIN + first + variants * (side + GAP) - GAP
    with drawing(path, width, 1.05 + count * (side + GAP), cut=False) as figure:
        axes = sheet(figure)
        axes.text(MARGIN, 0.38, f"Augmentation {name}", fontsize=13)
        heading = f"each image as it is, and {counted(variants - 1, 'time')} as training sees it"
        axes.text(MARGIN, 0.6, heading, fontsize=9, color=MUTED)
        for row, label in enumerate(labels):
            top = 0.8 + row * (side + GAP)
            axes.text(MARGIN, top + side / 2, drawable(label, 16), va="center", fontsize=9)
            for column, image in enumerate(images[row]):
                place(axes, image, MARGIN + first + column * (side + GAP), top, side)


def _describe(dataset: Dataset) -> str:
    height, width, channels = dataset.image_shape
    used = counted(sum(map(len, dataset.splits.values())), "image")
    skipped = f", {counted(len(dataset.skipped), 'file')} skipped" if dataset.skipped else ""
    classes = counted(len(dataset.class_names), "class", "classes")
    kind = "colour" if channels == 3 else "grey"
    return f"{used} of {classes}, {width} {TIMES} {height} pixels, {kind}{skipped}"


def _draw_balance(axes: "Axes", dataset: Dataset, names: list[str], *, upright: bool) -> None:
    places = np.arange(len(names))
    total = np.zeros(len(names), dtype=np.int64)
    for split, counts in dataset.class_counts.items():
        heights = np.array(list(counts.values()))
        axes.bar(places, heights, 0.78, bottom=total, color=SPLIT_COLORS[split], label=f"{split} {heights.sum():,}")
        total += heights
    if len(names) <= MOST_CLASSES_WITH_COUNTS:
        for where, count in enumerate(total.tolist()):
            axes.text(where, count, f"{count:,}", ha="center", va="bottom", fontsize=8, color=MUTED)
    every = places[:: math.ceil(len(names) / MOST_LABELS)]
    font_size = 8.5 if len(names) <= 40 else 6.5
    axes.set_xticks(every, [names[where] for where in every], rotation=90 if upright else 0, fontsize=font_size)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.margins(y=0.12)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(axis="x", length=0, labelcolor=INK)
    axes.grid(axis="y")
