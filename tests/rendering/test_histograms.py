from xml.etree import ElementTree

import pytest

from lensmith.explanation import Histogram
from lensmith.rendering.histograms import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, draw_histogram


def drawn(low: float, high: float, counts: list[int]) -> ElementTree.Element:
    return ElementTree.fromstring(str(draw_histogram(Histogram(low, high, counts), "values")))


def test_a_bar_is_as_tall_as_the_logarithm_of_its_share():
    tall = HEIGHT - TOP - BOTTOM
    bars = drawn(0.0, 1.0, [9899, 100, 0, 1]).findall("rect")
    assert [float(its.get("height")) for its in bars] == pytest.approx([tall, tall / 2, 1.0], abs=0.3)
    places = [float(its.get("x")) for its in bars]
    width = (WIDTH - LEFT - RIGHT) / 4
    assert places == pytest.approx([LEFT, LEFT + width, LEFT + 3 * width])


def test_zero_is_marked_where_it_is_and_both_ends_are_written():
    svg = drawn(-1.0, 3.0, [1, 2])
    (line,) = [its for its in svg.findall("path") if its.get("class") == "best"]
    assert line.get("d").startswith(f"M{LEFT + (WIDTH - LEFT - RIGHT) / 4:.1f} ")
    assert {"-1", "3", "0", "values"} <= {its.text for its in svg.findall("text")}
    assert [its for its in drawn(0.5, 3.0, [1]).findall("path") if its.get("class") == "best"] == []


def test_nothing_but_one_value_is_drawn():
    assert len(drawn(0.0, 0.0, [5, 0]).findall("rect")) == 1
