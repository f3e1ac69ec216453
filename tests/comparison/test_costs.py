from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lensmith.comparison import Cost, on_fronts
from lensmith.comparison.costs import pareto_front

POINTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


def test_what_costs_more_and_is_no_better_is_beaten():
    assert pareto_front([1.0, 1.0, 2.0], [0.9, 0.8, 0.9]) == [True, False, False]
    assert pareto_front([1.0, 1.0], [0.9, 0.9]) == [True, True]  # the same twice: neither beats the other


def test_costs_count_to_two_digits_and_only_where_they_are_known_of_all():
    first = Cost(10.0, 1_000, 1_000, 1_000, seconds_per_image=1.001e-3)
    others = [replace(first, seconds_per_image=1.004e-3, parameters=999), replace(first, train_seconds=10.6)]
    worse = replace(first, multiply_adds=None, seconds_per_image=1.2e-3)
    accuracies = [0.8, 0.9, 0.9, 0.9]
    assert on_fronts([first, *others, worse], accuracies) == [
        [],
        ["train_seconds", "parameters", "model_bytes", "seconds_per_image"],
        ["parameters", "model_bytes", "seconds_per_image"],
        ["train_seconds", "parameters", "model_bytes"],
    ]


@given(POINTS)
def test_every_one_is_on_the_front_or_beaten_by_one_on_it(points: list[tuple[int, int]]):
    costs, accuracies = zip(*points, strict=True)
    front = pareto_front(costs, accuracies)
    best = [point for point, on in zip(points, front, strict=True) if on]
    for cost, accuracy in points:
        assert any(its <= cost and right >= accuracy for its, right in best)
    by_cost = sorted(set(best))
    assert [right for _, right in by_cost] == sorted({right for _, right in best})
