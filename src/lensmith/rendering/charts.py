"""Charts as inline SVG. Colours are the page's CSS classes, so that they follow its light and dark looks."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lensmith.rendering.wording import SPACE, counted, percent, shorten

WIDTH, HEIGHT = 420, 250
LEFT, RIGHT, TOP, BOTTOM = 50, 14, 24, 36
MOST_EPOCHS_WITH_DOTS = 30

HEAT_LEVELS = 20
CELL = 12
"""CSS pixels; less for more classes than are named."""
MOST_LABELS = 100
LONGEST_LABEL = 24


@dataclass(frozen=True)
class Curve:
    """Values over the epochs; `None` where there is none. `kind` is `training` or `validation`."""

    kind: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class _Scale:
    """From a range of values to a range of pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        fraction = (value - self.low) / (self.high - self.low)
        return round(self.start + fraction * (self.end - self.start), 1)


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Choose round values, evenly spaced, from at most `low` to at least `high`.

    Example:
        >>> ticks(0.43, 0.97), ticks(0, 0)
        ([0.4, 0.6, 0.8, 1.0], [0.0, 1.0])
    """
    wanted = (high - low) / about if high > low else 1
    power = 10.0 ** math.floor(math.log10(wanted))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wanted * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(place * step, 10) for place in range(first, max(last, first + 1) + 1)]


def decimals_between(mark: float, next_mark: float) -> int:
    """Return how many decimals tell two marks of an axis apart, at least one.

    Example:
        >>> decimals_between(90, 95), decimals_between(99.8, 99.85)
        (1, 2)
    """
    return max(1, math.ceil(-math.log10(abs(next_mark - mark)) - 1e-9))


def learning_curves(
    name: str, curves: Sequence[Curve], best_epoch: int | None, *, fraction: bool, first: int = 1
) -> Markup:
    """Draw curves over the epochs, with the best epoch marked.

    Args:
        name: What is drawn, for those who cannot see it.
        curves: All of the same length.
        best_epoch: `None` marks none.
        fraction: Whether values are fractions, to be written as per cent.
        first: The epoch of the first value.
    """
    values = [value for curve in curves for value in curve.values if value is not None]
    count = max((len(curve.values) for curve in curves), default=0)
    if not values:
        return Markup("")
    low, last = 0.0 if count == 1 else min(values), first + count - 1
    marks = ticks(low, 1.0 if fraction and count == 1 else max(values))
    y = _Scale(marks[0], marks[-1], HEIGHT - BOTTOM, TOP)
    x = _Scale(first, last, LEFT + 8, WIDTH - RIGHT - 8) if count > 1 else _Scale(first - 0.5, first + 0.5, LEFT, WIDTH)
    drawn = [_axes(x, y, marks, last, fraction=fraction), _best(x, best_epoch)]
    drawn += [_curve(curve, x, y, first, best_epoch) for curve in curves]
    words = " ".join(_in_words(curve, fraction=fraction) for curve in curves)
    label = f"{name} over {counted(last, 'epoch')}. {words}"
    opening = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">')
    return opening.format(WIDTH, HEIGHT, label) + Markup("").join(drawn) + Markup("</svg>")


def _axes(x: _Scale, y: _Scale, marks: list[float], last: int, *, fraction: bool) -> Markup:
    decimals = max(0, math.ceil(-math.log10((marks[1] - marks[0]) * (100 if fraction else 1)) - 1e-9))
    line = Markup('<path class="grid" d="M{} {}H{}"/>')
    beside = Markup('<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>')
    across = [line.format(LEFT, y(mark), WIDTH - RIGHT) for mark in marks]
    across += [beside.format(LEFT - 8, y(mark) + 4, _value(mark, decimals, fraction=fraction)) for mark in marks]
    step = max(1, round(ticks(0, last, 6)[1]))
    under = Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>')
    along = [under.format(x(epoch), HEIGHT - BOTTOM + 17, epoch) for epoch in range(step, last + 1, step)]
    return Markup("").join([*across, *along, under.format((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 3, "epoch")])


def _value(value: float, decimals: int, *, fraction: bool) -> str:
    return f"{100 * value:.{decimals}f}{SPACE}%" if fraction else f"{value:.{decimals}f}"


def _best(x: _Scale, epoch: int | None) -> Markup:
    if epoch is None:
        return Markup("")
    where = x(epoch)
    anchor = "end" if where > WIDTH * 0.75 else "start" if where < WIDTH * 0.25 else "middle"
    line = Markup('<path class="best" d="M{} {}V{}"/>').format(where, TOP - 6, HEIGHT - BOTTOM)
    text = Markup('<text class="best" x="{}" y="{}" text-anchor="{}">best: epoch {}</text>')
    return line + text.format(where, TOP - 11, anchor, epoch)


def _curve(curve: Curve, x: _Scale, y: _Scale, first: int, best_epoch: int | None) -> Markup:
    numbered = list(enumerate(curve.values, start=first))
    points = [None if value is None else (x(epoch), y(value)) for epoch, value in numbered]
    commands, pen_down = [], False
    for point in points:
        if point:
            commands.append(f"{'L' if pen_down else 'M'}{point[0]:g} {point[1]:g}")
        pen_down = point is not None
    drawn = [Markup('<path class="line {}" d="{}"/>').format(curve.kind, "".join(commands))]
    dot = Markup('<circle class="{}" cx="{}" cy="{}" r="{}"/>')
    for epoch, point in enumerate(points, start=first):
        if point and (len(points) <= MOST_EPOCHS_WITH_DOTS or epoch == best_epoch):
            drawn.append(dot.format(curve.kind, *point, 5 if epoch == best_epoch else 2.5))
    return Markup("").join(drawn)


def _in_words(curve: Curve, *, fraction: bool) -> str:
    values = [value for value in curve.values if value is not None]
    if not values:
        return ""
    first, last = ((percent(value) if fraction else f"{value:.3g}") for value in (values[0], values[-1]))
    return f"{curve.kind}: from {first} to {last}."


def heat_map(confusion: Sequence[Sequence[int]], names: Sequence[str], label: str) -> Markup:
    """Draw a confusion matrix of many classes: a small square for each pair that occurs.

    Squares of about the same strength share one path, which keeps the page small.

    Args:
        confusion: `(K, K)` counts, rows are labels.
        names: K class names.
        label: For those who cannot see it.
    """
    size = min(float(CELL), CELL * MOST_LABELS / len(names))
    every = math.ceil(len(names) / MOST_LABELS)
    shown = [(place, shorten(names[place], LONGEST_LABEL)) for place in range(0, len(names), every)]
    margin = 12 + round(6.5 * max(len(name) for _, name in shown))
    side = margin + round(size * len(names))
    across = Markup('<text class="tick" text-anchor="end" x="{}" y="{}">{}</text>')
    upright = Markup('<text class="tick" transform="translate({} {}) rotate(-90)">{}</text>')
    middle = [round(margin + (place + every / 2) * size + 3.5, 1) for place, _ in shown]
    texts = [across.format(margin - 5, y, name) for y, (_, name) in zip(middle, shown, strict=True)]
    texts += [upright.format(x, margin - 5, name) for x, (_, name) in zip(middle, shown, strict=True)]
    group = Markup('<g transform="translate({0} {0}) scale({1})"><rect class="frame" width="{2}" height="{2}"/>')
    drawn = [group.format(margin, round(size, 3), len(names)), *_squares(confusion), Markup("</g>")]
    opening = Markup('<svg class="heatmap" role="img" aria-label="{1}" width="{0}" height="{0}" viewBox="0 0 {0} {0}">')
    return Markup("").join([opening.format(side, label), *texts, *drawn, Markup("</svg>")])


def heat(count: int, row_total: int, *, right: bool) -> float:
    """Return how strongly a cell of a confusion matrix is coloured, 0 to 1.

    By its share of the row; for wrong answers by the square root of it, because a few per cent are what one
    looks for.
    """
    share = count / max(row_total, 1)
    return share if right else math.sqrt(share)


def _squares(confusion: Sequence[Sequence[int]]) -> Iterator[Markup]:
    paths: dict[tuple[str, int], list[str]] = {}
    for row, counts in enumerate(confusion):
        total = sum(counts)
        for column, count in enumerate(counts):
            if count:
                strength = heat(count, total, right=row == column)
                key = ("right" if row == column else "wrong", max(1, math.ceil(strength * HEAT_LEVELS)))
                paths.setdefault(key, []).append(f"M{column} {row}h1v1h-1z")
    square = Markup('<path class="{}" fill-opacity="{}" d="{}"/>')
    for (kind, level), places in sorted(paths.items()):
        yield square.format(kind, level / HEAT_LEVELS, "".join(places))
