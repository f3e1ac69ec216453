"""What `calibrate` and the report say of probabilities, on the whole."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.rendering.made_records import a_dataset, a_report
from tests.rendering.test_calibration import some_answers, spaced
from tests.rendering.test_comparison_page import OUTSIDE, SMALLEST, Read
from tests.rendering.test_report_in_browser import opened

from lensmith.evaluation import (
    Temperature,
    calibration,
    measure_rejection,
    threshold_for_accuracy,
    threshold_for_coverage,
)
from lensmith.evaluation.rejection import risk_coverage
from lensmith.rendering.calibration import calibrate_text, calibration_sentence, rejection_sentence
from lensmith.rendering.report import render_report
from lensmith.workflows.calibrate import CalibrateRecord

ANSWERS = some_answers(400)
PLAIN = CalibrateRecord("/runs/its", 1400, 1.5, None, calibration(*ANSWERS), None, None, None)


def test_without_options_it_is_said_what_there_is_and_what_can_be_chosen():
    first, second, third, last = calibrate_text(PLAIN).split("\n")
    assert first == "/runs/its, 1,400 validation images."
    assert second.startswith("Temperature 1.500,")
    assert second.endswith("less sure.")
    assert third == calibration_sentence(PLAIN.calibration)
    assert last == "Every image is answered. --accuracy or --coverage chooses from which probability on."


def test_after_a_threshold_was_taken_away_the_report_is_said_to_be_older():
    *_, before, last = calibrate_text(replace(PLAIN, taken_away=0.7)).split("\n")
    assert before.startswith("Every image is answered.")
    assert last == "The report tells of what was before. Measure the run anew: lensmith evaluate /runs/its"


def test_a_temperature_fitted_now_is_told_with_what_it_has_changed():
    text = calibrate_text(replace(PLAIN, fitted=Temperature(1.5, 1400, 0.61234, 0.5)))
    assert "Log loss 0.6123 before, 0.5000 after.\n" in text
    assert text.endswith("Measure the run anew: lensmith evaluate /runs/its")


def test_where_no_temperature_could_be_fitted_that_is_said():
    assert "\nNo temperature was fitted: " in calibrate_text(replace(PLAIN, temperature=None))


def test_a_threshold_chosen_before_is_told():
    last = calibrate_text(replace(PLAIN, rejection_threshold=0.71234)).split("\n")[-1]
    assert last == "Answers of less than 0.7123 are “unknown”, as chosen before."


def test_a_threshold_below_1_does_not_look_like_1():
    last = calibrate_text(replace(PLAIN, rejection_threshold=0.9999755)).split("\n")[-1]
    assert last == "Answers of less than 0.99998 are “unknown”, as chosen before."
    assert "less than 1.0000 are" in calibrate_text(replace(PLAIN, rejection_threshold=1.0))


def test_a_promise_is_made_of_an_accuracy_only():
    promised, covering = threshold_for_accuracy(*ANSWERS, 0.7), threshold_for_coverage(*ANSWERS, 0.7)
    assert promised.guaranteed is not None
    for chosen in (promised, covering):
        text = calibrate_text(replace(PLAIN, rejection=chosen, rejection_threshold=chosen.threshold))
        assert f"\n{rejection_sentence(chosen)}\n" in text
        assert "lensmith predict answers so from now on, lensmith serve when it is next started.\n" in text
        assert text.endswith("Measure the run anew: lensmith evaluate /runs/its")
        assert ("On new images" in text) == ("slightly too good" in text) == (chosen is promised)
        assert "Every image" not in text
        assert "chosen before" not in text
    text = spaced(calibrate_text(replace(PLAIN, rejection=replace(promised, guaranteed=0.7654))))
    assert "at least 76.54 % of the answers are right, with 95 % confidence." in text


def test_a_promise_is_not_rounded_up():
    chosen = replace(threshold_for_accuracy(*ANSWERS, 0.7), guaranteed=0.98997)
    assert "at least 98.99 %" in spaced(calibrate_text(replace(PLAIN, rejection=chosen)))


def a_page(folder: Path, temperature: float | None = None, threshold: float | None = None) -> str:
    report = a_report(folder, a_dataset())
    assert report.evaluation
    (folder / "artifact.json").write_text(json.dumps({"temperature": temperature, "rejection_threshold": threshold}))
    rejection = None if threshold is None else measure_rejection(*ANSWERS, threshold)
    evaluation = replace(
        report.evaluation,
        calibration=calibration(*ANSWERS),
        risk_coverage=risk_coverage(*ANSWERS),
        rejection=rejection,
    )
    return render_report(replace(report, evaluation=evaluation))


def test_the_report_draws_both_and_says_how_to_choose_a_threshold(tmp_path: Path):
    html = a_page(tmp_path / "pets", 1.5)
    text = spaced(Read(html).text)
    assert html.count('class="chart reliability"') == 2
    assert "Temperature 1.500, fitted on validation images" in text
    assert spaced(calibration_sentence(PLAIN.calibration)) in text
    assert f"lensmith calibrate {tmp_path / 'pets'} --coverage 0.9" in text
    curve = risk_coverage(*ANSWERS)
    assert f"Area under the second curve: {curve.aurc:.4f}; {curve.aurc_best:.4f} if" in text
    assert f"{curve.aurc_random:.4f} if sureness told nothing" in text
    assert "are “unknown”" not in text


def test_the_report_tells_what_a_chosen_threshold_does(tmp_path: Path):
    html = a_page(tmp_path / "pets", None, 0.6)
    text = spaced(Read(html).text)
    assert spaced(rejection_sentence(measure_rejection(*ANSWERS, 0.6))) in text
    assert ">chosen</text>" in html
    assert "No temperature was fitted" in text
    assert "--coverage 0.9" not in text


def test_without_an_evaluation_nothing_is_said_of_trust(tmp_path: Path):
    report = a_report(tmp_path / "pets", a_dataset(test=False))
    (tmp_path / "pets" / "artifact.json").write_text("{}")
    html = render_report(report)
    assert 'id="trust"' not in html
    assert "#trust" not in html


@pytest.mark.parametrize("width", [375, 1280])
def test_charts_fit_the_page_and_can_be_read(browser: Any, tmp_path: Path, width: int):
    html = a_page(tmp_path / "its", 1.5, 0.6)
    page, _ = opened(browser, html, tmp_path, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(OUTSIDE) == []
    widths = page.evaluate("[...document.querySelectorAll('.reliability')].map(its => its.clientWidth)")
    assert len(widths) == 2
    assert min(widths) > 280
    assert page.evaluate(SMALLEST.replace("svg text", ".reliability text")) >= 9
