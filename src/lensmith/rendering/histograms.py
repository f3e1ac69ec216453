"""Histograms as inline SVG, in the colours of the page."""

import math

from markupsafe import Markup

from lensmith.explanation import Histogram

WIDTH, HEIGHT = 300, 130
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 8, 34
DECADES = 4
"""Shares are drawn on a scale of powers of ten from 1 down to 0.0001: most values of a ReLU are zero."""


def draw_histogram(histogram: Histogram, what: str) -> Markup:
    """Draw how values lie: their share upwards, on a scale of powers of ten, the values to the right.

    Args:
        histogram: What to draw.
        what: The values' name, below the axis and for those who cannot see it.
    """
    low, high, total = histogram.low, histogram.high, max(1, sum(histogram.counts))
    bins, floor = len(histogram.counts), HEIGHT - BOTTOM
    step = (WIDTH - LEFT - RIGHT) / bins
    bar = Markup('<rect class="bin" x="{}" y="{}" width="{}" height="{}"/>')
    drawn = []
    for place, count in enumerate(histogram.counts):
        tall = _height(count / total)
        if tall:
            drawn.append(bar.format(round(LEFT + place * step, 1), round(floor - tall, 1), round(step - 1, 1), tall))
    words = f"{what}: from {low:.3g} to {high:.3g}; {max(histogram.counts, default=0) / total:.0%} in the fullest part."
    opening = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">')
    return Markup("").join([opening.format(WIDTH, HEIGHT, words), _axes(histogram, what), *drawn, Markup("</svg>")])


def _height(share: float) -> float:
    """Return how tall a share is, in pixels."""
    if not share:
        return 0.0
    part = 1 + max(-DECADES, math.log10(share)) / DECADES
    return round(max(part * (HEIGHT - TOP - BOTTOM), 1.0), 1)


def _axes(histogram: Histogram, what: str) -> Markup:
    line = Markup('<path class="grid" d="M{} {}H{}"/>')
    beside = Markup('<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>')
    under = Markup('<text class="tick" x="{}" y="{}" text-anchor="{}">{}</text>')
    floor, drawn = HEIGHT - BOTTOM, []
    for share, name in ((1.0, "100 %"), (0.01, "1 %")):
        drawn += [line.format(LEFT, round(floor - _height(share), 1), WIDTH - RIGHT)]
        drawn += [beside.format(LEFT - 6, round(floor - _height(share), 1) + 4, name)]
    drawn += [line.format(LEFT, floor, WIDTH - RIGHT)]
    drawn += [under.format(LEFT, floor + 14, "start", f"{histogram.low:.3g}")]
    drawn += [under.format(WIDTH - RIGHT, floor + 14, "end", f"{histogram.high:.3g}")]
    drawn += [under.format((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, "middle", what)]
    if histogram.low < 0 < histogram.high:
        at = LEFT + (WIDTH - LEFT - RIGHT) * -histogram.low / (histogram.high - histogram.low)
        drawn += [Markup('<path class="best" d="M{} {}V{}"/>').format(round(at, 1), TOP, floor)]
        if LEFT + 40 < at < WIDTH - RIGHT - 40:
            drawn += [under.format(round(at, 1), floor + 14, "middle", "0")]
    return Markup("").join(drawn)
