"""The temperature, on answers worked out by hand, and on labels drawn from known probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss
from tests.evaluation.made_answers import any_answers, binary, drawn, seeds

from lensmith.errors import LensmithError
from lensmith.evaluation.temperature import COLDEST, EVIDENCE, HOTTEST, fit_temperature, temper


def test_tempering_by_hand():
    # Squares of 0.6, 0.3 and 0.1, of which the sum is 0.46.
    assert temper(np.array([[0.6, 0.3, 0.1]]), 0.5) == pytest.approx(np.array([[0.36, 0.09, 0.01]]) / 0.46)
    assert temper(np.array([[0.6, 0.3, 0.1]], np.float32), 1).dtype == np.float64


@given(seed=seeds, temperature=st.floats(COLDEST, HOTTEST))
def test_tempering_keeps_the_order_of_classes(seed: int, temperature: float):
    probabilities = any_answers(seed, 20, 5)[0].astype(np.float32)
    tempered = temper(probabilities, temperature)
    assert (tempered.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    assert tempered.sum(axis=1) == pytest.approx(np.ones(20))
    order = probabilities.argsort(axis=1)
    assert (np.diff(np.take_along_axis(tempered, order, axis=1), axis=1) >= 0).all()
    surer = tempered.max(axis=1) - probabilities.max(axis=1)
    assert (surer >= -1e-6).all() if temperature <= 1 else (surer <= 1e-6).all()


@given(seed=seeds, first=st.floats(0.5, 4), second=st.floats(0.5, 4))
def test_tempering_twice_is_tempering_by_the_product(seed: int, first: float, second: float):
    probabilities = drawn(20, 5, seed)[0]
    assert temper(temper(probabilities, first), second) == pytest.approx(
        temper(probabilities, first * second), abs=1e-12
    )


def test_tempering_by_one_changes_nothing():
    probabilities = drawn(20, 5)[0]
    assert temper(probabilities, 1) == pytest.approx(probabilities, abs=1e-15)


@pytest.mark.parametrize("temperature", [COLDEST, 1, HOTTEST])
def test_a_probability_of_zero_stays_a_number_and_below_all_others(temperature: float):
    tempered = temper(np.array([[1, 0, 1e-20]], np.float32), temperature)
    assert np.isfinite(tempered).all()
    assert tempered[0, 1] <= tempered[0, 2] < tempered[0, 0]


@pytest.mark.parametrize("temperature", [0, -1, float("nan"), float("inf")])
def test_a_temperature_that_is_not_positive_is_refused(temperature: float):
    with pytest.raises(LensmithError, match=r"temperature is .* above 0; 1 changes nothing"):
        temper(np.array([[0.5, 0.5]]), temperature)


@pytest.mark.parametrize("true", [0.5, 1.0, 1.7, 4.0])
def test_a_known_temperature_is_recovered(true: float):
    probabilities, labels = drawn(40_000, 10, seed=3)
    found = fit_temperature(temper(probabilities, 1 / true), labels)
    assert found.value == pytest.approx(true, rel=0.03)
    assert found.n == 40_000
    assert found.log_loss_before == pytest.approx(log_loss(labels, temper(probabilities, 1 / true)), abs=1e-9)
    assert found.log_loss_after == pytest.approx(log_loss(labels, probabilities), abs=1e-3)


def test_nothing_is_better_than_the_fitted_temperature_by_more_than_the_evidence_asked_for():
    for true in (0.6, 2.0):
        probabilities, labels = drawn(400, 5, seed=4)
        given = temper(probabilities, 1 / true)
        found = fit_temperature(given, labels)
        best = min(log_loss(labels, temper(given, its)) for its in np.geomspace(0.3, 5, 300))
        allowed = EVIDENCE / 400 if true < 1 else 1e-5
        assert found.log_loss_after == pytest.approx(log_loss(labels, temper(given, found.value)), abs=1e-12)
        assert found.log_loss_after - best < allowed + 1e-9


@given(seed=seeds, n=st.integers(1, 60), k=st.integers(2, 5))
def test_the_log_loss_never_grows(seed: int, n: int, k: int):
    found = fit_temperature(*any_answers(seed, n, k))
    assert found.log_loss_after <= found.log_loss_before
    assert COLDEST <= found.value <= HOTTEST


def test_fifty_right_answers_make_answers_no_surer_than_they_can_say():
    answers = {sure: binary([sure] * 50, [True] * 50) for sure in (0.9, 0.99)}
    tempered = {sure: temper(its[0], fit_temperature(*its).value)[0, 0] for sure, its in answers.items()}
    # 0.9733 ** 50 = 0.2585, the likelihood ratio that rules out with 95 % confidence: exp(-1.645 ** 2 / 2).
    assert tempered == {0.9: pytest.approx(0.9733, abs=1e-4), 0.99: 0.99}


def test_one_wrong_answer_among_fifty_does_not_change_that_much():
    probabilities, labels = binary([0.9] * 49 + [0.55], [True] * 49 + [False])
    found = fit_temperature(probabilities, labels)
    assert temper(probabilities, found.value)[0, 0] == pytest.approx(0.9733, abs=0.01)


@pytest.mark.parametrize("right", range(11, 20))
def test_answers_that_are_as_sure_as_they_should_be_are_left_alone(right: int):
    found = fit_temperature(*binary([right / 20] * 20, [True] * right + [False] * (20 - right)))
    assert (found.value, found.log_loss_after) == (1, found.log_loss_before)


def test_a_single_right_answer_says_nothing():
    assert fit_temperature(*binary([0.6], [True])).value == 1


@pytest.mark.parametrize("seed", range(5))
def test_calibrated_answers_are_seldom_made_surer(seed: int):
    temperatures = [fit_temperature(*drawn(100, 4, 100 * seed + i)).value for i in range(100)]
    # One side of a 95 % interval; without holding back it would be half of them.
    assert np.mean([its < 1 for its in temperatures]) <= 0.13
    assert np.mean([its > 1 for its in temperatures]) > 0.3


def test_answers_that_are_sure_and_wrong_are_made_as_good_as_guessing():
    found = fit_temperature(*binary([0.99] * 20, [False] * 20))
    assert found.value == pytest.approx(HOTTEST, rel=1e-3)


def test_a_certain_and_wrong_answer_is_survived():
    found = fit_temperature(np.array([[1.0, 0.0]] * 10), np.array([0] * 9 + [1]))
    assert 1 < found.value < HOTTEST
    assert np.isfinite([found.log_loss_before, found.log_loss_after]).all()
