import itertools
import re
from collections.abc import Callable
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from tests.rendering.made_comparisons import a_comparison
from tests.rendering.made_records import NASTY_NAMES

from lensmith.rendering.comparison_page import accuracy_chart, difference_chart, render_comparison
from lensmith.rendering.intervals import NAME_WIDTH, Interval, interval_chart
from lensmith.rendering.labels import width_of

Element = ElementTree.Element


def a_row(value: float, low: float, high: float, name: str = "a", *, sure: bool = True) -> Interval:
    return Interval(name, value, low, high, f"{value:g}", sure)


def drawn(*rows: Interval, zero: bool = False) -> Element:
    return ElementTree.fromstring(str(interval_chart("Values.", rows, lambda its, _: f"{its:g}", zero=zero)))


def marks_of(svg: Element) -> dict[float, float]:
    """Where each number of the axis is written, by the number."""
    return {float(its.text): float(its.get("x")) for its in svg.findall("text") if its.get("class") == "tick"}


def place_of(svg: Element) -> Callable[[float], float]:
    """Where a value lies by what is written on the axis."""
    (first, start), *_, (last, end) = sorted(marks_of(svg).items())
    return lambda value: start + (value - first) / (last - first) * (end - start)


def ends_of(row: Element) -> tuple[float, float, float]:
    """Left end, right end and height of the line of a row."""
    line = re.fullmatch(r"M(\S+) (\S+)H(\S+)", row.find("path").get("d"))
    left, y, right = map(float, line.groups())
    return left, right, y


def dot_of(row: Element) -> tuple[float, float]:
    circle = row.find("circle")
    return float(circle.get("cx")), float(circle.get("cy"))


def test_a_value_halfway_between_two_marks_lies_halfway():
    svg = drawn(a_row(0.475, 0.4, 0.55), a_row(0.5, 0.45, 0.6))
    marks = marks_of(svg)
    assert sorted(marks) == [0.4, 0.45, 0.5, 0.55, 0.6]
    first, second = svg.findall("g")
    assert dot_of(first)[0] == pytest.approx((marks[0.45] + marks[0.5]) / 2, abs=0.1)
    assert ends_of(first)[:2] == (marks[0.4], marks[0.55])
    assert dot_of(second)[0] == marks[0.5]
    assert ends_of(second)[:2] == (marks[0.45], marks[0.6])


def test_marks_of_the_axis_are_evenly_spread_and_each_has_a_line_at_its_number():
    svg = drawn(a_row(0.475, 0.4, 0.55))
    places = list(marks_of(svg).values())
    gaps = [after - before for before, after in itertools.pairwise(places)]
    assert min(gaps) > 0
    assert gaps == pytest.approx([gaps[0]] * len(gaps), abs=0.2)
    assert [float(its.get("d")[1:].split()[0]) for its in svg.findall("path")] == places


def test_rows_come_one_under_the_other_in_the_order_given_each_beside_its_name_and_its_value():
    svg = drawn(*(a_row(0.1 * place, 0.0, 0.9, name) for place, name in enumerate("cabd")))
    rows = svg.findall("g")
    assert [its.find("text[@class='name']").text for its in rows] == list("cabd")
    assert [its.find("text[@class='value']").text for its in rows] == ["0", "0.1", "0.2", "0.3"]
    heights = [dot_of(its)[1] for its in rows]
    assert min(after - before for before, after in itertools.pairwise(heights)) >= 20
    for row, y in zip(rows, heights, strict=True):
        assert ends_of(row)[2] == y
        assert all(abs(float(text.get("y")) - y) < 6 for text in row.findall("text"))
    assert all(float(its.get("y")) >= heights[-1] + 20 for its in svg.findall("text"))


@pytest.mark.parametrize(("low", "high"), [(-0.03, 0.05), (0.02, 0.05), (-0.05, -0.02)])
def test_the_zero_line_is_where_zero_is_even_if_all_values_lie_to_one_side(low: float, high: float):
    svg = drawn(a_row((low + high) / 2, low, high), zero=True)
    (zero,) = [its for its in svg.findall("path") if its.get("class") == "zero"]
    at = float(zero.get("d")[1:].split()[0])
    assert at == marks_of(svg)[0.0]
    left, right, _ = ends_of(svg.find("g"))
    assert (left < at, right < at) == (low < 0, high < 0)
    assert dot_of(svg.find("g"))[0] == pytest.approx(place_of(svg)((low + high) / 2), abs=0.2)


def test_without_a_scale_that_holds_zero_there_is_no_zero_line():
    for svg in (drawn(a_row(0.95, 0.9, 0.97)), drawn(a_row(0.05, 0.0, 0.1))):
        assert [its.get("class") for its in svg.findall("path")] == ["grid"] * len(marks_of(svg))
    assert 0.0 not in marks_of(drawn(a_row(0.95, 0.9, 0.97)))


@pytest.mark.parametrize(
    "bounds",
    [(-1.0, 1.0), (0.0, 1.0), (0.0, 0.0), (1.0, 1.0), (0.5, 0.5), (-1.0, -1.0), (0.999999, 1.0), (0.0, 1e-7)],
)
@pytest.mark.parametrize("zero", [False, True])
def test_no_dot_line_or_foot_of_a_text_is_outside_the_picture(bounds: tuple[float, float], zero: bool):
    rows = [a_row(value, *bounds) for value in bounds]
    svg = drawn(*rows, a_row(bounds[0], *bounds, name="n" * 500), zero=zero)
    _, _, width, height = map(float, svg.get("viewBox").split())
    places = list(marks_of(svg).values())
    for group, row in zip(svg.findall("g"), [*rows, rows[0]], strict=True):
        left, right, y = ends_of(group)
        assert min(places) <= left <= dot_of(group)[0] <= right <= max(places)
        assert dot_of(group)[0] == pytest.approx(place_of(svg)(row.value), abs=0.2)
        assert 5 <= y <= height - 5
    for text in svg.iter("text"):
        assert 0 <= float(text.get("x")) <= width
        assert 10 <= float(text.get("y")) <= height - 3
    lines = [re.fullmatch(r"M(\S+) (\S+)V(\S+)", its.get("d")) for its in svg.findall("path")]
    for x, top, bottom in (map(float, its.groups()) for its in lines):
        assert 0 <= x <= width
        assert 0 <= top < bottom <= height
    # A name ends left of the scale, a value begins right of it; 7 pixels a letter.
    row = svg.findall("g")[-1]
    name, value = row.find("text[@class='name']"), row.find("text[@class='value']")
    assert name.get("text-anchor") == "end"
    assert float(name.get("x")) - 7 * len(name.text) >= 0
    assert float(name.get("x")) < min(places) - 5
    assert max(places) + 5 < float(value.get("x"))


def test_what_is_sure_stands_out():
    svg = drawn(a_row(0.1, 0.0, 0.2, sure=False), a_row(0.5, 0.4, 0.6))
    assert [its.get("class") for its in svg.findall("g")] == ["unsure", "sure"]


def test_a_long_name_is_cut_where_it_is_seen_and_whole_where_it_is_read():
    name = "begin-" + "x" * 80 + "-end"
    svg = drawn(a_row(0.5, 0.4, 0.6, name))
    shown = svg.find("g/text[@class='name']").text
    assert 0.8 * NAME_WIDTH < width_of(shown) < NAME_WIDTH
    assert shown.startswith("begin-")
    assert shown.endswith("-end")
    assert svg.find("g/title").text == f"{name}: 0.5"
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == f"Values. {name}: 0.5."


def test_each_accuracy_of_a_comparison_is_where_its_interval_says():
    record = a_comparison({"a": [range(40)], "b": [range(4)]})
    svg = ElementTree.fromstring(str(accuracy_chart(record)).replace("\N{NO-BREAK SPACE}%", ""))
    place = place_of(svg)
    for row, run in zip(svg.findall("g"), record.runs, strict=True):
        its = run.standing
        bounds = [place(100 * value) for value in (its.accuracy_low, its.accuracy_high, its.accuracy)]
        assert [*ends_of(row)[:2], dot_of(row)[0]] == pytest.approx(bounds, abs=0.2)
    assert [its.text for its in svg.findall("g/title")] == ["a: 80.0 (73.9 to 85.0)", "b: 98.0 (95.0 to 99.2)"]


def test_each_difference_of_a_comparison_is_where_its_interval_says_and_stands_out_if_it_is_sure():
    record = a_comparison({"first": [range(40)], "second": [range(4)], "third": [range(5)]})
    svg = ElementTree.fromstring(str(difference_chart(record.pairs, record.n)).replace("\N{MINUS SIGN}", "-"))
    place, rows = place_of(svg), svg.findall("g")
    for row, pair in zip(rows, record.pairs, strict=True):
        bounds = [place(100 * value) for value in (pair.low, pair.high, pair.difference)]
        assert [*ends_of(row)[:2], dot_of(row)[0]] == pytest.approx(bounds, abs=0.2)
    names = [its.text for its in svg.findall("g/text[@class='name']")]
    assert names == ["first → second", "first → third", "second → third"]
    assert [its.get("class") for its in rows] == ["sure", "sure", "unsure"]
    values = [its.text for its in svg.findall("g/text[@class='value']")]
    assert values == ["+18.0 (p < 0.001)", "+17.5 (p < 0.001)", "-0.5 (p = 1)"]


def test_each_gain_in_a_class_is_where_its_interval_says():
    record = a_comparison({"a": [range(30)], "b": [[150, 151]]})
    [chart] = re.findall(
        r"<svg(?:(?!<svg).)*?What b gains in each class.*?</svg>", render_comparison(record), re.DOTALL
    )
    svg = ElementTree.fromstring(chart.replace("\N{MINUS SIGN}", "-"))
    place = place_of(svg)
    for row, its in zip(svg.findall("g"), record.pairs[0].per_class, strict=True):
        bounds = [place(100 * value) for value in (its.low, its.high, its.difference)]
        assert [*ends_of(row)[:2], dot_of(row)[0]] == pytest.approx(bounds, abs=0.2)


def test_a_name_stays_a_text():
    class Tags(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.opened: list[tuple[str, tuple[str, ...]]] = []
            self.texts: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.opened.append((tag, tuple(name for name, _ in attrs)))

        def handle_data(self, data: str) -> None:
            self.texts.append(data)

    def read(*names: str) -> Tags:
        tags = Tags()
        rows = [Interval(its, 0.5, 0.4, 0.6, its) for its in names]
        tags.feed(str(interval_chart(names[0], rows, lambda *_: names[0])))
        tags.close()
        return tags

    nasty, plain = read(*NASTY_NAMES), read(*(["plain"] * len(NASTY_NAMES)))
    assert nasty.opened == plain.opened
    assert set(NASTY_NAMES) <= set(nasty.texts)
