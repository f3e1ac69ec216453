import itertools
import math
import re
from xml.etree import ElementTree

import pytest

from lensmith.rendering.labels import width_of
from lensmith.rendering.pareto import LONGEST_NAME, Point, pareto_chart

Element = ElementTree.Element
LETTER = 6.0
"""Pixels of a letter of a name, rather too few than too many."""


def a_point(name: str, cost: float, accuracy: float, *, on_front: bool = False, wide: float = 0.02) -> Point:
    return Point(name, cost, accuracy, accuracy - wide, accuracy + wide, on_front)


def drawn(*points: Point) -> Element:
    return ElementTree.fromstring(str(pareto_chart("seconds", points, lambda its: f"{its:g} s")))


def dots_of(svg: Element) -> dict[str, tuple[float, float]]:
    """Where each dot is, by the beginning of its title."""
    return {
        its.find("title").text.split(":")[0]: (float(its.find("circle").get("cx")), float(its.find("circle").get("cy")))
        for its in svg.findall("g")
    }


def front_of(svg: Element) -> list[tuple[float, float]]:
    (path,) = [its for its in svg.findall("path") if its.get("class") == "front"]
    start, *rest = path.get("d").split("L")
    assert start.startswith("M")
    return [tuple(map(float, its.split())) for its in (start[1:], *rest)]


def texts_of(svg: Element, kind: str) -> list[Element]:
    return [its for its in svg.iter("text") if its.get("class") == kind]


def heights_of(svg: Element) -> dict[float, float]:
    """Where each accuracy of the axis is, by the number; a line is at its text."""
    texts = [its for its in texts_of(svg, "tick") if its.get("text-anchor") == "end"]
    lines = [re.fullmatch(r"M\S+ (\S+)H\S+", its.get("d")) for its in svg.findall("path")]
    written = [float(its.text.replace("\N{NO-BREAK SPACE}%", "")) / 100 for its in texts]
    return dict(zip(written, [float(its[1]) for its in lines if its], strict=True))


def box_of(text: Element) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of a name, about."""
    x, y, width = float(text.get("x")), float(text.get("y")), LETTER * len(text.text)
    left = x - width if text.get("text-anchor") == "end" else x
    return left, left + width, y - 9, y + 2


def overlapping(svg: Element) -> list[tuple[str, str]]:
    found = []
    for one, other in itertools.combinations(texts_of(svg, "name"), 2):
        a, b = box_of(one), box_of(other)
        if a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]:
            found.append((one.text, other.text))
    return found


def test_the_line_joins_exactly_those_on_the_front_in_order_of_cost():
    svg = drawn(
        a_point("dear", 100, 0.95, on_front=True),
        a_point("beaten", 50, 0.7),
        a_point("cheap", 1, 0.6, on_front=True),
        a_point("also beaten", 120, 0.9),
        a_point("middle", 10, 0.8, on_front=True),
    )
    dots = dots_of(svg)
    assert front_of(svg) == [dots["cheap"], dots["middle"], dots["dear"]]
    full = {its.find("title").text.split(":")[0] for its in svg.findall("g") if its.get("class") == "sure"}
    assert full == {"dear", "cheap", "middle"}
    assert {its.get("class") for its in svg.findall("g")} == {"sure", "unsure"}


def test_ten_times_the_cost_is_as_far_to_the_right_wherever_it_is():
    dots = dots_of(drawn(*(a_point(str(cost), cost, 0.8) for cost in (0.003, 0.03, 0.3, 3000))))
    first, second, third, last = (x for x, _ in dots.values())
    assert 0 < third - second == pytest.approx(second - first, abs=0.2)
    assert last < 410
    assert last - third == pytest.approx(4 * (second - first), abs=0.5)


def test_an_accuracy_halfway_between_two_marks_lies_halfway_and_more_is_higher():
    svg = drawn(a_point("a", 1, 0.65, wide=0.05), a_point("b", 2, 0.8, wide=0.1))
    heights = heights_of(svg)
    assert list(heights) == [0.6, 0.7, 0.8, 0.9]
    assert list(heights.values()) == sorted(heights.values(), reverse=True)
    dots = dots_of(svg)
    assert dots["a"][1] == pytest.approx((heights[0.6] + heights[0.7]) / 2, abs=0.1)
    assert dots["b"][1] == heights[0.8]


def test_bounds_stand_upright_through_their_dot_from_low_to_high():
    svg = drawn(a_point("a", 1, 0.7, wide=0.1), a_point("b", 2, 0.8, wide=0.1))
    heights = heights_of(svg)
    for group, (low, high) in zip(svg.findall("g"), [(0.6, 0.8), (0.7, 0.9)], strict=True):
        x, start, end = map(float, re.fullmatch(r"M(\S+) (\S+)V(\S+)", group.find("path").get("d")).groups())
        assert x == float(group.find("circle").get("cx"))
        assert (start, end) == pytest.approx((heights[low], heights[high]), abs=0.1)


def test_the_lowest_and_the_highest_cost_are_written_under_their_dots():
    svg = drawn(a_point("a", 3, 0.8), a_point("b", 700, 0.8), a_point("c", 20, 0.8))
    under = {its.text: float(its.get("x")) for its in texts_of(svg, "tick") if its.get("text-anchor") == "middle"}
    dots = dots_of(svg)
    assert under.pop("seconds →")
    assert under == {"3 s": dots["a"][0], "700 s": dots["b"][0]}


def test_costs_that_are_about_the_same_are_written_once():
    svg = drawn(a_point("a", 100, 0.8), a_point("b", 120, 0.85))
    assert [its.text for its in texts_of(svg, "tick") if its.text.endswith(" s")] == ["100 s"]


@pytest.mark.parametrize("count", [2, 5, 8])
@pytest.mark.parametrize("cost", [1.0, 1000.0])
def test_names_of_points_that_coincide_do_not_overlap(count: int, cost: float):
    same = [a_point(f"a-rather-long-name-{place}", cost, 0.8) for place in range(count)]
    svg = drawn(*same, a_point("cheap", 1, 0.9, on_front=True), a_point("dear", 1000, 0.9))
    names = [its for its in texts_of(svg, "name") if its.text.startswith("a-")]
    assert len({its.text for its in names}) == min(count, len(names)) >= min(count, 5)  # of more there is no room
    assert overlapping(svg) == []


def test_names_of_points_side_by_side_do_not_overlap():
    svg = drawn(*(a_point(f"a-rather-long-name-{place}", 2.0**place, 0.8) for place in range(8)))
    assert overlapping(svg) == []


def test_names_are_beside_their_dots_on_the_side_where_there_is_room():
    svg = drawn(a_point("cheap", 1, 0.7), a_point("a dear one", 1000, 0.9))
    dots = dots_of(svg)
    for name in texts_of(svg, "name"):
        left, right, top, bottom = box_of(name)
        x, y = dots[name.text]
        assert (left > x) if name.text == "cheap" else (right < x)
        assert abs((top + bottom) / 2 - y) < 12


def inside(svg: Element) -> bool:
    _, _, width, height = map(float, svg.get("viewBox").split())
    return all(
        left >= 0 and right <= width and top >= 0 and bottom <= height
        for left, right, top, bottom in map(box_of, texts_of(svg, "name"))
    )


@pytest.mark.parametrize(
    ("costs", "accuracies"),
    [([1], [0.5]), ([1, 1], [0.5, 0.5]), ([1e-9, 1e15], [0.0, 1.0]), ([5, 5.0001], [0.9999, 1.0])],
)
def test_nothing_is_drawn_outside_the_picture(costs: list[float], accuracies: list[float]):
    every = [
        Point("n" * 300, cost, accuracy, max(0, accuracy - 1e-4), min(1, accuracy + 1e-4), True)
        for cost, accuracy in zip(costs, accuracies, strict=True)
    ]
    svg = drawn(*every)
    _, _, width, height = map(float, svg.get("viewBox").split())
    for circle in svg.iter("circle"):
        assert 5 < float(circle.get("cx")) < width - 5
        assert 5 < float(circle.get("cy")) < height - 5
    for start, end in (its.get("d")[1:].split("V") for its in svg.findall("g/path")):
        assert 0 < float(end) <= float(start.split()[1]) < height
    assert inside(svg)
    assert all(width_of(its.text) <= LONGEST_NAME and "…" in its.text for its in texts_of(svg, "name"))
    assert all(math.isfinite(its) for point in front_of(svg) for its in point)


def test_names_of_many_points_that_coincide_stay_inside():
    low = [a_point(f"name {place}", 10, 0.3) for place in range(8)]
    assert inside(drawn(*low, a_point("high", 1, 0.95)))


def test_those_who_cannot_see_it_are_told_each_name_cost_and_accuracy():
    name = "x" * 50
    svg = drawn(a_point(name, 3, 0.8), a_point('<b> & "c"', 700, 0.9))
    label = svg.get("aria-label").replace("\N{NO-BREAK SPACE}", " ")
    assert svg.get("role") == "img"
    assert label == f'Accuracy against seconds. {name}: 3 s, 80.0 %. <b> & "c": 700 s, 90.0 %.'
    titles = [its.text.replace("\N{NO-BREAK SPACE}", " ") for its in svg.findall("g/title")]
    assert titles == [f"{name}: 3 s, 80.0 %", '<b> & "c": 700 s, 90.0 %']
    assert '<b> & "c"' in [its.text for its in texts_of(svg, "name")]
