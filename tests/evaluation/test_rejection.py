"""Answering only where it is sure: curves and thresholds by hand, and promises kept in simulated validation sets."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from tests.evaluation.made_answers import binary, seeds

from lensmith.errors import LensmithError
from lensmith.evaluation import wilson_interval
from lensmith.evaluation.rejection import (
    POINTS_STORED,
    measure_rejection,
    reject,
    risk_coverage,
    threshold_for_accuracy,
    threshold_for_coverage,
)

REPETITIONS = 1000


def any_answers(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Answers with many equal confidences, right about as often as they are sure."""
    random = np.random.default_rng(seed)
    sure = random.integers(51, 101, n) / 100
    return binary(sure, random.random(n) < sure)


def ranked(n: int, errors: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Answers with falling confidence, wrong at these places."""
    return binary(np.linspace(0.99, 0.51, n), ~np.isin(np.arange(n), errors))


def test_a_curve_that_can_be_checked_by_hand():
    found = risk_coverage(*binary([0.9, 0.6, 0.8, 0.7], [True, False, False, True]))
    assert found.coverage == [0.25, 0.5, 0.75, 1]
    assert found.risk == pytest.approx([0, 1 / 2, 1 / 3, 2 / 4])
    assert found.aurc == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4)
    assert found.aurc_best == pytest.approx((0 + 0 + 1 / 3 + 2 / 4) / 4)
    assert found.aurc_random == 0.5


def test_images_of_equal_confidence_are_answered_together():
    answers = binary([0.9, 0.8, 0.8, 0.8, 0.6], [True, False, True, True, False])
    found = risk_coverage(*answers)
    assert found.coverage == [0.2, 0.8, 1]
    assert found.risk == pytest.approx([0, 1 / 4, 2 / 5])
    assert found.aurc == pytest.approx((0 + 3 * 1 / 4 + 2 / 5) / 5)
    assert threshold_for_coverage(*answers, 0.4).coverage == 0.8


def test_confidences_that_are_all_equal_are_worth_nothing():
    found = risk_coverage(*binary([0.8] * 10, [True] * 7 + [False] * 3))
    assert (found.coverage, found.risk) == ([1], [0.3])
    assert found.aurc == found.aurc_random == 0.3


@given(seed=seeds, n=st.integers(1, 300))
def test_curve_ends_at_the_error_and_lies_between_the_best_order_and_certain_failure(seed: int, n: int):
    probabilities, labels = any_answers(seed, n)
    found = risk_coverage(probabilities, labels)
    error = (probabilities.argmax(axis=1) != labels).mean()
    assert (found.coverage[-1], found.risk[-1], found.aurc_random) == (1, error, error)
    assert found.coverage == sorted(set(found.coverage))
    assert found.aurc_best - 1e-12 <= found.aurc <= 1


@given(seed=seeds, n=st.integers(1, 100))
def test_the_best_order_has_the_wrong_answers_last(seed: int, n: int):
    right = np.random.default_rng(seed).random(n) < 0.7
    found = risk_coverage(*binary(np.linspace(0.99, 0.51, n), np.sort(right)[::-1]))
    assert found.aurc == pytest.approx(found.aurc_best, abs=1e-12)


def test_a_long_curve_is_thinned_but_its_area_is_not():
    n = 5000
    right = np.random.default_rng(0).random(n) < np.linspace(1, 0.5, n)
    found = risk_coverage(*binary(np.linspace(0.999, 0.501, n), right))
    assert len(found.coverage) == len(found.risk) == POINTS_STORED
    assert (found.coverage[0], found.coverage[-1]) == (1 / n, 1)
    assert np.diff(found.coverage).max() < 1.1 / POINTS_STORED
    assert found.aurc == pytest.approx((np.cumsum(~right) / np.arange(1, n + 1)).mean(), abs=1e-12)


def test_measured_by_hand():
    found = measure_rejection(*binary([0.9, 0.8, 0.7, 0.6], [True, True, False, True]), 0.7)
    assert (found.threshold, found.n, found.accepted, found.coverage) == (0.7, 4, 3, 0.75)
    assert found.accuracy == pytest.approx(2 / 3)
    assert (found.accuracy_low, found.accuracy_high) == wilson_interval(2, 3)


def test_no_accepted_answers_have_no_accuracy():
    found = measure_rejection(*binary([0.9, 0.8], [True, True]), 0.95)
    assert (found.accepted, found.coverage) == (0, 0)
    assert (found.accuracy, found.accuracy_low, found.accuracy_high) == (None, None, None)


def test_unknown_is_what_lies_below_the_threshold():
    assert reject(np.array([[0.2, 0.8], [0.7, 0.3], [0.4, 0.6]]), 0.7).tolist() == [False, False, True]


def test_a_threshold_is_not_rounded_to_the_precision_of_the_probabilities():
    # As float32, 0.7 is 0.69999999; a threshold rounded to that would let it pass.
    assert reject(np.array([[0.7, 0.3]], np.float32), 0.7).tolist() == [True]
    assert reject(np.array([[0.7, 0.3]], np.float64), 0.7).tolist() == [False]


@pytest.mark.parametrize("threshold", [-0.1, 1.1, 90, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold: float):
    for measure in (lambda: reject(np.eye(2), threshold), lambda: measure_rejection(np.eye(2), [0, 1], threshold)):
        with pytest.raises(LensmithError, match="It is a probability: a number from 0 to 1"):
            measure()


@pytest.mark.parametrize(
    ("coverage", "accepted"), [(0.01, 1), (0.1, 1), (0.11, 2), (0.3, 3), (0.7, 7), (0.99, 10), (1, 10)]
)
def test_threshold_keeps_at_least_the_coverage_and_no_image_more(coverage: float, accepted: int):
    found = threshold_for_coverage(*ranked(10, [8]), coverage)
    assert (found.accepted, found.n, found.target, found.target_value) == (accepted, 10, "coverage", coverage)
    assert (found.guaranteed, found.confidence) == (None, None)


@pytest.mark.parametrize(("n", "accepted"), [(100, 7), (50, 7), (25, 14)])
def test_rounding_does_not_cost_an_image(n: int, accepted: int):
    coverage = accepted / n
    assert coverage * n > accepted, "by a last digit"
    assert threshold_for_coverage(*ranked(n, []), coverage).accepted == accepted


@given(seed=seeds, n=st.integers(1, 200), coverage=st.floats(0.001, 1))
def test_coverage_is_kept_and_what_is_reported_is_what_the_threshold_does(seed: int, n: int, coverage: float):
    probabilities, labels = any_answers(seed, n)
    found = threshold_for_coverage(probabilities, labels, coverage)
    accepted = ~reject(probabilities, found.threshold)
    assert found.coverage == accepted.mean() >= coverage
    assert found.accuracy == pytest.approx((probabilities.argmax(axis=1) == labels)[accepted].mean())
    surer = probabilities.max(axis=1) > probabilities.max(axis=1)[accepted].min()
    assert surer.mean() < coverage, "without the least sure of them it would be too few"


def test_full_coverage_also_answers_what_is_less_sure_than_anything_seen():
    assert threshold_for_coverage(*ranked(10, []), 1).threshold == 0


def test_threshold_lies_between_confidences_so_that_the_last_digits_do_not_matter():
    assert threshold_for_coverage(*binary([0.9, 0.8, 0.6], [True] * 3), 0.6).threshold == pytest.approx(0.7)


def test_confidences_with_no_number_between_them_are_told_apart():
    neighbours = np.array([[np.nextafter(0.75, 1), 0.25], [0.75, 0.25], [0.6, 0.4]])
    assert threshold_for_coverage(neighbours, np.zeros(3, int), 0.3).accepted == 1


def test_promise_is_the_exact_bound_at_its_share_of_the_doubt():
    # Of 1000, the first 700 right, then every second wrong.
    found = threshold_for_accuracy(*ranked(1000, list(range(700, 1000, 2))), 0.97)
    errors = max(0, (found.accepted - 700 + 1) // 2)
    # A binary search among 1000 takes ten steps at most.
    exact = binomtest(found.accepted - errors, found.accepted, alternative="greater").proportion_ci(
        1 - 0.05 / 10, method="exact"
    )
    assert found.guaranteed == pytest.approx(exact.low, abs=1e-9)
    assert found.guaranteed >= 0.97
    assert 700 < found.accepted < 730
    assert found.coverage == found.accepted / 1000
    assert (found.target, found.target_value, found.confidence) == ("accuracy", 0.97, 0.95)
    # One image more, wrong, would break it.
    worse = binomtest(found.accepted - errors, found.accepted + 1, alternative="greater")
    assert worse.proportion_ci(1 - 0.05 / 10, method="exact").low < 0.97


def test_all_images_are_answered_where_all_can_be():
    found = threshold_for_accuracy(*ranked(256, []), 0.95)
    assert (found.coverage, found.threshold, found.accuracy) == (1, 0, 1)
    assert found.guaranteed == pytest.approx((0.05 / 9) ** (1 / 256))


def test_a_threshold_that_could_not_pass_without_an_error_does_not_lead_the_search_astray():
    # Half of the images are too few for 0.98 whatever the labels; all of them are enough.
    assert threshold_for_accuracy(*ranked(400, []), 0.98).coverage == 1


def test_more_confidence_promises_less():
    answers = ranked(500, [300, 350, 400, 420, 440, 460, 480])
    sure, surer = (threshold_for_accuracy(*answers, 0.97, confidence) for confidence in (0.5, 0.9))
    assert surer.coverage < sure.coverage


def test_a_promise_that_cannot_be_made_says_which_can_and_what_it_takes():
    with pytest.raises(LensmithError, match=r"^From these 50 images an accuracy of 0\.99 cannot be promised") as error:
        threshold_for_accuracy(*ranked(50, []), 0.99)
    # 50 images take 6 steps, 519 take 10: (0.05 / 6) ** (1 / 50) = 0.9087, (0.05 / 10) ** (1 / 528) = 0.99.
    assert "the best is 0.908." in str(error.value)
    assert "takes about 528 images that are answered without an error" in str(error.value)
    assert threshold_for_accuracy(*ranked(528, []), 0.99).coverage == 1


def test_certainty_cannot_be_promised():
    with pytest.raises(LensmithError, match="An accuracy of 1 cannot be promised from any number of images"):
        threshold_for_accuracy(*ranked(50, []), 1)


@given(seed=seeds, n=st.integers(1, 200))
def test_the_promise_named_in_the_message_can_be_had(seed: int, n: int):
    answers = any_answers(seed, n)
    with pytest.raises(LensmithError) as error:
        threshold_for_accuracy(*answers, 0.9999)
    named = re.search(r"the best is ([\d.]+)\. An", str(error.value))
    best = float(named[1]) if named else 0.0
    if named:
        assert threshold_for_accuracy(*answers, best).guaranteed >= best
    with pytest.raises(LensmithError):
        threshold_for_accuracy(*answers, round(best + 0.001, 3))


def test_where_all_answers_are_wrong_nothing_is_promised():
    with pytest.raises(LensmithError, match="however few are answered; nor any other"):
        threshold_for_accuracy(*ranked(20, list(range(20))), 0.5)


def promises(true_accuracy, n: int, target: float) -> tuple[float, float, float]:
    """Choose a threshold on many validation sets: how often one is found, how often it breaks, and the mean coverage.

    Confidences are spread evenly from 0.5 to 1; `true_accuracy` tells that at a confidence, and its mean above one.
    """
    at, above = true_accuracy
    broken, coverages = 0, []
    for seed in range(REPETITIONS):
        random = np.random.default_rng(seed)
        sure = random.uniform(0.5, 1, n)
        try:
            found = threshold_for_accuracy(*binary(sure, random.random(n) < at(sure)), target)
        except LensmithError:
            continue
        broken += above(max(found.threshold, 0.5)) < target
        coverages.append(found.coverage)
    return len(coverages) / REPETITIONS, broken / REPETITIONS, float(np.mean(coverages or [0]))


def test_promises_of_a_calibrated_model_are_kept():
    found, broken, coverage = promises((lambda sure: sure, lambda sure: (1 + sure) / 2), 600, 0.85)
    assert broken <= 0.065
    # 0.6 of all images are above a confidence of 0.7, where the true accuracy is 0.85.
    assert found > 0.9
    assert 0.2 < coverage < 0.6


@pytest.mark.parametrize("n", [200, 500])
def test_hardly_anything_is_promised_where_no_threshold_keeps_it(n: int):
    # The sharpest case: the true accuracy is a little below the target everywhere, so that any promise is broken.
    found, broken, _ = promises((lambda sure: np.full_like(sure, 0.899), lambda _: 0.899), n, 0.9)
    assert broken == found <= 0.065


@pytest.mark.parametrize("value", [0, -0.5, 1.5, 95, float("nan")])
def test_a_target_out_of_range_is_refused(value: float):
    for name, choose in (("accuracy", threshold_for_accuracy), ("coverage", threshold_for_coverage)):
        with pytest.raises(LensmithError, match=f"The {name} asked for is .* a fraction above 0, at most 1"):
            choose(*ranked(10, []), value)


@pytest.mark.parametrize("confidence", [0, 1, 95, float("nan")])
def test_a_confidence_out_of_range_is_refused(confidence: float):
    with pytest.raises(LensmithError, match=r"above 0 and below 1, such as 0\.95"):
        threshold_for_accuracy(*ranked(10, []), 0.5, confidence)


def test_no_images_are_a_clear_error():
    nothing = np.zeros((0, 3)), np.zeros(0, np.int64)
    for measure in (
        lambda: risk_coverage(*nothing),
        lambda: threshold_for_accuracy(*nothing, 0.9),
        lambda: threshold_for_coverage(*nothing, 0.9),
        lambda: measure_rejection(*nothing, 0.9),
    ):
        with pytest.raises(LensmithError, match="There are no images to compare probabilities with"):
            measure()
