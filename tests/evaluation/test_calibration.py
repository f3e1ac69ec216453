"""Calibration on answers worked out by hand, against scikit-learn, and on labels drawn from known probabilities."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from lensmith.errors import LensmithError
from lensmith.evaluation import wilson_interval
from lensmith.evaluation.calibration import (
    BINS,
    COLDEST,
    EVIDENCE,
    HOTTEST,
    Calibration,
    calibration,
    fit_temperature,
    judge,
    temper,
)

seeds = st.integers(0, 10_000)


def binary(confidence: list[float], right: list[bool]) -> tuple[np.ndarray, np.ndarray]:
    """Answers of two classes; the first is the likeliest as long as its confidence is above a half."""
    sure = np.array(confidence, np.float64)
    return np.stack([sure, 1 - sure], axis=1), np.where(right, 0, 1)


def drawn(n: int, k: int, seed: int = 0, spread: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and labels that come about with just these."""
    random = np.random.default_rng(seed)
    probabilities = special.softmax(random.normal(0, spread, (n, k)), axis=1)
    return probabilities, (probabilities.cumsum(axis=1) < random.random((n, 1))).sum(axis=1).clip(max=k - 1)


def any_answers(seed: int, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.dirichlet(np.full(k, random.choice([0.05, 0.5, 5])), n), random.integers(k, size=n)


def sum_of_parts(found: Calibration) -> float:
    return found.brier_reliability - found.brier_resolution + found.brier_uncertainty + found.brier_within_bin


def test_errors_that_can_be_checked_by_hand():
    found = calibration(*binary([0.95, 0.95, 0.99, 0.55], [True, False, True, True]))
    # Two bins have images: (8/15, 9/15] and (14/15, 1].
    low, high = found.bins
    assert (low.low, low.high, low.count, low.confidence, low.accuracy) == (8 / 15, 9 / 15, 1, 0.55, 1)
    assert (high.low, high.high, high.count) == (14 / 15, 1, 3)
    assert (high.confidence, high.accuracy) == (pytest.approx(2.89 / 3), pytest.approx(2 / 3))
    assert (high.accuracy_low, high.accuracy_high) == wilson_interval(2, 3)
    assert found.ece == pytest.approx((1 * 0.45 + 3 * (2.89 / 3 - 2 / 3)) / 4)
    # The two images of equal confidence share a bin, which the others have each for themselves.
    assert [(its.low, its.high, its.count) for its in found.adaptive_bins] == [
        (0.55, 0.55, 1),
        (0.95, 0.95, 2),
        (0.99, 0.99, 1),
    ]
    assert found.adaptive_ece == pytest.approx((0.45 + 2 * 0.45 + 0.01) / 4)


def test_brier_score_and_its_parts_that_can_be_checked_by_hand():
    # Of each class: two probabilities in one bin, with means 0.62 and 0.38; half of the images are of it.
    found = calibration(*binary([0.61, 0.63], [True, False]))
    assert found.brier == pytest.approx(2 * (0.39**2 + 0.63**2) / 2)
    assert found.brier_reliability == pytest.approx(2 * 0.12**2)
    assert found.brier_resolution == pytest.approx(0, abs=1e-15)
    assert found.brier_uncertainty == pytest.approx(2 * 0.25)
    # Variance 0.01 ** 2; covariance of (-0.01, 0.01) with (0.5, -0.5) is -0.005.
    assert found.brier_within_bin == pytest.approx(2 * (0.01**2 + 2 * 0.005))


def test_resolution_is_what_tells_classes_apart():
    found = calibration(np.eye(3)[[0, 1, 2, 2]], np.array([0, 1, 2, 2]))
    assert (found.brier, found.brier_reliability, found.brier_within_bin, found.ece) == (0, 0, 0, 0)
    assert found.brier_resolution == pytest.approx(found.brier_uncertainty)
    assert found.brier_uncertainty == pytest.approx(1 - (1 / 16 + 1 / 16 + 1 / 4))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bins_are_those_of_scikit_learn(dtype: type):
    probabilities, labels = drawn(500, 4)
    confidence, right = judge(probabilities.astype(dtype), labels)
    accuracies, confidences = calibration_curve(right, confidence, n_bins=BINS, strategy="uniform")
    bins = calibration(probabilities.astype(dtype), labels).bins
    assert len(bins) > 8
    assert [its.accuracy for its in bins] == pytest.approx(accuracies, abs=1e-12)
    assert [its.confidence for its in bins] == pytest.approx(confidences, abs=1e-12)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below_as_in_scikit_learn():
    probabilities, labels = binary([0.6, 0.8, 1.0], [True, True, False])
    accuracies = calibration_curve(labels == 0, probabilities[:, 0], n_bins=BINS)[0].tolist()
    bins = calibration(probabilities, labels).bins
    assert [(its.high, its.accuracy) for its in bins] == list(zip([0.6, 0.8, 1.0], accuracies, strict=True))


def test_brier_score_is_that_of_scikit_learn():
    probabilities, labels = drawn(300, 5, seed=1)
    expected = brier_score_loss(labels, probabilities, labels=np.arange(5), scale_by_half=False)
    assert calibration(probabilities, labels).brier == pytest.approx(expected, abs=1e-12)


@given(seed=seeds, n=st.integers(1, 80), k=st.integers(2, 6))
def test_parts_of_the_brier_score_add_up_for_any_answers(seed: int, n: int, k: int):
    found = calibration(*any_answers(seed, n, k))
    assert sum_of_parts(found) == pytest.approx(found.brier, abs=1e-12)
    assert 0 <= found.brier <= 2
    assert min(found.brier_reliability, found.brier_resolution, found.brier_uncertainty) >= 0
    assert found.brier_resolution <= found.brier_uncertainty + 1e-12


@given(seed=seeds, n=st.integers(1, 200), k=st.integers(2, 6))
def test_every_image_is_in_one_bin_of_each_kind(seed: int, n: int, k: int):
    probabilities, labels = any_answers(seed, n, k)
    found = calibration(probabilities, labels)
    for bins in (found.bins, found.adaptive_bins):
        assert len(bins) <= BINS
        assert sum(its.count for its in bins) == n
        assert all(its.low - 1e-12 <= its.confidence <= its.high + 1e-12 for its in bins)
        assert all(below.high <= above.low for below, above in pairwise(bins))
        assert sum(its.count * its.accuracy for its in bins) / n == pytest.approx(
            judge(probabilities, labels)[1].mean()
        )


@given(seed=seeds, n=st.integers(1, 200))
def test_bins_of_equal_count_differ_by_one_image_at_most_where_no_confidences_are_equal(seed: int, n: int):
    counts = [its.count for its in calibration(*drawn(n, 3, seed)).adaptive_bins]
    assert len(counts) == min(n, BINS)
    assert max(counts) - min(counts) <= 1


@given(seed=seeds, n=st.integers(2, 120))
def test_the_order_of_images_changes_nothing_even_where_confidences_are_equal(seed: int, n: int):
    random = np.random.default_rng(seed)
    probabilities, labels = binary(random.choice([0.6, 0.7, 0.8, 1.0], n).tolist(), random.random(n) < 0.7)
    order = random.permutation(n)
    first, second = calibration(probabilities, labels), calibration(probabilities[order], labels[order])
    assert second.adaptive_ece == pytest.approx(first.adaptive_ece, abs=1e-12)
    assert [its.count for its in second.adaptive_bins] == [its.count for its in first.adaptive_bins]


def test_images_of_equal_confidence_go_where_the_middle_one_would():
    # 30 images, so two to a bin. The three of 0.55 have their middle in the first, 0.6 and 0.65 are in the second and
    # third; the four of 0.7 begin in the third too, but have their middle in the fourth.
    confidence = [0.55] * 3 + [0.6] + [0.65] + [0.7] * 4 + [0.9] * 21
    assert [its.count for its in calibration(*binary(confidence, [True] * 30)).adaptive_bins] == [3, 1, 1, 4, 21]


def test_a_model_that_is_always_certain_has_one_bin():
    (only,) = calibration(*binary([1.0] * 30, [True] * 27 + [False] * 3)).adaptive_bins
    assert (only.count, only.low, only.high, only.accuracy) == (30, 1, 1, 0.9)


def test_calibration_error_of_a_perfect_model_is_that_of_chance_and_far_below_that_of_an_oversure_one():
    probabilities, labels = drawn(20_000, 10)
    found = calibration(probabilities, labels)
    # The accuracy of m images scatters normally about the true one: mean distance sqrt(2 p (1 - p) / (pi m)).
    by_chance = sum(np.sqrt(2 * its.count * its.accuracy * (1 - its.accuracy) / np.pi) for its in found.bins) / 20_000
    assert found.ece_by_chance == pytest.approx(by_chance, rel=0.02)
    assert 0.3 * by_chance < found.ece < 2 * by_chance
    assert found.adaptive_ece < 2 * by_chance
    oversure = calibration(temper(probabilities, 0.5), labels)
    assert min(oversure.ece, oversure.adaptive_ece) > 15 * by_chance
    assert oversure.brier_reliability > 15 * found.brier_reliability


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


@pytest.mark.parametrize("measure", [calibration, fit_temperature, judge])
def test_no_images_are_a_clear_error(measure):
    with pytest.raises(LensmithError, match="There are no images to compare probabilities with"):
        measure(np.zeros((0, 3)), np.zeros(0, np.int64))


def test_a_record_is_json_with_its_bins():
    found = calibration(*drawn(50, 3)).to_dict()
    assert found["bins"][0].keys() == found["adaptive_bins"][0].keys() >= {"low", "high", "accuracy_low"}
    assert type(found["ece"]) is float
