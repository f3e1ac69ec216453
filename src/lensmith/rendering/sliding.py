"""A filter at work, as an animation without scripts: one picture after the other is shown by CSS."""

from collections.abc import Iterator

import numpy as np
from markupsafe import Markup

from lensmith.explanation import Sliding
from lensmith.rendering.wording import TIMES

SECONDS = 1.2
"""That each step is shown."""
CELL, SMALL = 26, 46
"""CSS pixels of a value of the picture and of the output; and of one that is multiplied."""
GAP, HEADING = 44, 240
"""CSS pixels between the three parts; and that the words over the middle one take."""
COLOURS = {1: ("gray",), 3: ("red", "green", "blue")}

STYLE = """
.slide text { font: 10px ui-monospace, Menlo, Consolas, monospace; fill: var(--ink, #17202b); text-anchor: middle; }
.slide text.head { font: 600 12px system-ui, sans-serif; text-anchor: start; }
.slide text.sum { font-size: 13px; text-anchor: start; }
.slide .cell { stroke: var(--line, #dfe4ea); stroke-width: 0.5; }
.slide .window { fill: none; stroke: #d55e00; stroke-width: 3; }
.slide .product { fill: var(--raised, #f4f6f8); stroke: var(--line, #dfe4ea); }
.slide .padding { fill: url(#hatch); }
.slide .step { visibility: hidden; animation: slide-step linear infinite; }
.slide:hover .step { animation-play-state: paused; }
"""


def draw_sliding(sliding: Sliding) -> Markup:
    """Draw the animation: what the filter slides over, the products, and the output that fills up."""
    rows, columns = sliding.sums.shape
    steps = rows * columns
    size, channels = sliding.kernel.shape[0], sliding.kernel.shape[2]
    over = sliding.values.shape
    middle = over[1] * CELL + GAP
    right = middle + max(size * SMALL, HEADING) + GAP
    height = 30 + max(over[0] * CELL, channels * (size * SMALL + 18), rows * CELL) + 44
    width = right + max(columns * CELL, 250)
    parts = [
        _heading(0, "part of the picture"),
        _heading(middle, f"filter {sliding.channel} of {sliding.layer}: value {TIMES} weight"),
        _heading(right, "what comes out"),
        *_picture(sliding),
        *(_step(sliding, number, middle, right, height) for number in range(steps)),
    ]
    # Each step is seen for its part of the time; all of them run at once, each begun that much later.
    share = 100 / steps
    frames = (
        f"@keyframes slide-step {{ 0%, {share:.3f}% {{ visibility: visible; }} "
        f"{share + 0.001:.3f}%, 100% {{ visibility: hidden; }} }}"
    )
    hatch = (
        '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse">'
        '<path d="M0 6L6 0" stroke="#93a1ae"/></pattern></defs>'
    )
    return Markup(
        f'<svg class="slide" role="img" aria-label="A filter slides over a part of the picture" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"<style>{STYLE}{frames}</style>{hatch}{''.join(parts)}</svg>"
    )


def _heading(left: float, text: str) -> str:
    return f'<text class="head" x="{left}" y="14">{Markup.escape(text)}</text>'


def _picture(sliding: Sliding) -> Iterator[str]:
    low, high = float(sliding.values.min()), float(sliding.values.max())
    shades = np.rint(255 * (sliding.values - low) / max(high - low, 1e-9)).astype(int)
    for row in range(shades.shape[0]):
        for column in range(shades.shape[1]):
            colour = [*shades[row, column]] * (3 if shades.shape[2] == 1 else 1)
            where = f'x="{column * CELL}" y="{24 + row * CELL}" width="{CELL}" height="{CELL}"'
            if sliding.inside[row, column] and len(colour) >= 3:
                yield f'<rect class="cell" {where} fill="rgb({colour[0]},{colour[1]},{colour[2]})"/>'
            else:
                yield f'<rect class="cell padding" {where}/>'


def _step(sliding: Sliding, number: int, middle: float, right: float, height: float) -> str:
    rows, columns = sliding.sums.shape
    row, column = divmod(number, columns)
    size, stride = sliding.kernel.shape[0], sliding.stride
    top, left = row * stride, column * stride
    side = size * CELL
    drawn = [f'<rect class="window" x="{left * CELL}" y="{24 + top * CELL}" width="{side}" height="{side}"/>']
    seen = sliding.values[top : top + size, left : left + size]
    drawn += _products(seen, sliding.kernel, middle)
    drawn += _outputs(sliding, number, right)
    total, answer = float(sliding.sums[row, column]), float(sliding.outputs[row, column])
    bias = f" + {sliding.bias:.3f} (bias)" if sliding.bias else ""
    then = f" → {sliding.activation} → {answer:.3f}" if sliding.activation else ""
    line = f"sum of {sliding.kernel.size} products {total - sliding.bias:.3f}{bias} = {total:.3f}{then}"
    drawn.append(f'<text class="sum" x="0" y="{height - 10}">{line}</text>')
    begin, whole = number * SECONDS - rows * columns * SECONDS, rows * columns * SECONDS
    return f'<g class="step" style="animation-duration:{whole:g}s;animation-delay:{begin:g}s">{"".join(drawn)}</g>'


def _products(seen: np.ndarray, kernel: np.ndarray, middle: float) -> Iterator[str]:
    size, channels = kernel.shape[0], kernel.shape[2]
    for channel in range(channels):
        top = 24 + channel * (size * SMALL + 18)
        names = COLOURS.get(channels, ())
        if names:
            yield f'<text x="{middle + 14}" y="{top + 8}">{names[channel]}</text>'
        for y in range(size):
            for x in range(size):
                left, high = middle + x * SMALL, top + 12 + y * SMALL
                yield f'<rect class="product" x="{left}" y="{high}" width="{SMALL - 2}" height="{SMALL - 2}"/>'
                value, weight = float(seen[y, x, channel]), float(kernel[y, x, channel])
                center = left + SMALL / 2 - 1
                yield f'<text x="{center}" y="{high + 18}">{value:.2f}</text>'
                yield f'<text x="{center}" y="{high + 32}">{TIMES} {weight:.2f}</text>'


def _outputs(sliding: Sliding, number: int, right: float) -> Iterator[str]:
    columns = sliding.outputs.shape[1]
    low, high = float(sliding.outputs.min()), float(sliding.outputs.max())
    for place in range(number + 1):
        row, column = divmod(place, columns)
        share = (float(sliding.outputs[row, column]) - low) / max(high - low, 1e-9)
        shade = round(255 * share)
        where = f'x="{right + column * CELL}" y="{24 + row * CELL}" width="{CELL}" height="{CELL}"'
        yield f'<rect class="cell" {where} fill="rgb({shade},{shade},{shade})"/>'
    row, column = divmod(number, columns)
    yield f'<rect class="window" x="{right + column * CELL}" y="{24 + row * CELL}" width="{CELL}" height="{CELL}"/>'
