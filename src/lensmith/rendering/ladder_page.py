"""A ladder as one page that loads nothing from elsewhere."""

from markupsafe import Markup

from lensmith.comparison import Ladder
from lensmith.rendering.comparison import seeds_sentence
from lensmith.rendering.comparison_page import accuracy_chart, difference_chart
from lensmith.rendering.ladder import COLUMNS, gain_sentence, ladder_headline, ladder_rows, ladder_title
from lensmith.rendering.pages import render_page


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
    its = ladder.comparison
    return difference_chart(its.pairs, its.n, lambda pair: pair.b, "Gains")
