import io
import re
from dataclasses import replace

import pytest
from rich.console import Console
from tests.rendering.made_comparisons import COST, a_comparison

from lensmith.comparison import Cost, PairedDifference
from lensmith.rendering.comparison import (
    accuracy_cells,
    adjusting_sentence,
    comparison_text,
    cost_cells,
    headline,
    p_text,
    pair_sentence,
    seeds_sentence,
)
from lensmith.rendering.wording import MISSING

NONE, A_FEW, MANY = range(0), range(3), range(100, 140)


def spaced(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def the_pair(**wrong: range) -> PairedDifference:
    [pair] = a_comparison({name: [places] for name, places in wrong.items()}).pairs
    return pair


def test_the_better_one_is_named_with_the_difference_its_interval_and_its_p_value():
    its = the_pair(first=MANY, second=A_FEW)
    low, high = 100 * its.low, 100 * its.high
    assert 0 < low < 18.5 < high
    assert pair_sentence(its, 200) == (
        f"second is better than first: +18.5 points (95 % interval +{low:.1f} to +{high:.1f}, p < 0.001)."
    )


def test_the_sign_tells_who_of_the_two_is_better():
    its = the_pair(first=A_FEW, second=MANY)
    sentence = pair_sentence(its, 200)
    assert sentence.startswith("first is better than second: +18.5 points (95 % interval +")
    assert re.search(r" to \+\d+\.\d, p < 0\.001\)\.$", sentence)


def test_no_detectable_difference_says_what_would_have_been_seen_and_how_many_images_more_are_needed():
    its = the_pair(first=range(10), second=range(6, 16))
    assert its.detectable is not None
    assert its.images_needed is not None
    sentence = pair_sentence(its, 200)
    assert sentence.startswith("No detectable difference: second has 0.0 points against first (95 % interval −")
    assert f"a difference of {100 * its.detectable:.1f} points would be found in 8 of 10 cases; " in sentence
    needed = re.search(r"about ([\d,]+) more", sentence)
    assert needed is not None
    assert float(needed[1].replace(",", "")) == pytest.approx(its.images_needed, rel=0.05)
    assert re.fullmatch(r"[1-9]\d,000", needed[1])  # an estimate: two digits


def test_of_too_few_images_none_is_said_to_show_anything():
    [its] = a_comparison({"a": [range(1)], "b": [range(1, 3)]}, n=5).pairs
    sentence = pair_sentence(its, 5)
    assert " 5 images would hardly show any difference; for half a point it takes about " in sentence
    assert "8 of 10" not in sentence


def test_the_p_value_is_that_for_the_number_of_pairs():
    first, *_ = a_comparison({"a": [range(9)], "b": [range(8, 10)], "c": [range(5)]}).pairs
    assert first.p_value < first.p_adjusted / 2 < 0.1
    assert f", p {p_text(first.p_adjusted)}). " in pair_sentence(first, 200)


def test_enough_images_need_no_more():
    [its] = a_comparison({"a": [A_FEW], "b": [A_FEW]}, n=2000).pairs
    assert its.images_needed == 0
    sentence = pair_sentence(its, 2000)
    assert sentence.startswith("No detectable difference: b has 0.0 points against a (")
    assert sentence.endswith(". Half a point would have been seen in 8 of 10 cases.")
    assert "more" not in sentence


def test_of_repeats_more_seeds_would_help_too():
    [its] = a_comparison({"a": [range(9), range(20)], "b": [range(12), range(15)]}).pairs
    sentence = pair_sentence(its, 200)
    assert sentence.startswith("No detectable difference: ")
    assert sentence.endswith(
        ". More seeds would narrow the interval, or more images: whichever of the two changes a training more."
    )
    [sure] = a_comparison({"a": [range(60), range(61)], "b": [range(3), range(4)]}).pairs
    assert pair_sentence(sure, 200).startswith("b is better than a: +28.5 points (")
    assert "More" not in pair_sentence(sure, 200)


def test_from_ten_thousand_images_on_points_have_two_decimals():
    its = the_pair(first=MANY, second=A_FEW)
    assert "+18.50 points" in pair_sentence(its, 10_000)
    assert "+18.5 points" in pair_sentence(its, 9_999)
    [run, _] = a_comparison({"a": [range(10)], "b": [NONE]}).runs
    assert [spaced(cell) for cell in accuracy_cells(run.standing, 200)] == ["95.0 %", "91.0 to 97.3 %"]
    assert [spaced(cell) for cell in accuracy_cells(run.standing, 10_000)] == ["95.00 %", "91.04 to 97.26 %"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "< 0.001"), (0.000999, "< 0.001"), (0.001, "= 0.001"), (0.0342, "= 0.034"), (0.2, "= 0.2"), (1.0, "= 1")],
)
def test_a_p_value_is_no_more_exact_than_anybody_needs(value: float, text: str):
    assert p_text(value) == text


def test_a_p_value_that_counts_as_detected_is_not_rounded_to_the_limit():
    assert p_text(0.0496) != p_text(0.0504)


@pytest.mark.parametrize("name", ["ResNet-V2", "resNet-V2", "ALL CAPS", "über-GROSS", "no detectable Difference"])
def test_a_run_keeps_its_name_as_it_is_written(name: str):
    record = a_comparison({"other": [MANY], name: [A_FEW]})
    assert headline(record) == f"{name} is better"
    assert pair_sentence(record.pairs[0], record.n).startswith(f"{name} is better than other: ")
    same = a_comparison({"a": [A_FEW], name: [A_FEW]})
    assert f"{name} has 0.0 points against a (" in pair_sentence(same.pairs[0], record.n)


def test_the_headline_of_two_is_their_verdict():
    assert headline(a_comparison({"a": [A_FEW], "b": [MANY]})) == "a is better"
    assert headline(a_comparison({"a": [A_FEW], "b": [A_FEW]})) == "No detectable difference"


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"a": MANY, "Best": A_FEW, "c": MANY}, "Best is better than all others"),
        ({"a": MANY, "b": range(4), "c": range(50, 70), "Best": A_FEW}, "Best is better than 2 of the 3 others"),
        ({"a": range(4), "Best": A_FEW, "c": range(5)}, "None differs detectably from the best, Best"),
    ],
)
def test_the_headline_of_many_says_how_many_the_best_beats(wrong: dict[str, range], text: str):
    assert headline(a_comparison({name: [places] for name, places in wrong.items()})) == text


def test_the_best_of_many_is_not_praised_for_a_pair_that_others_win():
    # b beats c; a, the most accurate, beats nobody.
    record = a_comparison({"a": [range(20)], "b": [range(150, 171)], "c": [range(150, 178)]})
    assert {its.verdict for its in record.pairs if {its.a, its.b} == {"b", "c"}} == {"b is better"}
    assert headline(record) == "None differs detectably from the best, a"


def test_costs_are_written_with_their_units():
    record = a_comparison(
        {"a": [MANY], "b": [A_FEW]}, costs={"a": Cost(95.0, 11_173_962, 555_422_720, 44_700_000, 2e-3)}
    )
    cells = [spaced(its).removesuffix(" *") for its in cost_cells(record.runs[0])]
    assert cells == ["1 min 35 s", "11.2 million", "555 million", "44.7 MB", "2 ms"]
    assert spaced(cost_cells(record.runs[1])[1]) == "5,000 *"


@pytest.mark.parametrize(("number", "text"), [(999_900_000, "1 billion"), (1_820_000_000_000, "1,820 billion")])
def test_large_numbers_are_written_without_an_exponent(number: int, text: str):
    record = a_comparison({"a": [MANY], "b": [A_FEW]}, costs={"a": replace(COST, multiply_adds=number)})
    assert cost_cells(record.runs[0])[2] == text


def test_a_star_is_where_no_other_is_as_cheap_and_as_accurate():
    small = Cost(train_seconds=99.0, parameters=100, multiply_adds=2_000_000, model_bytes=1000, seconds_per_image=1e-3)
    record = a_comparison({"small": [MANY], "good": [A_FEW]}, costs={"small": small})
    starred = {its.name: [cell.endswith(" *") for cell in cost_cells(its)] for its in record.runs}
    # The good one costs less of training and of an answer, and as many multiply-adds.
    assert starred == {"small": [False, True, False, True, False], "good": [True] * 5}


def test_a_cost_that_is_not_known_is_a_dash_and_no_star():
    unknown = replace(COST, multiply_adds=None)
    first, second = a_comparison({"a": [MANY], "b": [A_FEW]}, costs={"a": unknown}).runs
    assert cost_cells(first)[2] == MISSING
    assert [its.endswith(" *") for its in cost_cells(second)] == [True, True, False, True, True]


def test_of_trainings_without_a_wrong_answer_no_spread_is_told():
    its, _ = a_comparison({"a": [NONE, NONE], "b": [A_FEW, MANY]}).runs
    assert seeds_sentence(its.standing) == (
        "a: 2 trainings reached 100.00, 100.00 %, so nothing can be told of what other images or another seed change."
    )


def test_seeds_are_told_of_repeats_only():
    one, _ = a_comparison({"a": [MANY], "b": [A_FEW]}).runs
    assert seeds_sentence(one.standing) == ""
    its, _ = a_comparison({"a": [range(20), range(10), range(30)], "b": [A_FEW] * 3}).runs
    spread = its.standing.seeds
    assert spread is not None
    assert spread.seeds != pytest.approx(spread.images, abs=1e-4)
    assert seeds_sentence(its.standing) == (
        "a: 3 trainings reached 90.00, 95.00, 85.00 %, standard deviation 5.00 points. Other images of the same number "
        f"move one training by {100 * spread.images:.2f} points (standard deviation), another seed alone by "
        f"{100 * spread.seeds:.2f}."
    )


@pytest.mark.parametrize(
    ("low", "high", "p", "said"),
    [(0.001, 0.02, 0.05, True), (-0.02, -0.001, 0.07, True), (0.001, 0.02, 0.049, False), (-0.01, 0.02, 0.4, False)],
)
def test_why_an_interval_leaves_out_0_where_nothing_is_detectable_is_said(
    low: float, high: float, p: float, said: bool
):
    record = a_comparison({"a": [MANY], "b": [MANY]})
    [its] = record.pairs
    its = replace(its, low=low, high=high, p_value=p, p_adjusted=p)
    screen = Console(file=io.StringIO(), width=200, highlight=False)
    screen.print(comparison_text(replace(record, pairs=[its])))
    assert ("Where an interval leaves out 0" in screen.file.getvalue()) == said


def test_the_reason_is_the_number_of_comparisons_only_where_one_by_itself_is_clear():
    [its] = a_comparison({"a": [MANY], "b": [MANY]}).pairs
    torn = replace(its, low=0.001, high=0.02, p_value=0.051, p_adjusted=0.051)
    adjusted = replace(torn, p_value=0.02, p_adjusted=0.06)
    assert "stricter" in adjusting_sentence([torn])
    assert "Holm" not in adjusting_sentence([torn])
    assert "Holm" in adjusting_sentence([adjusted])
    assert "stricter" not in adjusting_sentence([adjusted])
    assert adjusting_sentence([torn, adjusted, torn]).count("stricter") == adjusting_sentence([torn, adjusted]).count(
        "Holm"
    )


def in_terminal(**wrong: list[range]) -> str:
    screen = Console(file=io.StringIO(), width=200, highlight=False)
    screen.print(comparison_text(a_comparison(wrong, notices=["Keep [this] in mind.", "And that."], split="test")))
    return spaced(screen.file.getvalue())


def test_a_terminal_shows_runs_pairs_notices_and_where_the_page_is():
    text = in_terminal(a=[A_FEW], b=[MANY], c=[A_FEW])
    assert text.startswith("/data/pets: test split, 200 images\n")
    for name, accuracy in {"a": "98.5 %", "b": "80.0 %", "c": "98.5 %"}.items():
        assert re.search(rf"^\s*{name} +{accuracy} +\d", text, re.MULTILINE)
    assert text.count("points") >= 3
    assert "a is better than b: +18.5 points" in text
    assert "Keep [this] in mind.\nAnd that.\nPage: /runs/comparison.html\n" in text
    assert "trainings reached" not in text


def test_a_terminal_tells_of_seeds_and_takes_no_name_for_markup():
    text = in_terminal(**{"[red]a[/red]": [A_FEW, MANY], "[/b]": [MANY, MANY]})
    assert text.count("trainings reached") == 2
    assert "[red]a[/red]: 2 trainings reached 98.50, 80.00 %" in text
    assert re.search(r"^\s*\[red\]a\[/red\] +89\.2 %", text, re.MULTILINE)
    assert "[/b] " in text
