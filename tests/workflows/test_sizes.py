import itertools

import pytest

from lensmith.models import group_widths
from lensmith.workflows.sizes import DEFAULT_SIZE, MOVING, SIZES, cost, relative_cost


def test_sizes_are_ordered_by_width_and_by_the_training_they_take():
    assert [its.images for its in SIZES] == sorted({its.images for its in SIZES})
    assert SIZES[0].images == 0
    widths = [group_widths((32, 32, 3), size.first, size.last) for size in SIZES]
    assert all(sum(a) < sum(b) for a, b in itertools.pairwise(widths))


@pytest.mark.parametrize("moving", MOVING.values())
def test_the_cost_of_a_network_grows_with_its_width_and_with_the_pixels(moving: int):
    costs = [relative_cost((32, 32, 3), size, moving) for size in SIZES]
    assert costs == sorted(costs)
    assert relative_cost((32, 32, 3), DEFAULT_SIZE, moving) == 1.0
    assert 1.5 < cost((64, 64, 3), DEFAULT_SIZE, moving) / cost((32, 32, 3), DEFAULT_SIZE, moving) < 4.5


def test_a_wide_network_costs_less_where_multiplications_are_fast():
    costs = [relative_cost((32, 32, 3), SIZES[-1], MOVING[policy]) for policy in ("float32", "mixed_bfloat16")]
    assert costs[0] > 1.5 * costs[1]
