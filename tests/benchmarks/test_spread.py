import doctest

import pytest
from benchmarks import goals, profiling, spread, watching
from benchmarks.spread import Spread, fit_line, mean_of, median_of, pairs, ratios_of


@pytest.mark.parametrize("module", [goals, profiling, spread, watching], ids=lambda module: module.__name__)
def test_examples_give_what_they_say(module: object) -> None:
    results = doctest.testmod(module)  # type: ignore[arg-type]
    assert results.attempted > 0
    assert results.failed == 0


def test_middle_is_the_median_of_times_and_the_mean_of_accuracies() -> None:
    assert median_of([1, 2, 9]) == Spread(2, 1, 9, 3)
    assert mean_of([1, 2, 9]) == Spread(4, 1, 9, 3)
    assert median_of([]) is None
    assert mean_of([]) is None


def test_only_repeats_of_both_are_paired() -> None:
    assert pairs({0: "a", 2: "c", 1: "b"}, {2: "z", 1: "y", 7: "x"}) == [("b", "y"), ("c", "z")]


def test_ratio_is_taken_pair_by_pair() -> None:
    # The ratio of the medians would be 2.
    assert ratios_of({0: 10, 1: 20, 2: 60}, {0: 10, 1: 10, 2: 10}) == Spread(2, 1, 6, 3)
    assert ratios_of({0: 10, 1: 20, 2: 60}, {0: 5, 1: 20, 2: 10}) == Spread(2, 1, 6, 3)
    assert ratios_of({0: 1}, {1: 1}) is None


def test_line_is_the_one_of_least_squares() -> None:
    line = fit_line([(0, 0), (1, 1), (2, 1), (3, 2)])
    assert line is not None
    assert line.slope == pytest.approx(0.6)
    assert line.intercept == pytest.approx(0.1)
    assert line.r_squared == pytest.approx(0.9)
    assert line.n == 4


def test_no_line_through_one_place() -> None:
    assert fit_line([(1, 1), (1, 2)]) is None
    assert fit_line([]) is None


def test_flat_line_explains_all() -> None:
    line = fit_line([(0, 3), (1, 3)])
    assert line is not None
    assert (line.slope, line.r_squared) == (0, 1)
