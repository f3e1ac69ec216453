"""Novelty: against scikit-learn, SciPy, published numbers, and simulations whose truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from lensmith.errors import LensmithError
from lensmith.evaluation.novelty import auroc_interval, blank_images, measure_novelty, noise_images
from lensmith.evaluation.proportions import wilson_interval

NAMES = ("ant", "bee", "cat", "dog")
SHOWN_95 = 1.959963984540054


def scores(seed: int, n: int, sureness: float) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, sureness, (n, len(NAMES)))


def standard_error(known: np.ndarray, foreign: np.ndarray) -> float:
    """Of the AUROC, read from its interval."""
    auroc, low, high = auroc_interval(known, foreign)
    return float((logit(high) - logit(low)) / 2 / SHOWN_95 * auroc * (1 - auroc))


@given(seed=st.integers(0, 10_000), n=st.integers(2, 40), m=st.integers(2, 40), levels=st.integers(1, 30))
def test_auroc_is_that_of_scikit_learn_whatever_ties_there_are(seed: int, n: int, m: int, levels: int):
    random = np.random.default_rng(seed)
    known, foreign = random.integers(levels + 1, size=n), random.integers(levels, size=m)
    auroc, low, high = auroc_interval(known, foreign)
    assert auroc == pytest.approx(roc_auc_score([1] * n + [0] * m, np.concatenate([known, foreign])))
    assert 0 <= low <= auroc <= high <= 1
    assert low < high


def test_the_standard_error_is_the_published_one():
    # 109 CT images rated 1 to 5: Hanley and McNeil, Radiology 143, 1982. Area 0.8932, DeLong's standard
    # error 0.0307, and 0.83295 as the lower bound without logit: Stata Base Reference Manual, roctab.
    normal, abnormal = np.repeat([1, 2, 3, 4, 5], [33, 6, 6, 11, 2]), np.repeat([1, 2, 3, 4, 5], [3, 2, 2, 11, 33])
    auroc, _, _ = auroc_interval(abnormal, normal)
    error = standard_error(abnormal, normal)
    assert auroc == pytest.approx(0.8932, abs=5e-5)
    assert error == pytest.approx(0.0307, abs=5e-5)
    assert auroc - SHOWN_95 * error == pytest.approx(0.83295, abs=5e-6)


def test_the_standard_error_is_that_of_all_pairs_counted_one_by_one():
    random = np.random.default_rng(5)
    known, foreign = random.integers(0, 12, 31), random.integers(-3, 9, 17)
    ordered = np.array([[(one > other) + (one == other) / 2 for other in foreign] for one in known])
    variance = ordered.mean(axis=1).var(ddof=1) / 31 + ordered.mean(axis=0).var(ddof=1) / 17
    assert standard_error(known, foreign) == pytest.approx(np.sqrt(variance))


def test_the_standard_error_is_near_that_of_a_bootstrap():
    random = np.random.default_rng(6)
    known, foreign = random.normal(1, 1, 80), random.normal(0, 2, 50)
    drawn = [auroc_interval(random.choice(known, 80), random.choice(foreign, 50))[0] for _ in range(1500)]
    assert standard_error(known, foreign) == pytest.approx(np.std(drawn), rel=0.07)


@pytest.mark.parametrize(("n", "m", "distance"), [(60, 60, 0.5), (100, 60, 1.5), (150, 150, 2.5)])
def test_the_interval_holds_the_true_auroc_in_95_per_cent_of_simulations(n: int, m: int, distance: float):
    random = np.random.default_rng(8)
    truth = norm.cdf(distance / np.sqrt(2))
    intervals = [auroc_interval(random.normal(distance, 1, n), random.normal(0, 1, m)) for _ in range(4000)]
    held = np.mean([low <= truth <= high for _, low, high in intervals])
    assert held == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize(("n", "m", "distance"), [(2000, 64, 2.5), (2000, 64, 4.0), (150, 150, 4.0), (2000, 2000, 4.5)])
def test_the_interval_is_never_too_narrow_where_nearly_all_pairs_are_rightly_ordered(n: int, m: int, distance: float):
    random = np.random.default_rng(8)
    truth = norm.cdf(distance / np.sqrt(2))
    intervals = [auroc_interval(random.normal(distance, 1, n), random.normal(0, 1, m)) for _ in range(400)]
    assert np.mean([low <= truth <= high for _, low, high in intervals]) > 0.95


def test_one_wrong_pair_more_makes_the_interval_no_narrower():
    known, foreign = np.arange(64, 2064).astype(float), np.arange(64).astype(float)
    perfect = auroc_interval(known, foreign)
    foreign[-1] = 64.5
    auroc, low, high = auroc_interval(known, foreign)
    assert auroc < 1
    assert high - low >= perfect[2] - perfect[1]


def test_a_perfect_or_empty_score_is_no_certainty():
    known, foreign = np.arange(10, 40), np.arange(-2, 8)
    assert auroc_interval(known, foreign) == (1, *wilson_interval(10, 10))
    assert auroc_interval(foreign, known) == (0, *wilson_interval(0, 10))
    assert auroc_interval(np.ones(30), np.ones(10)) == (0.5, *wilson_interval(5, 10))


def test_more_images_make_perfection_surer():
    lows = [auroc_interval(np.ones(n), np.zeros(n))[1] for n in (5, 50, 500)]
    assert lows == sorted(lows)
    assert lows[0] < 0.6 < 0.99 < lows[2]


@pytest.mark.parametrize(("n", "m"), [(1, 5), (5, 1), (0, 5)])
def test_less_than_two_images_cannot_be_compared(n: int, m: int):
    with pytest.raises(LensmithError, match=f"at least two of each; there are {n} known and {m} foreign"):
        measure_novelty(scores(0, n, 1), scores(1, m, 1), NAMES, "noise")


def test_every_auroc_is_of_its_own_score():
    known, foreign = scores(1, 40, 3.0), scores(2, 30, 1.0) + 1.5
    found = measure_novelty(known, foreign, NAMES, "foreign things")
    both = np.concatenate([known, foreign])
    probability = np.exp(both).max(axis=1) / np.exp(both).sum(axis=1)
    energy = -np.log(np.exp(both).sum(axis=1))
    is_known = [1] * 40 + [0] * 30
    assert (found.name, found.n_known, found.n_foreign) == ("foreign things", 40, 30)
    assert found.auroc_probability == pytest.approx(roc_auc_score(is_known, probability))
    assert found.auroc_energy == pytest.approx(roc_auc_score(is_known, -energy))
    assert abs(found.auroc_probability - found.auroc_energy) > 0.1
    assert found.auroc_probability_low < found.auroc_probability < found.auroc_probability_high
    assert found.auroc_energy_low < found.auroc_energy < found.auroc_energy_high
    expected = auroc_interval(probability[:40], probability[40:])
    assert (found.auroc_probability_low, found.auroc_probability_high) == pytest.approx(expected[1:])
    assert (found.auroc_energy_low, found.auroc_energy_high) == pytest.approx(
        auroc_interval(-energy[:40], -energy[40:])[1:]
    )
    assert found.confident == np.mean(probability[40:] >= 0.9)


def test_a_constant_added_to_the_logits_is_seen_by_the_energy_alone():
    known, foreign = scores(3, 50, 2.0), scores(4, 50, 2.0)
    plain, raised = (measure_novelty(known + by, foreign, NAMES, "f") for by in (0, 100))
    assert raised.auroc_probability == pytest.approx(plain.auroc_probability)
    assert raised.fpr95_probability == plain.fpr95_probability
    assert (raised.auroc_energy, raised.fpr95_energy) == (1, 0)
    assert plain.auroc_energy < 0.7


def two_classes(probabilities: list[float]) -> np.ndarray:
    """Logits of two classes, of which the first has these probabilities."""
    return np.array([[logit(its), 0.0] for its in probabilities])


def test_the_threshold_keeps_95_per_cent_of_the_known():
    # Of 20 known images one may be lost, the least sure: the threshold is 0.60.
    known = two_classes([0.55, *np.linspace(0.60, 0.95, 19)])
    foreign = two_classes([0.52, 0.56, 0.58, 0.61, 0.99])
    assert measure_novelty(known, foreign, NAMES[:2], "f").fpr95_probability == 2 / 5
    # Of 19 none may be lost.
    known = two_classes([0.55, *np.linspace(0.60, 0.95, 18)])
    assert measure_novelty(known, foreign, NAMES[:2], "f").fpr95_probability == 4 / 5


def test_a_foreign_image_at_the_threshold_is_accepted():
    known, foreign = two_classes([0.8] * 10), two_classes([0.8, 0.7])
    found = measure_novelty(known, foreign, NAMES[:2], "f")
    assert (found.fpr95_probability, found.fpr95_energy) == (0.5, 0.5)


def test_confident_is_from_nine_tenths_on_of_the_foreign_images_only():
    found = measure_novelty(two_classes([0.99] * 5), two_classes([0.95, 0.90001, 0.89999, 0.5]), NAMES[:2], "f")
    assert found.confident == 0.5


@pytest.mark.parametrize(
    ("taken_for", "most_named"),
    [
        ([2, 2, 2, 0, 0, 3], [("cat", 1 / 2), ("ant", 1 / 3), ("dog", 1 / 6)]),
        ([0, 1, 2, 3, 3], [("dog", 2 / 5), ("ant", 1 / 5), ("bee", 1 / 5)]),
        ([1, 1], [("bee", 1.0)]),
    ],
)
def test_the_classes_named_most_often_come_first_and_those_never_named_not_at_all(taken_for, most_named):
    assert measure_novelty(scores(0, 5, 1), np.eye(4)[taken_for], NAMES, "f").most_named == most_named


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_probabilities_that_would_both_round_to_1_are_told_apart(dtype: type):
    known, foreign = (np.array([[top, 0, 0, 0]] * 3, dtype) for top in (25, 20))
    found = measure_novelty(known, foreign, NAMES, "f")
    assert (found.auroc_probability, found.auroc_energy, found.confident) == (1, 1, 1)


def test_logits_of_thousands_are_no_trouble():
    found = measure_novelty(np.array([[3000, 0, 0, 0]] * 3), np.array([[2000, 1999, 0, 0]] * 3), NAMES, "f")
    assert (found.auroc_probability, found.auroc_energy, found.confident) == (1, 1, 0)


def test_noise_images_hold_every_grey_level_as_often_and_nothing_of_each_other():
    images = noise_images(60, (16, 12, 3), seed=3)
    assert images.shape == (60, 16, 12, 3)
    assert images.dtype == np.uint8
    counts = np.bincount(images.ravel(), minlength=256)
    assert ((counts - images.size / 256) ** 2).sum() / (images.size / 256) < 350  # chi-square of 255 degrees
    assert np.abs(np.corrcoef(images.reshape(60, -1)) - np.eye(60)).max() < 0.25
    assert (images == noise_images(60, (16, 12, 3), seed=3)).all()
    assert (images != noise_images(60, (16, 12, 3), seed=4)).mean() > 0.98


@pytest.mark.parametrize(("levels", "greys"), [(2, [0, 255]), (4, [0, 85, 170, 255]), (256, list(range(256)))])
def test_blank_images_go_from_black_to_white_in_even_steps(levels: int, greys: list[int]):
    images = blank_images((5, 6, 3), levels)
    assert images.shape == (levels, 5, 6, 3)
    assert images.dtype == np.uint8
    assert images[:, 0, 0, 0].tolist() == greys
    assert (images == images[:, :1, :1, :1]).all()


def test_foreign_images_below_the_classifiers_own_threshold_are_unknown():
    known, foreign = two_classes([0.99] * 5), two_classes([0.95, 0.9, 0.6, 0.51])
    found = [measure_novelty(known, foreign, NAMES[:2], "f", threshold).unknown for threshold in (0.55, 0.93, None)]
    assert found == [0.25, 0.75, None]
