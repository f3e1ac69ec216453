"""A comparison as one page that loads nothing from elsewhere."""

from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import Markup

from lensmith.comparison import LEVEL, Comparison, PairedDifference
from lensmith.rendering.comparison import (
    COST_NAMES,
    accuracy_cells,
    cost_cells,
    headline,
    p_text,
    pair_sentence,
    seeds_sentence,
)
from lensmith.rendering.intervals import LONGEST_NAME, Interval, interval_chart
from lensmith.rendering.labels import fitted, width_of
from lensmith.rendering.pages import render_page
from lensmith.rendering.pareto import Point, pareto_chart
from lensmith.rendering.pictures import Picture, picture
from lensmith.rendering.wording import decimals_for, percent, points

SIDE = 96
"""CSS pixels of a picture."""
PICTURED, MOST_PAIRS_PICTURED, MOST_CLASSES = 12, 6, 20
ARROW = " → "


def render_comparison(record: Comparison) -> str:
    """Draw the page: HTML in one piece, which needs neither a network nor scripts.

    Args:
        record: What to show. Names in it may hold anything; they are escaped.
    """
    return render_page(
        "comparison.html.j2",
        {
            "record": record,
            "headline": headline(record),
            "accuracies": accuracy_chart(record),
            "most_pictured": MOST_PAIRS_PICTURED,
            "differences": difference_chart(record.pairs, record.n),
            "pairs": [_pair(record, its, number) for number, its in enumerate(record.pairs)],
            "seeds": [line for its in record.runs if (line := seeds_sentence(its.standing))],
            "rows": [(its.name, accuracy_cells(its.standing, record.n), cost_cells(its)) for its in record.runs],
            "cost_names": [name for name, _ in COST_NAMES.values()],
            "fronts": [chart for key in COST_NAMES if (chart := _front(record, key))],
        },
    )


def accuracy_chart(record: Comparison) -> Markup:
    """Draw each run's accuracy with its interval."""
    rows = []
    for its in record.runs:
        accuracy, bounds = accuracy_cells(its.standing, record.n)
        standing, text = its.standing, f"{accuracy} ({bounds})"
        rows.append(Interval(its.name, standing.accuracy, standing.accuracy_low, standing.accuracy_high, text))
    return interval_chart("Accuracies with 95 % intervals.", rows, percent)


def _name_of_pair(its: PairedDifference) -> str:
    half = (LONGEST_NAME - width_of(ARROW)) / 2
    return f"{fitted(its.a, half)}{ARROW}{fitted(its.b, half)}"


def difference_chart(
    pairs: Sequence[PairedDifference],
    n: int,
    name: Callable[[PairedDifference], str] = _name_of_pair,
    label: str = "Differences",
) -> Markup:
    """Draw the difference of each pair with its interval.

    Args:
        pairs: From the top.
        n: Images.
        name: Says what a pair is called.
        label: What the differences are, for those who do not see the chart.
    """
    decimals = decimals_for(n)
    rows = [
        Interval(
            name(its),
            its.difference,
            its.low,
            its.high,
            f"{points(its.difference, decimals)} (p {p_text(its.p_adjusted)})",
            its.p_adjusted < LEVEL,
        )
        for its in pairs
    ]
    return interval_chart(f"{label} in points with 95 % intervals.", rows, points, zero=True)


def _pair(record: Comparison, its: PairedDifference, number: int) -> dict[str, Any]:
    shown = number < MOST_PAIRS_PICTURED
    changed = [*its.per_class[: MOST_CLASSES // 2], *its.per_class[MOST_CLASSES // 2 :][-MOST_CLASSES // 2 :]]
    classes = [
        Interval(
            name=f"{one.name} ({one.n:,})",
            value=one.difference,
            low=one.low,
            high=one.high,
            text=f"{points(one.difference)} (p {p_text(one.p_adjusted)})",
            sure=one.p_adjusted < LEVEL,
        )
        for one in changed
    ]
    return {
        "pair": its,
        "sentence": pair_sentence(its, record.n),
        "classes": interval_chart(f"What {its.b} gains in each class, in points.", classes, points, zero=True),
        "classes_left_out": len(its.per_class) - len(changed),
        "only": [
            (name, count, _pictures(record, examples) if shown else [])
            for name, count, examples in ((its.a, its.only_a, its.examples_a), (its.b, its.only_b, its.examples_b))
        ],
    }


def _pictures(record: Comparison, places: Sequence[int]) -> list[tuple[Picture | None, str, str]]:
    """Return picture, label and name of images by their places in the split."""
    found = []
    for place in places[:PICTURED]:
        image = record.images.read(slice(place, place + 1))[0] if record.images else None
        shown = None if image is None else picture(image, SIDE)
        found.append((shown, record.class_names[record.labels[place]], record.names[place]))
    return found


def _front(record: Comparison, key: str) -> Markup | None:
    name, write = COST_NAMES[key]
    costs = [getattr(its.cost, key) for its in record.runs]
    if not all(costs):
        return None
    shown = [
        Point(
            name=its.name,
            cost=cost,
            accuracy=its.standing.accuracy,
            low=its.standing.accuracy_low,
            high=its.standing.accuracy_high,
            on_front=key in its.on_front,
        )
        for its, cost in zip(record.runs, costs, strict=True)
    ]
    return pareto_chart(name, shown, write)
