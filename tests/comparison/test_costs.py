from hypothesis import given
from hypothesis import strategies as st

from lensmith.comparison import pareto_front

POINTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


def test_what_costs_more_and_is_no_better_is_beaten():
    assert pareto_front([1.0, 1.0, 2.0], [0.9, 0.8, 0.9]) == [True, False, False]
    assert pareto_front([1.0, 1.0], [0.9, 0.9]) == [True, True]  # the same twice: neither beats the other


@given(POINTS)
def test_every_one_is_on_the_front_or_beaten_by_one_on_it(points: list[tuple[int, int]]):
    costs, accuracies = zip(*points, strict=True)
    front = pareto_front(costs, accuracies)
    best = [point for point, on in zip(points, front, strict=True) if on]
    for cost, accuracy in points:
        assert any(its <= cost and right >= accuracy for its, right in best)
    by_cost = sorted(set(best))
    assert [right for _, right in by_cost] == sorted({right for _, right in best})
