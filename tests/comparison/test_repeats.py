import numpy as np
import pytest

from lensmith.comparison.repeats import compare_repeats, mean_interval, seed_spread
from lensmith.evaluation import wilson_interval

TIMES = 400
LEAST = {2: 0.87, 3: 0.925, 5: 0.93}
"""Of intervals that hold, by repeats, where one recipe's seeds matter: of two, some look alike by luck."""


def trained(random: np.random.Generator, difficulty: np.ndarray, *, seeds: float, repeats: int = 5) -> np.ndarray:
    """Which images repeats of a recipe get right: images differ in how hard they are, seeds in how lucky they are."""
    liking = random.normal(0, 0.8, len(difficulty))
    luck = random.normal(0, seeds, (repeats, 1))
    return difficulty + liking + luck + random.logistic(0, 1, (repeats, len(difficulty))) > 0


@pytest.mark.parametrize("repeats", [2, 3, 5])
@pytest.mark.parametrize("seeds", [(0.0, 0.0), (0.05, 0.05), (0.3, 0.3), (0.1, 0.0), (0.3, 0.0)])
def test_intervals_of_equal_recipes_hold_zero(repeats: int, seeds: tuple[float, float]):
    """Also where the seeds of one matter and those of the other do not."""
    random = np.random.default_rng(3)
    held = shown = 0
    for _ in range(TIMES):
        difficulty = random.normal(1.5, 1.5, 800)
        a, b = (trained(random, difficulty, seeds=its, repeats=repeats) for its in seeds)
        low, high, p_value = compare_repeats(a, b)
        held += low <= 0 <= high
        shown += p_value < 0.05
    assert (LEAST[repeats] if seeds[0] != seeds[1] else 0.935) <= held / TIMES <= 0.98
    assert held + shown == TIMES


@pytest.mark.parametrize("repeats", [2, 3, 5])
@pytest.mark.parametrize("seeds", [0.0, 0.1, 0.3])
def test_the_interval_of_one_recipe_holds_its_accuracy(repeats: int, seeds: float):
    random = np.random.default_rng(6)
    deviation = np.hypot(np.hypot(1.5, seeds), 0.8)
    rate = float((random.normal(1.5, deviation, 1_000_000) + random.logistic(0, 1, 1_000_000) > 0).mean())
    intervals = [
        mean_interval(trained(random, random.normal(1.5, 1.5, 800), seeds=seeds, repeats=repeats)) for _ in range(TIMES)
    ]
    assert LEAST[repeats] <= np.mean([low <= rate <= high for low, high in intervals]) <= 0.98


@pytest.mark.parametrize(("difference", "repeats"), [(0.0, 2), (0.004, 2), (0.03, 3), (0.05, 5)])
def test_the_p_value_is_where_an_interval_just_holds_zero(difference: float, repeats: int):
    random = np.random.default_rng(9)
    a = random.random((repeats, 2000)) < random.normal(0.6, 0.01, (repeats, 1))
    b = random.random((repeats, 2000)) < random.normal(0.6 + difference, 0.01, (repeats, 1))
    low, high, p_value = compare_repeats(a, b)
    assert (low > 0 or high < 0) == (p_value < 0.05)
    low, high, _ = compare_repeats(a, b, 1 - p_value)
    assert min(abs(low), abs(high)) < 1e-4


def test_intervals_over_images_alone_are_too_narrow_where_seeds_matter():
    """What comparing single runs would claim about recipes."""
    random = np.random.default_rng(4)
    held = 0
    for _ in range(TIMES):
        difficulty = random.normal(1.5, 1.5, 800)
        a, b = (trained(random, difficulty, seeds=0.3).mean(axis=0) for _ in range(2))
        error = (b - a).std(ddof=1) / np.sqrt(800)
        held += abs((b - a).mean()) < 1.96 * error
    assert held / TIMES < 0.8


def test_the_spread_is_taken_apart_into_seeds_and_images():
    random = np.random.default_rng(5)
    n, deviation = 20_000, 0.02
    # Every repeat gets each image right with its own probability, whatever the image: all of the spread is the seeds'.
    rates = 0.8 + deviation * np.array([-1.5, -0.5, 0.5, 1.5]) / np.std([-1.5, -0.5, 0.5, 1.5], ddof=1)
    spread = seed_spread(random.random((4, n)) < rates[:, np.newaxis])
    assert spread.seeds == pytest.approx(deviation, rel=0.2)
    assert spread.images == pytest.approx(np.sqrt(0.8 * 0.2 / n), rel=0.05)
    assert spread.mean == pytest.approx(np.mean(spread.accuracies))
    assert spread.deviation == pytest.approx(np.std(spread.accuracies, ddof=1))


def test_repeats_that_answer_the_same_have_no_spread_of_seeds():
    right = np.tile(np.random.default_rng(0).random(500) < 0.9, (3, 1))
    assert seed_spread(right).seeds == 0
    low, high = mean_interval(right)
    single = 1.96 * np.sqrt(0.9 * 0.1 / 500)
    assert (high - low) / 2 == pytest.approx(single, rel=0.15)


@pytest.mark.parametrize("right", [True, False])
def test_repeats_that_are_all_right_or_all_wrong_know_no_more_than_one(right: bool):
    assert mean_interval(np.full((3, 50), right)) == wilson_interval(50 * right, 50)


def test_the_same_answers_of_two_recipes_are_no_certainty():
    right = np.ones((3, 50), bool)
    low, high, p_value = compare_repeats(right, right)
    assert low < -0.04 < 0.04 < high
    assert p_value == 1


def test_of_one_image_nothing_can_be_said():
    assert compare_repeats(np.ones((2, 1), bool), np.zeros((2, 1), bool)) == (-1.0, 1.0, 1.0)


def test_no_difference_is_larger_than_all_images():
    all_right, all_wrong = np.ones((2, 40), bool), np.zeros((2, 40), bool)
    mixed = np.stack([all_right[0], all_wrong[0]])
    assert compare_repeats(mixed, mixed)[:2] == (-1.0, 1.0)
    low, high, _ = compare_repeats(all_wrong, all_right)
    assert 0.8 < low < high == 1.0
