"""A ladder as one page that loads nothing from elsewhere."""

from markupsafe import Markup

from lensmith.comparison import LEVEL, Ladder
from lensmith.rendering.comparison import p_text, seeds_sentence
from lensmith.rendering.comparison_page import accuracy_chart
from lensmith.rendering.intervals import Interval, interval_chart
from lensmith.rendering.ladder import COLUMNS, gain_sentence, ladder_headline, ladder_rows, ladder_title
from lensmith.rendering.pages import render_page
from lensmith.rendering.wording import decimals_for, points


def render_ladder(ladder: Ladder) -> str:
    """Draw the page: HTML in one piece, which needs neither a network nor scripts."""
    its = ladder.comparison
    return render_page(
        "ladder.html.j2",
        {
            "ladder": ladder,
            "title": ladder_title(ladder),
            "headline": ladder_headline(ladder),
            "columns": COLUMNS,
            "rows": ladder_rows(ladder),
            "sentences": [gain_sentence(pair, its.n) for pair in its.pairs],
            "seeds": [line for run in its.runs if (line := seeds_sentence(run.standing))],
            "gains": gain_chart(ladder),
            "accuracies": accuracy_chart(its),
        },
    )


def gain_chart(ladder: Ladder) -> Markup:
    """Draw what each step gains over the one it is against, with its interval."""
    decimals = decimals_for(ladder.comparison.n)
    rows = [
        Interval(
            name=its.b,
            value=its.difference,
            low=its.low,
            high=its.high,
            text=f"{points(its.difference, decimals)} (p {p_text(its.p_adjusted)})",
            sure=its.p_adjusted < LEVEL,
        )
        for its in ladder.comparison.pairs
    ]
    return interval_chart("Gains in points with 95 % intervals.", rows, points, zero=True)
