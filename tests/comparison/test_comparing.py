from itertools import combinations

import numpy as np
import pytest

from lensmith.comparison import Contestant, compare_all, standing_of
from lensmith.comparison.paired import mcnemar, paired_bootstrap
from lensmith.evaluation import wilson_interval

N = 400
LABELS = np.repeat([0, 1], N // 2)
NAMES = ("cat", "dog")


def contestant(name: str, *wrong: range) -> Contestant:
    """One that is wrong on these images, the surer the further back."""
    right = np.ones((1, N), bool)
    for places in wrong:
        right[0, list(places)] = False
    return Contestant(name, right, np.where(right[0], 0.9, 0.4 - np.arange(N) / 1000))


def test_a_pair_is_told_apart_by_the_images_only_one_gets_right():
    a, b = contestant("a", range(30)), contestant("b", range(20, 25))
    [pair] = compare_all([(a, b)], LABELS, NAMES)
    assert (pair.a, pair.b, pair.only_a, pair.only_b) == ("a", "b", 0, 25)
    assert pair.difference == pytest.approx(25 / N)
    assert (pair.low, pair.high) == paired_bootstrap(0, 25, N)
    assert pair.p_value == pair.p_adjusted == mcnemar(0, 25)
    assert pair.verdict == "b is better"
    assert pair.examples_a == []
    assert set(pair.examples_b) == {*range(20), *range(25, 30)} - {0}  # the clearest 24 of 25: image 0 was nearest
    assert pair.examples_b[0] == 29


def test_the_verdict_names_the_better_one_whichever_comes_first():
    a, b = contestant("a", range(5)), contestant("b", range(100, 140))
    [pair] = compare_all([(a, b)], LABELS, NAMES)
    assert pair.verdict == "a is better"
    assert pair.difference < 0
    assert pair.high < 0


def test_no_detectable_difference_says_how_many_images_more_would_do():
    a, b = contestant("a", range(10)), contestant("b", range(5, 16))
    [pair] = compare_all([(a, b)], LABELS, NAMES)
    assert pair.verdict == "no detectable difference"
    assert pair.low < 0 < pair.high
    discordant = 13 / 402
    assert pair.images_needed == pytest.approx(7.849 * discordant / 0.005**2 - N, rel=0.01)
    assert pair.detectable == pytest.approx(np.sqrt(7.849 * discordant / N), rel=0.05)


def test_p_values_are_adjusted_for_the_number_of_pairs():
    three = [contestant("a", range(13)), contestant("b", range(3)), contestant("c", range(200, 203))]
    pairs = compare_all(list(combinations(three, 2)), LABELS, NAMES)
    assert [(its.a, its.b) for its in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert pairs[0].p_value < 0.05 / 3
    assert pairs[0].p_adjusted == pytest.approx(3 * min(its.p_value for its in pairs))
    [alone] = compare_all([(three[0], three[1])], LABELS, NAMES)
    assert alone.p_adjusted == alone.p_value


def test_among_more_pairs_it_takes_more_images_to_show_a_difference():
    three = [contestant("a", range(13)), contestant("b", range(10)), contestant("c", range(200, 203))]
    [alone] = compare_all([(three[0], three[1])], LABELS, NAMES)
    among, *_ = compare_all(list(combinations(three, 2)), LABELS, NAMES)
    assert alone.detectable
    assert among.detectable
    assert alone.images_needed
    assert among.images_needed
    # (2.394 + 0.842)**2 instead of (1.960 + 0.842)**2: a p-value counts below a third of 0.05.
    assert among.detectable > alone.detectable
    assert (among.images_needed + N) / (alone.images_needed + N) == pytest.approx(10.47 / 7.849, rel=0.02)


def test_classes_are_compared_each_on_its_images_and_the_largest_loss_comes_first():
    a, b = contestant("a", range(40)), contestant("b", range(300, 320))
    [pair] = compare_all([(a, b)], LABELS, NAMES)
    dog, cat = pair.per_class
    assert (dog.name, dog.n, dog.a, dog.b) == ("dog", 200, 1.0, 0.9)
    assert (dog.low, dog.high) == paired_bootstrap(20, 0, 200)
    assert dog.p_adjusted == pytest.approx(mcnemar(20, 0))
    assert cat.difference == pytest.approx(0.2)


def test_a_class_without_images_is_left_out():
    [pair] = compare_all([(contestant("a"), contestant("b"))], LABELS, ("cat", "dog", "emu"))
    assert [its.name for its in pair.per_class] == ["cat", "dog"]


def test_one_run_stands_with_the_interval_over_images():
    its = standing_of(contestant("a", range(40)))
    assert (its.repeats, its.accuracy, its.seeds) == (1, 0.9, None)
    assert (its.accuracy_low, its.accuracy_high) == wilson_interval(360, 400)


def test_repeats_stand_with_the_interval_over_seeds_and_images():
    random = np.random.default_rng(0)
    right = random.random((5, N)) < np.array([0.8, 0.85, 0.9, 0.95, 0.99])[:, np.newaxis]
    many = Contestant("a", right, right.mean(axis=0))
    its = standing_of(many)
    assert its.repeats == 5
    assert its.seeds is not None
    assert its.accuracy == pytest.approx(right.mean())
    narrow = wilson_interval(round(right.mean() * N), N)
    assert its.accuracy_high - its.accuracy_low > 2 * (narrow[1] - narrow[0])  # these seeds differ a lot
    [pair] = compare_all([(many, Contestant("b", right[::-1], right.mean(axis=0)))], LABELS, NAMES)
    assert (pair.verdict, pair.detectable, pair.images_needed) == ("no detectable difference", None, None)
    assert (pair.only_a, pair.only_b) == (0, 0)
