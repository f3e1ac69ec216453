"""A network as a drawing: a block for each layer that changes the shape or has much to compute, as inline SVG."""

import math
from dataclasses import dataclass, field
from html import escape

from markupsafe import Markup

from lensmith.architecture import LayerSummary, Summary
from lensmith.rendering.wording import TIMES

WIDTH, GAP, LABEL = 860, 12, 94
"""Of a row, between blocks, and of the words under one: CSS pixels."""
TALLEST, LEAST, SLANT = 96, 10, 0.32
"""Side of a block that is as large as the picture; of the smallest; and how far it goes back, of its side."""
LINE = 13

STYLE = """
.net { --conv: #0072b2; --pool: #bd5200; --dense: #4b5b6b; --other: #93a1ae; --words: #17202b; --faint: #566373; }
@media (prefers-color-scheme: dark) {
  .net { --conv: #5fb3ec; --pool: #f0954a; --dense: #a9bccd; --other: #5c6b79; --words: #e3e9ef; --faint: #9aa8b6; }
}
.net text { font: 11px system-ui, sans-serif; fill: var(--faint); text-anchor: middle; }
.net text.type { fill: var(--words); font-weight: 600; }
.net .arc { fill: none; stroke: var(--faint); stroke-dasharray: 3 3; }
.net .conv { fill: var(--conv); } .net .pool { fill: var(--pool); }
.net .dense { fill: var(--dense); } .net .other { fill: var(--other); }
.net .top { fill-opacity: 0.55; } .net .side { fill-opacity: 0.78; }
"""
_KINDS = {"conv": ("Conv",), "pool": ("Pool",), "dense": ("Dense", "Flatten")}


@dataclass
class _Block:
    """A layer, and those that follow it and only work on its values.

    Attributes:
        layer: The first.
        then: Types of the others, in short.
        names: Of all of them, by which others refer to them.
        left, top: Of its place, CSS pixels.
    """

    layer: LayerSummary
    then: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    left: float = 0
    top: float = 0

    @property
    def kind(self) -> str:
        """The colour."""
        words = _KINDS.items()
        return next((kind for kind, parts in words if any(its in self.layer.type for its in parts)), "other")


def draw_network(summary: Summary, *, alone: bool = False) -> Markup:
    """Draw a network.

    Args:
        summary: Of the network.
        alone: Whether it is to be a file of its own, with its own background.
    """
    blocks = _blocks(summary.layers)
    sizes = [_size(its, summary) for its in blocks]
    height = _place(blocks, sizes)
    drawn = [_arc(blocks, number) for number in range(len(blocks))]
    drawn += [_draw(block, *size) for block, size in zip(blocks, sizes, strict=True)]
    said = f"{summary.name}: {', '.join(f'{its.layer.type} {_shape(its.layer)}' for its in blocks)}"
    ground = '<rect width="100%" height="100%" fill="#fff"/>' if alone else ""
    outside = ' xmlns="http://www.w3.org/2000/svg"' if alone else ""
    # A file of its own has a white ground, so it does not follow the viewer's dark look.
    style = STYLE.split("@media")[0] + STYLE.partition("}\n}\n")[2] if alone else STYLE
    return Markup(
        f'<svg class="net" role="img" aria-label="{escape(said)}" viewBox="0 0 {WIDTH} {height:.0f}" '
        f'width="{WIDTH}" height="{height:.0f}"{outside}><style>{style}</style>{ground}{"".join(drawn)}</svg>'
    )


def _blocks(layers: tuple[LayerSummary, ...]) -> list[_Block]:
    blocks: list[_Block] = []
    for its in layers:
        before = blocks[-1] if blocks else None
        follows = before is not None and its.inputs == (before.names[-1],)
        if before is not None and follows and its.output_shape == before.layer.output_shape and its.multiply_adds == 0:
            before.then.append(its.type)
            before.names.append(its.name)
        else:
            blocks.append(_Block(its, names=[its.name]))
    return blocks


def _size(block: _Block, summary: Summary) -> tuple[float, float]:
    """Choose width and height: width grows with the channels, height with the pixels a side."""
    sizes = block.layer.output_shape
    if len(sizes) == 3:
        share = max(sizes[:2]) / max(summary.picture[:2])
        return 4 + 4.5 * math.log2(sizes[2] + 1), max(LEAST, min(1.3, math.sqrt(share)) * TALLEST)
    return 8, min(TALLEST, LEAST + 8 * math.log2(math.prod(sizes) + 1))


def _place(blocks: list[_Block], sizes: list[tuple[float, float]]) -> float:
    """Lay the blocks out in rows, from left to right; return the height of all."""
    left, row, start = 0.0, 0.0, 0
    tallest = max((1 + SLANT) * high for _, high in sizes)
    lines = 3 + max(len(_notes(its)) for its in blocks)
    step = tallest + 26 + LINE * lines
    for number, (wide, high) in enumerate(sizes):
        cell = max(LABEL, wide + SLANT * high) + GAP
        if left + cell > WIDTH and number > start:
            left, row, start = 0.0, row + step, number
        blocks[number].left = left + (cell - wide - SLANT * high) / 2
        blocks[number].top = row + 14 + tallest - high
        left += cell
    return row + step


def _draw(block: _Block, wide: float, high: float) -> str:
    back, left, top, kind = SLANT * high, block.left, block.top, block.kind
    right, bottom = left + wide, top + high
    middle = left + (wide + back) / 2
    slant = f"l{back:.1f} {-back:.1f}"
    faces = [
        f'<path class="{kind} top" d="M{left:.1f} {top:.1f}{slant}h{wide:.1f}L{right:.1f} {top:.1f}z"/>',
        f'<path class="{kind} side" d="M{right:.1f} {top:.1f}{slant}v{high:.1f}L{right:.1f} {bottom:.1f}z"/>',
        f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{high:.1f}"/>',
    ]
    words = [f'<text class="type" x="{middle:.1f}" y="{bottom + 16:.1f}">{escape(block.layer.type)}</text>']
    words += [
        f'<text x="{middle:.1f}" y="{bottom + 16 + LINE * line:.1f}">{escape(text)}</text>'
        for line, text in enumerate([_shape(block.layer), *_notes(block)], 1)
    ]
    title = f"<title>{escape(block.layer.name)}: {escape(block.layer.purpose)}</title>"
    return f"<g>{title}{''.join(faces)}{''.join(words)}</g>"


def _notes(block: _Block) -> list[str]:
    """Write what the layers of a block after the first are, in a word or two each."""
    short = {"BatchNormalization": "batch norm", "LayerNormalization": "layer norm"}
    return [short.get(its, its if its.isupper() or its == "ReLU" else its.lower()) for its in block.then]


def _arc(blocks: list[_Block], number: int) -> str:
    """Draw where a block's inputs come from, where that is not the block before it."""
    drawn = ""
    for name in blocks[number].layer.inputs:
        # The nearest before it: a layer may be called several times.
        source = next((place for place in range(number - 1, -1, -1) if name in blocks[place].names), None)
        if source is None or source >= number - 1 or blocks[source].top > blocks[number].top + TALLEST:
            continue
        start, end = blocks[source], blocks[number]
        if abs(start.left - end.left) < 1 or end.left < start.left:  # in another row
            continue
        top = min(its.top for its in blocks[source : number + 1]) - SLANT * TALLEST - 4
        drawn += (
            f'<path class="arc" d="M{start.left + 12:.1f} {start.top - 6:.1f}Q{(start.left + end.left) / 2:.1f} '
            f'{top:.1f} {end.left + 6:.1f} {end.top - 6:.1f}"/>'
        )
    return drawn


def _shape(layer: LayerSummary) -> str:
    return TIMES.join(map(str, layer.output_shape))
