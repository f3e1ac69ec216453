"""Accuracy against a cost, with those that no other beats in both joined by a line, as inline SVG."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lensmith.rendering.charts import decimals_between, ticks
from lensmith.rendering.labels import fitted, placed
from lensmith.rendering.wording import percent

WIDTH, HEIGHT = 420, 270
LEFT, RIGHT, TOP, BOTTOM = 74, 18, 16, 42
LONGEST_NAME = 150
"""Pixels."""


@dataclass(frozen=True)
class Point:
    """A classifier: its cost, its accuracy with bounds, and whether it is on the front."""

    name: str
    cost: float
    accuracy: float
    low: float
    high: float
    on_front: bool


def pareto_chart(cost: str, points: Sequence[Point], write: Callable[[float], str]) -> Markup:
    """Draw accuracies against costs, those on a logarithmic scale.

    Args:
        cost: What the cost is.
        points: At least one, of costs above 0.
        write: How a cost is written.
    """
    marks = ticks(min(its.low for its in points), max(its.high for its in points))
    x = _scale([math.log10(its.cost) for its in points])

    def y(accuracy: float) -> float:
        return round(HEIGHT - BOTTOM - (accuracy - marks[0]) / (marks[-1] - marks[0]) * (HEIGHT - BOTTOM - TOP), 1)

    front = sorted((x(math.log10(its.cost)), y(its.accuracy)) for its in points if its.on_front)
    words = " ".join(f"{its.name}: {write(its.cost)}, {percent(its.accuracy)}." for its in points)
    opening = Markup('<svg class="chart pareto" viewBox="0 0 {} {}" role="img" aria-label="{}">')
    drawn = [opening.format(WIDTH, HEIGHT, f"Accuracy against {cost}. {words}"), _axes(cost, marks, y)]
    drawn += [_mark(x(math.log10(its)), write(its)) for its in _ends([its.cost for its in points])]
    drawn.append(Markup('<path class="front" d="{}"/>').format("M" + "L".join(f"{a:g} {b:g}" for a, b in front)))
    drawn += [_point(its, x(math.log10(its.cost)), y, write) for its in points]
    drawn += _names([(x(math.log10(its.cost)), y(its.accuracy), its.name) for its in points])
    return Markup("").join([*drawn, Markup("</svg>")])


def _scale(values: Sequence[float]) -> Callable[[float], float]:
    low, high = min(values), max(values)
    margin = max(0.15, 0.1 * (high - low))
    start, width = low - margin, high - low + 2 * margin
    return lambda value: round(LEFT + (value - start) / width * (WIDTH - RIGHT - LEFT), 1)


def _axes(cost: str, marks: Sequence[float], y: Callable[[float], float]) -> Markup:
    line = Markup('<path class="grid" d="M{} {}H{}"/><text class="tick" x="{}" y="{}" text-anchor="end">{}</text>')
    decimals = decimals_between(100 * marks[0], 100 * marks[1])
    across = [line.format(LEFT, y(its), WIDTH - RIGHT, LEFT - 8, y(its) + 4, percent(its, decimals)) for its in marks]
    under = Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>')
    return Markup("").join([*across, under.format((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, f"{cost} →")])


def _ends(costs: Sequence[float]) -> list[float]:
    """Choose costs to mark: the lowest and the highest, or one where they are about the same."""
    low, high = min(costs), max(costs)
    return [low, high] if high > 1.5 * low else [low]


def _mark(x: float, text: str) -> Markup:
    mark = '<path class="grid" d="M{0} {1}v5"/><text class="tick" x="{0}" y="{2}" text-anchor="middle">{3}</text>'
    return Markup(mark).format(x, HEIGHT - BOTTOM, HEIGHT - BOTTOM + 18, text)


def _point(its: Point, x: float, y: Callable[[float], float], write: Callable[[float], str]) -> Markup:
    whole = '<g class="{}"><title>{}</title><path class="bounds" d="M{} {}V{}"/><circle cx="{}" cy="{}" r="5"/></g>'
    return Markup(whole).format(
        "sure" if its.on_front else "unsure",
        f"{its.name}: {write(its.cost)}, {percent(its.accuracy)}",
        x,
        y(its.low),
        y(its.high),
        x,
        y(its.accuracy),
    )


def _names(places: Sequence[tuple[float, float, str]]) -> list[Markup]:
    """Write each name beside its point where there is room; all are in the titles, too."""
    shown = [(x, y, fitted(name, LONGEST_NAME)) for x, y, name in places]
    found = placed(shown, (LEFT, 0, WIDTH, HEIGHT - BOTTOM))
    text = Markup('<text class="name" x="{:.1f}" y="{:.1f}">{}</text>')
    return [text.format(*at, name) for at, (_, _, name) in zip(found, shown, strict=True) if at]
