"""Calibration on answers worked out by hand, against scikit-learn, and on labels drawn from known probabilities."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from tests.evaluation.made_answers import any_answers, binary, drawn, seeds

from lensmith.errors import LensmithError
from lensmith.evaluation import wilson_interval
from lensmith.evaluation.calibration import BINS, Calibration, calibration, judge
from lensmith.evaluation.temperature import fit_temperature, temper


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
    perfect = [calibration(*drawn(2_000, 10, seed)) for seed in range(200)]
    mean, by_chance = (np.mean([getattr(its, name) for its in perfect]) for name in ("ece", "ece_by_chance"))
    assert mean == pytest.approx(by_chance, rel=0.05)
    probabilities, labels = drawn(20_000, 10)
    found = calibration(probabilities, labels)
    by_chance = found.ece_by_chance
    assert found.adaptive_ece < 2 * by_chance
    oversure = calibration(temper(probabilities, 0.5), labels)
    assert min(oversure.ece, oversure.adaptive_ece) > 15 * by_chance
    assert oversure.brier_reliability > 15 * found.brier_reliability


@pytest.mark.parametrize("measure", [calibration, fit_temperature, judge])
def test_no_images_are_a_clear_error(measure):
    with pytest.raises(LensmithError, match="There are no images to compare probabilities with"):
        measure(np.zeros((0, 3)), np.zeros(0, np.int64))


def test_a_record_is_json_with_its_bins():
    found = calibration(*drawn(50, 3)).to_dict()
    assert found["bins"][0].keys() == found["adaptive_bins"][0].keys() >= {"low", "high", "accuracy_low"}
    assert type(found["ece"]) is float
