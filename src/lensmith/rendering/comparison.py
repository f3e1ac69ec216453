"""A comparison in words: each pair, each recipe's seeds, and the tables of a terminal."""

from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from lensmith.comparison import LEVEL, Compared, Comparison, PairedDifference, SeedSpread, Standing
from lensmith.rendering.terminal import table
from lensmith.rendering.wording import (
    MISSING,
    SPACE,
    counted,
    decimals_for,
    duration,
    file_size,
    percent,
    percent_range,
    points,
)

SMALLEST_P = 0.001
BETTER = " is better"


def _large(number: float) -> str:
    for size, unit in ((1e9, "billion"), (1e6, "million")):
        if number >= 0.9995 * size:
            return f"{_three_digits(number / size)} {unit}"
    return f"{number:,.0f}"


def _three_digits(number: float) -> str:
    return f"{number:,.0f}" if number >= 999.5 else f"{number:.3g}"


COST_NAMES: dict[str, tuple[str, Callable[[float], str]]] = {
    "train_seconds": ("training", duration),
    "parameters": ("parameters", _large),
    "multiply_adds": ("multiply-adds", _large),
    "model_bytes": ("model file", lambda its: file_size(round(its))),
    "seconds_per_image": ("an answer", lambda its: f"{1000 * its:.2g}{SPACE}ms" if its < 0.1 else duration(its)),
}
"""What each cost is called, and how it is written."""


def headline(record: Comparison) -> str:
    """Say in a few words what has come of a comparison."""
    if len(record.pairs) == 1:
        return _verdict(record.pairs[0])
    best = max(record.runs, key=lambda its: its.standing.accuracy).name
    beaten = [its for its in record.pairs if best in (its.a, its.b) and its.verdict == f"{best}{BETTER}"]
    if not beaten:
        return f"None differs detectably from the best, {best}"
    others = len(record.runs) - 1
    return f"{best} is better than {'all others' if len(beaten) == others else f'{len(beaten)} of the {others} others'}"


def pair_sentence(its: PairedDifference, n: int) -> str:
    """Say what is known of a pair, on n images: how much the better one gains, or what could have been seen."""
    better = its.verdict.endswith(BETTER)
    turned = better and its.difference < 0
    first, second = (its.b, its.a) if turned else (its.a, its.b)
    gain, low, high = (-its.difference, -its.high, -its.low) if turned else (its.difference, its.low, its.high)
    decimals = decimals_for(n)
    told = f"95 % interval {points(low, decimals)} to {points(high, decimals)}, p {p_text(its.p_adjusted)}"
    if better:
        return f"{second} is better than {first}: {points(gain, decimals)} points ({told})."
    sentence = f"{_verdict(its)}: {second} has {points(gain, decimals)} points against {first} ({told})."
    if its.images_needed is None:
        return (
            f"{sentence} More seeds would narrow the interval, or more images: whichever of the two changes a training "
            "more."
        )
    if its.images_needed == 0:
        return f"{sentence} Half a point would have been seen in 8 of 10 cases."
    more = f"for half a point it takes about {_two_digits(its.images_needed)} more"
    if its.detectable == 1:
        return f"{sentence} {counted(n, 'image')} would hardly show any difference; {more}."
    seen = f"{100 * (its.detectable or 1.0):.{decimals}f}"
    return (
        f"{sentence} With {counted(n, 'image')}, a difference of {seen} points would be found in 8 of 10 cases; {more}."
    )


def adjusting_sentence(pairs: Sequence[PairedDifference]) -> str:
    """Say why an interval may leave out 0 where nothing is called detectable, if one does."""
    torn = [its for its in pairs if its.p_adjusted >= LEVEL and not its.low <= 0 <= its.high]
    because = {
        "p-values are adjusted for the number of comparisons (Holm), intervals are not"
        if its.p_value < LEVEL
        else "the exact test is a little stricter than the interval"
        for its in torn
    }
    told = "Where an interval leaves out 0 and yet nothing is called detectable, the verdict counts"
    return f"{told}: {'; '.join(sorted(because, reverse=True))}." if torn else ""


def _verdict(its: PairedDifference) -> str:
    """Write a verdict as a sentence begins; a run's name stays as it is."""
    return its.verdict if its.verdict.endswith(BETTER) else its.verdict.capitalize()


def p_text(value: float) -> str:
    """Write how a p-value stands, no more exactly than anybody needs.

    Example:
        >>> p_text(0.0342), p_text(0.0496), p_text(1e-9), p_text(1.0)
        ('= 0.034', '= 0.0496', '< 0.001', '= 1')
    """
    if value < SMALLEST_P:
        return f"< {SMALLEST_P}"
    for digits in (2, 3, 4):  # what counts as below the limit is not rounded to it
        if (float(f"{value:.{digits}g}") < LEVEL) == (value < LEVEL):
            return f"= {value:.{digits}g}"
    return f"< {LEVEL}"


def seeds_sentence(its: Standing) -> str:
    """Say how much of a recipe's accuracy is the luck of the seed and how much that of the images, or nothing."""
    if its.seeds is None:
        return ""
    accuracies = ", ".join(f"{100 * value:.2f}" for value in its.seeds.accuracies)
    reached = f"{its.name}: {its.repeats} trainings reached {accuracies} %"
    if not its.seeds.images:
        return f"{reached}, so nothing can be told of what other images or another seed change."
    return (
        f"{reached}, standard deviation {100 * its.seeds.deviation:.2f} points. Other images of the same number move "
        f"one training by {100 * its.seeds.images:.2f} points (standard deviation), another seed alone "
        f"{_by_seed(its.seeds)}."
    )


def _by_seed(its: SeedSpread) -> str:
    if not its.seeds:
        return "by too little for these few trainings to show"
    return f"by {100 * its.seeds:.2f}"


def accuracy_cells(its: Standing, n: int) -> tuple[str, str]:
    """Write an accuracy on n images, and its interval."""
    decimals = decimals_for(n)
    return percent(its.accuracy, decimals), percent_range(its.accuracy_low, its.accuracy_high, decimals)


def cost_cells(its: Compared) -> list[str]:
    """Write what a run costs, each with a star where no other is as cheap and as accurate."""
    return [_cost(its, key, write) for key, (_, write) in COST_NAMES.items()]


def _cost(its: Compared, key: str, write: Callable[[float], str]) -> str:
    value: Any = getattr(its.cost, key)
    return MISSING if value is None else f"{write(value)}{' *' if key in its.on_front else ''}"


def comparison_text(record: Comparison) -> RenderableType:
    """Draw a comparison for a terminal."""
    columns = ("run", "accuracy", "95 % interval", *(name for name, _ in COST_NAMES.values()))
    rows = [(its.name, *accuracy_cells(its.standing, record.n), *cost_cells(its)) for its in record.runs]
    title = f"{record.data}: {record.split} split, {counted(record.n, 'image')}"
    lines = [
        "* No other run is at least as good in both, accuracy and this cost, and better in one.",
        "",
        *(pair_sentence(its, record.n) for its in record.pairs),
        *filter(None, [adjusting_sentence(record.pairs)]),
        *(line for its in record.runs if (line := seeds_sentence(its.standing))),
        "",
        *record.notices,
        f"Page: {record.report}",
    ]
    return Group(table(columns, rows, title=title, right=columns[1:]), Text("\n".join(lines)))


def _two_digits(number: int) -> str:
    """Write a number that is only an estimate.

    Example:
        >>> _two_digits(23456), _two_digits(87)
        ('23,000', '87')
    """
    return f"{int(float(f'{number:.2g}')):,}"
