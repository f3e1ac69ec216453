import io
import re
from dataclasses import replace

import pytest
from rich.console import Console
from tests.rendering.made_ladders import a_ladder

from lensmith.comparison import Ladder
from lensmith.rendering.comparison import accuracy_cells
from lensmith.rendering.ladder import COLUMNS, gain_sentence, ladder_rows, ladder_text, ladder_title
from lensmith.rendering.wording import MISSING

POOR, FAIR, GOOD = [range(60), range(62)], [range(20), range(22)], [range(18), range(23)]
STEPS = {"MLP": POOR, "CNN": FAIR, "+ dropout": GOOD}


def spaced(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_a_row_has_the_step_its_accuracy_its_gain_and_what_it_cost():
    ladder = a_ladder(STEPS)
    first, second, third = ladder_rows(ladder)
    assert len(COLUMNS) == len(first) == len(second)
    gain, run = ladder.comparison.pairs[0], ladder.comparison.runs[1]
    assert spaced("|".join(second)) == spaced(
        f"CNN|what is new 1|89.5 %|{accuracy_cells(run.standing, 200)[1]}|+20.0|"
        f"+{100 * gain.low:.1f} to +{100 * gain.high:.1f}|3.5|12.0 s"
    )
    assert (first[4], first[5]) == (MISSING, MISSING)
    assert (first[2], third[2]) == ("69.5\xa0%", "89.8\xa0%")
    assert third[4] == "+0.2"
    assert [row[6] for row in (first, second, third)] == ["2.5", "3.5", "4.5"]
    assert third[5].startswith("−")


def test_a_loss_has_its_sign():
    assert ladder_rows(a_ladder({"a": FAIR, "b": POOR}))[1][4] == "−20.0"


def test_gains_are_over_the_step_that_each_is_against():
    ladder = a_ladder(STEPS, against=[0, 0])
    assert [row[4] for row in ladder_rows(ladder)] == [MISSING, "+20.0", "+20.2"]
    sentences = [gain_sentence(its, 200) for its in ladder.comparison.pairs]
    assert sentences[1].startswith("+ dropout against MLP: +20.2 points (")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [(POOR, FAIR, "better"), (FAIR, POOR, "worse"), (FAIR, GOOD, "no detectable gain or loss")],
)
def test_a_sentence_says_what_was_gained_how_sure_that_is_and_what_follows(before: list, after: list, said: str):
    [its] = a_ladder({"a": before, "b": after}).comparison.pairs
    difference = {"better": "+20.0", "worse": "−20.0"}.get(said, "+0.2")
    number = r"[+−]?\d+\.\d"
    assert re.fullmatch(
        rf"b against a: {re.escape(difference)} points \(95 % interval {number} to {number}, p [<=] [\d.]+\): {said}\.",
        gain_sentence(its, 200),
    )


def test_what_follows_goes_by_the_adjusted_p_value():
    [its] = a_ladder({"a": POOR, "b": FAIR}).comparison.pairs
    for p, said in ((0.0499, "better"), (0.05, "no detectable gain or loss")):
        sentence = gain_sentence(replace(its, p_value=0.001, p_adjusted=p), 200)
        assert sentence.endswith(f"): {said}.")
        assert f"p = {p}" in sentence


def test_many_images_have_a_second_decimal():
    ladder = a_ladder({"a": POOR, "b": FAIR}, n=10_000)
    assert "+0.40 points" in gain_sentence(ladder.comparison.pairs[0], 10_000)
    assert [spaced(row[2]) for row in ladder_rows(ladder)] == ["99.39 %", "99.79 %"]
    assert ladder_rows(ladder)[1][4] == "+0.40"


def test_the_title_says_on_what_and_how_it_was_measured():
    assert ladder_title(a_ladder(STEPS)) == "/data/pets: 200 validation images, 2 seeds, 60s for each training"
    one = a_ladder({"a": [[0], []], "b": [[], []]}, n=1)
    assert ladder_title(one).startswith("/data/pets: 1 validation image, 2 seeds")


def in_terminal(ladder: Ladder) -> str:
    screen = Console(file=io.StringIO(), width=200, highlight=False)
    screen.print(ladder_text(ladder))
    return spaced(screen.file.getvalue())


def test_a_terminal_shows_steps_gains_what_is_left_out_notices_and_where_the_page_is():
    ladder = a_ladder(STEPS, left_out={"transfer": "60s is [too] short."}, notices=["Keep [this] in mind."])
    text = in_terminal(ladder)
    assert text.startswith("/data/pets: 200 validation images, 2 seeds")
    for name, accuracy in {"MLP": "69.5 %", "CNN": "89.5 %", r"\+ dropout": "89.8 %"}.items():
        assert re.search(rf"^\s*{name} +what is new \d +{accuracy} ", text, re.MULTILINE)
    for its in ladder.comparison.pairs:
        assert f"{gain_sentence(its, 200)}\n" in text
    assert "transfer is left out: 60s is [too] short.\n" in text
    assert text.endswith("\nKeep [this] in mind.\nPage: /runs/ladder.html\n")


def test_a_terminal_says_why_an_interval_leaves_out_0_where_nothing_is_detectable():
    ladder = a_ladder(STEPS)
    assert "Where an interval" not in in_terminal(ladder)
    beside_0 = [replace(its, low=0.01, high=0.02, p_adjusted=0.06) for its in ladder.comparison.pairs]
    assert "Where an interval" in in_terminal(replace(ladder, comparison=replace(ladder.comparison, pairs=beside_0)))


def test_a_terminal_takes_no_name_for_markup():
    text = in_terminal(a_ladder({"[red]a[/red]": POOR, "[/b]": FAIR}))
    assert "[/b] against [red]a[/red]: +20.0 points" in text
    assert re.search(r"^\s*\[red\]a\[/red\] +what", text, re.MULTILINE)
