import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from lensmith.evaluation import Calibration, RiskCoverage, calibration, measure_rejection, threshold_for_coverage
from lensmith.evaluation.rejection import risk_coverage
from lensmith.rendering.calibration import (
    calibration_sentence,
    rejection_sentence,
    reliability_chart,
    risk_chart,
    temperature_sentence,
)

Element = ElementTree.Element
Answers = tuple[np.ndarray, np.ndarray]


def spaced(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def some_answers(n: int = 200, classes: int = 3, share: float = 0.8) -> Answers:
    """Answers of all confidences, the surer the more often right; about `share` of them are."""
    random = np.random.default_rng(0)
    sure = np.linspace(1 / classes + 0.01, 0.999, n)
    labels = random.integers(0, classes, n)
    wrong = random.random(n) > share * 0.6 + sure * share * 0.5
    said = (labels + wrong) % classes
    probabilities = np.repeat((1 - sure)[:, np.newaxis] / (classes - 1), classes, axis=1)
    probabilities[np.arange(n), said] = sure
    return probabilities, labels


def read(chart: Any) -> Element:
    return ElementTree.fromstring(spaced(str(chart)))


def texts_of(svg: Element, anchor: str) -> list[Element]:
    return [its for its in svg.findall("text") if its.get("class") == "tick" and its.get("text-anchor") == anchor]


def across(svg: Element) -> tuple[float, float]:
    """Where 0 % and 100 % are written under the chart."""
    at = {its.text: float(its.get("x")) for its in texts_of(svg, "middle")}
    return at["0 %"], at["100 %"]


def upwards(svg: Element) -> dict[float, float]:
    """The height of each line of the grid, by the fraction beside it."""
    lines = [re.fullmatch(r"M\S+ (\S+)H\S+", its.get("d")) for its in svg.findall("path[@class='grid']")]
    written = [float(its.text.removesuffix(" %")) / 100 for its in texts_of(svg, "end")]
    return dict(zip(written, [float(its[1]) for its in lines if its], strict=True))


def check_inside(svg: Element) -> None:
    left, top, width, height = map(float, svg.get("viewBox").split())
    assert (left, top) == (0, 0)
    for text in svg.iter("text"):
        assert 0 <= float(text.get("x")) <= width
        assert 10 <= float(text.get("y")) <= height - 3
    for circle in svg.iter("circle"):
        assert 4 <= float(circle.get("cx")) <= width - 4
        assert 4 <= float(circle.get("cy")) <= height - 4
    for bar in svg.iter("rect"):
        assert 0 <= float(bar.get("x")) <= float(bar.get("x")) + float(bar.get("width")) <= width
        assert 0 <= float(bar.get("y")) <= float(bar.get("y")) + float(bar.get("height")) <= height
    for path in svg.iter("path"):
        for x, y in re.findall(r"[ML](\S+?) ([\d.-]+)", path.get("d")):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height


def test_each_bin_is_a_dot_at_its_confidence_and_accuracy_with_its_interval_and_a_bar():
    its = calibration(*some_answers())
    svg = read(reliability_chart(its.bins))
    (left, right), heights = across(svg), upwards(svg)
    assert len(its.bins) > 8
    most = max(one.count for one in its.bins)
    tallest = max(float(bar.get("height")) for bar in svg.iter("rect"))

    def height(fraction: float) -> float:
        return heights[0.0] + fraction * (heights[1.0] - heights[0.0])

    for group, one in zip(svg.findall("g"), its.bins, strict=True):
        dot, bar = group.find("circle"), group.find("rect")
        assert float(dot.get("cx")) == pytest.approx(left + one.confidence * (right - left), abs=0.1)
        assert float(dot.get("cy")) == pytest.approx(height(one.accuracy), abs=0.1)
        x, low, high = map(float, re.fullmatch(r"M(\S+) (\S+)V(\S+)", group.find("path").get("d")).groups())
        assert (x, low, high) == pytest.approx(
            (float(dot.get("cx")), height(one.accuracy_low), height(one.accuracy_high)), abs=0.1
        )
        assert float(bar.get("height")) == pytest.approx(tallest * one.count / most, abs=0.1)
        assert left + one.low * (right - left) < float(bar.get("x"))
        assert float(bar.get("x")) + float(bar.get("width")) < left + one.high * (right - left)
        assert float(bar.get("y")) > heights[0.0]
        assert group.find("title").text.startswith(f"{one.count:,} images, confidence ")
    check_inside(svg)


def test_the_dashed_line_is_where_confidence_is_accuracy():
    svg = read(reliability_chart(calibration(*some_answers()).bins))
    (left, right), heights = across(svg), upwards(svg)
    assert svg.find("path[@class='ideal']").get("d") == f"M{left:g} {heights[0.0]:g}L{right:g} {heights[1.0]:g}"


def test_all_bars_stand_on_one_line():
    svg = read(reliability_chart(calibration(*some_answers()).bins))
    feet = [float(its.get("y")) + float(its.get("height")) for its in svg.iter("rect")]
    assert feet == pytest.approx([feet[0]] * len(feet), abs=0.11)


def test_those_who_cannot_see_the_chart_are_told_each_bin():
    its = calibration(np.array([[0.9, 0.1], [0.4, 0.6], [0.4, 0.6]]), np.array([0, 1, 0]))
    words = read(reliability_chart(its.bins)).get("aria-label")
    assert words == "Accuracy by confidence. Confidence 60.0 %: 50.0 % right. Confidence 90.0 %: 100.0 % right."


@pytest.mark.parametrize("sure", [1.0, 0.5])
def test_a_single_bin_can_be_drawn(sure: float):
    probabilities = np.array([[sure, 1 - sure]] * 2)
    for labels in ([0, 0], [1, 1]):
        check_inside(read(reliability_chart(calibration(probabilities, np.array(labels)).bins)))


def test_errors_are_drawn_against_coverage_with_the_threshold_that_was_chosen():
    probabilities, labels = some_answers()
    curve, chosen = risk_coverage(probabilities, labels), measure_rejection(probabilities, labels, 0.6)
    svg = read(risk_chart(curve, chosen))
    (left, right), heights = across(svg), upwards(svg)
    (first, bottom), *_, (last, top) = sorted(heights.items())

    def place(coverage: float, risk: float) -> tuple[float, float]:
        return left + coverage * (right - left), bottom + (risk - first) / (last - first) * (top - bottom)

    line = svg.find("path[@class='line training']").get("d")
    drawn = [tuple(map(float, its.split())) for its in line.removeprefix("M").split("L")]
    assert len(drawn) == len(curve.coverage) == 200
    for point, coverage, risk in zip(drawn, curve.coverage, curve.risk, strict=True):
        assert point == pytest.approx(place(coverage, risk), abs=0.11)
    dot = svg.find("circle")
    assert chosen.accuracy is not None
    assert (float(dot.get("cx")), float(dot.get("cy"))) == pytest.approx(
        place(chosen.coverage, 1 - chosen.accuracy), abs=0.11
    )
    assert "chosen" in [its.text for its in svg.findall("text")]
    assert read(risk_chart(curve, None)).find("circle") is None
    check_inside(svg)


def test_a_threshold_that_answers_nothing_has_no_dot():
    answers = some_answers()
    assert read(risk_chart(risk_coverage(*answers), measure_rejection(*answers, 1.0))).find("circle") is None


@pytest.mark.parametrize(
    ("risk", "dot"),
    [
        ([0.0, 0.0], 0.0),
        ([0.0, 0.3], 0.1),
        ([0.0, 0.001], 0.0002),
        ([1.0, 0.4], 0.5),
        ([0.4, 0.4], 0.4),
    ],
)
def test_nothing_of_the_errors_is_outside_the_picture(risk: list[float], dot: float):
    chosen = replace(measure_rejection(*some_answers(), 0.6), accuracy=1 - dot, coverage=0.999)
    check_inside(read(risk_chart(RiskCoverage([0.001, 1.0], risk, 0.1, 0.0, 0.2), chosen)))


@pytest.mark.parametrize("most", [0.3, 0.02, 0.0017, 0.0])
def test_numbers_beside_the_errors_differ(most: float):
    svg = read(risk_chart(RiskCoverage([0.5, 1.0], [0.0, most], 0.1, 0.0, 0.2), None))
    written = [its.text for its in texts_of(svg, "end")]
    assert len(set(written)) == len(written) > 2


def test_a_threshold_between_the_points_that_are_shown_is_inside_the_picture():
    sure = np.linspace(0.99, 0.6, 2000)
    probabilities, labels = np.stack([sure, 1 - sure], axis=1), np.zeros(2000, np.int64)
    labels[1] = 1
    chosen = threshold_for_coverage(probabilities, labels, 0.001)
    assert chosen.accuracy == 0.5
    check_inside(read(risk_chart(risk_coverage(probabilities, labels), chosen)))


def test_the_parts_of_the_brier_score_in_the_sentence_add_up_to_it():
    for answers in (some_answers(), some_answers(share=0.4), some_answers(1000, 2)):
        sentence = calibration_sentence(calibration(*answers)).replace("\N{MINUS SIGN} ", "-").replace("+ ", "+")
        score, *parts = map(float, re.findall(r"[+-]?\d\.\d{4}", sentence))
        assert sum(parts) == pytest.approx(score, abs=3e-4)
        assert [its < 0 for its in parts[:3]] == [False, True, False]


def test_the_sentence_gives_both_calibration_errors_and_the_sign_of_what_is_within_bins():
    its: Calibration = replace(calibration(*some_answers()), ece=0.031, adaptive_ece=0.042, brier_within_bin=-0.0012)
    sentence = spaced(calibration_sentence(its))
    assert "off by 3.1 % on average" in sentence
    by_chance = f"{100 * its.ece_by_chance:.1f} %"
    assert (
        f"4.2 % with bins of equal count; by chance alone it would be about {by_chance} on so many images)." in sentence
    )
    assert sentence.endswith(" uncertainty \N{MINUS SIGN} 0.0012 within bins.")
    assert calibration_sentence(replace(its, brier_within_bin=0.0012)).endswith(" uncertainty + 0.0012 within bins.")


def test_a_threshold_is_told_with_what_is_answered_and_how_right_that_is():
    probabilities, labels = np.array([[0.9, 0.1]] * 9 + [[0.6, 0.4]]), np.array([0] * 8 + [1, 0])
    its = measure_rejection(probabilities, labels, 0.75)
    bounds = f"{100 * its.accuracy_low:.1f} to {100 * its.accuracy_high:.1f} %"
    assert spaced(rejection_sentence(its)) == (
        "Answers of less than 0.7500 are “unknown”: 90.0 % are answered, of these 88.9 % right "
        f"(95 % interval {bounds}; n = 9)."
    )
    none = spaced(rejection_sentence(measure_rejection(probabilities, labels, 0.95)))
    assert none.endswith("“unknown”: 0.0 % are answered, so nothing can be said of the answers.")


def test_what_was_done_to_the_probabilities_is_said():
    assert temperature_sentence(None).startswith("No temperature was fitted")
    assert temperature_sentence(1.5).startswith("Temperature 1.500,")
    assert temperature_sentence(1.5).endswith("makes answers less sure.")
    assert temperature_sentence(0.5).endswith("makes answers more sure.")


def test_a_temperature_that_changes_nothing_is_not_said_to():
    assert "makes answers" not in temperature_sentence(1.0)
