"""A network layer by layer: as text for a terminal, and as one page that loads nothing from elsewhere."""

from collections.abc import Iterator, Sequence

from lensmith.architecture import BrokenRule, LayerSummary, Summary
from lensmith.rendering.network import draw_network
from lensmith.rendering.pages import render_page
from lensmith.rendering.wording import TIMES, counted, file_size, percent


def summary_text(summary: Summary) -> str:
    """Write a summary for a terminal: some lines a layer, then what all of it comes to."""
    lines = [f"{summary.name}, for a picture of {shape(summary.picture)}", ""]
    for number, its in enumerate(summary.layers, 1):
        lines += [f"{number:>3}  {its.name} ({its.type}): {shape(its.output_shape)}", *_details(its)]
    lines += ["", *totals(summary)]
    lines += map(rule_line, summary.broken_rules)
    return "\n".join(lines)


def rule_line(rule: BrokenRule) -> str:
    """Write a broken rule of thumb in a line."""
    return f"Against a rule of thumb, layer {rule.layer}: {rule.problem}. {rule.advice}"


def totals(summary: Summary) -> list[str]:
    """Say what a network comes to: parameters, multiply-adds, memory."""
    frozen = summary.parameters - summary.trainable_parameters
    kept = f", of which {frozen:,} are not trained" if frozen else ""
    without = f", without {_few(summary.not_counted)}" if summary.not_counted else ""
    memory = "; ".join(f"{its.type} {file_size(its.weights)} and {file_size(its.answering)}" for its in summary.memory)
    training = summary.training
    return [
        f"{counted(summary.parameters, 'parameter')}{kept}.",
        f"{counted(summary.multiply_adds, 'multiply-add')} for one picture{without}.",
        f"Memory of the weights, and the most besides while one picture is answered: {memory}.",
        f"Training in float32 with batches of {training.batch_size:,}: at least {file_size(training.total)} "
        f"(weights {file_size(training.weights)}, gradients {file_size(training.gradients)}, optimizer "
        f"{file_size(training.optimizer)}, what the layers put out {file_size(training.activations)}).",
    ]


def render_summary(summary: Summary) -> str:
    """Draw the page: HTML in one piece, which needs neither a network nor scripts."""
    return render_page(
        "summary.html.j2",
        {
            "summary": summary,
            "drawing": draw_network(summary),
            "picture": shape(summary.picture),
            "rows": [(its, shape(its.output_shape), sees(its), came_from(its, before))
                     for its, before in zip(summary.layers, (None, *summary.layers), strict=False)],
            "largest": max(its.multiply_adds or 0 for its in summary.layers) or 1,
            "file_size": file_size,
        },
    )  # fmt: skip


def render_drawing(summary: Summary) -> str:
    """Draw the network as an SVG file."""
    return draw_network(summary, alone=True)


def shape(sizes: Sequence[int]) -> str:
    """Write a shape.

    Example:
        >>> shape((30, 30, 32))
        '30×30×32'
    """
    return TIMES.join(map(str, sizes)) or "1"


def sees(layer: LayerSummary) -> str:
    """Say what one unit of a layer sees of the picture; empty where that is not known."""
    if layer.receptive_field is None or layer.stride is None or layer.picture_share is None:
        return ""
    if layer.picture_share == 1:
        return "all of the picture"
    steps = dict.fromkeys(f"{its:g}" for its in layer.stride)
    part = f"{shape(layer.receptive_field)} pixels ({percent(layer.picture_share)} of the picture)"
    return f"{part}, neighbours {TIMES.join(steps)} apart" if len(layer.output_shape) == 3 else part


def came_from(layer: LayerSummary, before: LayerSummary | None) -> str:
    """Name where a layer's input comes from, where that is not the layer before it."""
    usual = (before.name if before else "pixels",)
    return "" if layer.inputs == usual else ", ".join(layer.inputs)


def _details(layer: LayerSummary) -> Iterator[str]:
    if layer.size_arithmetic:
        yield f"     size         {layer.size_arithmetic}"
    if layer.parameter_arithmetic:
        yield (
            f"     parameters   {layer.parameter_arithmetic} = {layer.parameters:,}"
            if layer.parameters
            else (f"     parameters   {layer.parameter_arithmetic}")
        )
    if layer.multiply_adds:
        yield f"     products     {layer.multiply_adds:,} multiply-adds"
    seen = sees(layer)
    if seen:
        yield f"     sees         {seen}"
    yield f"     {layer.purpose}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
