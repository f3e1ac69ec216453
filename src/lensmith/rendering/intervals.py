"""Values with their intervals, one under the other on a common scale, as inline SVG."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lensmith.rendering.charts import decimals_between, ticks
from lensmith.rendering.labels import fitted

WIDTH, ROW, TOP, BOTTOM = 850, 30, 8, 30
NAME_WIDTH, VALUE_WIDTH = 280, 220
LONGEST_NAME = NAME_WIDTH - 18


@dataclass(frozen=True)
class Interval:
    """A value with its bounds.

    Attributes:
        name: What it is of.
        value, low, high: On the scale of the chart.
        text: The same, written out, beside it.
        sure: Whether it is to stand out.
    """

    name: str
    value: float
    low: float
    high: float
    text: str
    sure: bool = True


def interval_chart(
    label: str, rows: Sequence[Interval], write: Callable[[float, int], str], *, zero: bool = False
) -> Markup:
    """Draw a line for each interval with a dot at its value.

    Args:
        label: What is drawn, for those who cannot see it.
        rows: From above.
        write: How a fraction of the axis is written, with so many decimals of its hundredths.
        zero: Whether the scale holds 0, with a line there.
    """
    lowest, highest = min(its.low for its in rows), max(its.high for its in rows)
    marks = ticks(min(lowest, 0.0), max(highest, 0.0)) if zero else ticks(lowest, highest)
    decimals = decimals_between(100 * marks[0], 100 * marks[1])
    height, left, right = TOP + ROW * len(rows) + BOTTOM, NAME_WIDTH, WIDTH - VALUE_WIDTH

    def x(value: float) -> float:
        return round(left + (value - marks[0]) / (marks[-1] - marks[0]) * (right - left), 1)

    words = " ".join(f"{its.name}: {its.text}." for its in rows)
    opening = Markup('<svg class="chart intervals" viewBox="0 0 {} {}" role="img" aria-label="{}">')
    drawn = [opening.format(WIDTH, height, f"{label} {words}")]
    line = Markup('<path class="{}" d="M{} {}V{}"/><text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>')
    for mark in marks:
        kind = "zero" if zero and mark == 0 else "grid"
        drawn.append(line.format(kind, x(mark), TOP, height - BOTTOM, x(mark), height - 9, write(mark, decimals)))
    drawn += [_row(its, TOP + ROW * (place + 0.5), x) for place, its in enumerate(rows)]
    return Markup("").join([*drawn, Markup("</svg>")])


def _row(its: Interval, y: float, x: Callable[[float], float]) -> Markup:
    return Markup(
        '<g class="{}"><title>{}</title><text class="name" x="{}" y="{}" text-anchor="end">{}</text>'
        '<path class="bounds" d="M{} {}H{}"/><circle cx="{}" cy="{}" r="5"/>'
        '<text class="value" x="{}" y="{}">{}</text></g>'
    ).format(
        "sure" if its.sure else "unsure",
        f"{its.name}: {its.text}",
        NAME_WIDTH - 14,
        y + 4.5,
        fitted(its.name, LONGEST_NAME),
        x(its.low),
        y,
        x(its.high),
        x(its.value),
        y,
        WIDTH - VALUE_WIDTH + 18,
        y + 4.5,
        its.text,
    )
