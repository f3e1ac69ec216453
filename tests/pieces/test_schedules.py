import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmith.pieces.schedules import OneCycle


def rates(steps: int = 100, **arguments) -> np.ndarray:
    schedule = OneCycle(0.2, steps, **arguments)
    return np.array([float(schedule(step)) for step in range(steps + 1)])


@pytest.mark.parametrize("annealing", ["cosine", "linear"])
def test_it_rises_to_the_largest_rate_and_falls_to_nothing(annealing: str):
    its = rates(warmup=0.3, start=0.1, annealing=annealing)
    assert its[0] == pytest.approx(0.02)
    assert its.argmax() == 30
    assert its.max() == pytest.approx(0.2)
    assert its[-1] == pytest.approx(0, abs=1e-7)
    assert (np.diff(its[:31]) > 0).all()
    assert (np.diff(its[30:]) < 0).all()


def test_linear_annealing_is_straight_and_cosine_is_flat_at_both_ends():
    assert np.allclose(np.diff(rates(warmup=0, annealing="linear"))[1:], -0.002)
    falls = -np.diff(rates(warmup=0, annealing="cosine"))
    assert falls[1] < falls[50] > falls[-1]


def test_without_a_warm_up_it_begins_at_the_largest_rate():
    assert rates(warmup=0)[0] == pytest.approx(0.2)


def test_after_the_last_step_it_stays_where_it_ended():
    schedule = OneCycle(1.0, 10, end=0.25)
    assert float(schedule(10)) == float(schedule(500)) == pytest.approx(0.25)


@given(step=st.integers(0, 200), warmup=st.floats(0, 0.99), start=st.floats(0, 1), end=st.floats(0, 1))
def test_the_rate_is_never_outside_its_range(step: int, warmup: float, start: float, end: float):
    rate = float(OneCycle(3.0, 200, warmup, start, end)(step))
    assert 3 * min(start, end) - 1e-4 <= rate <= 3.0 + 1e-4


def test_its_configuration_makes_the_same_schedule():
    schedule = OneCycle(0.5, 20, 0.2, 0.3, 0.1, "linear")
    again = OneCycle.from_config(schedule.get_config())
    assert [float(again(step)) for step in range(20)] == [float(schedule(step)) for step in range(20)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_learning_rate": float("nan")}, "max_learning_rate must be a number greater than 0, not nan"),
        ({"max_learning_rate": 0}, "greater than 0"),
        ({"decay_steps": 0}, "decay_steps must be at least 1, not 0"),
        ({"warmup": 1.0}, r"warmup \(1.0\).*shares from 0 to 1"),
        ({"end": -0.1}, "shares"),
        ({"annealing": "exponential"}, "annealing must be one of cosine, linear, not 'exponential'"),
    ],
)
def test_what_is_out_of_range_is_refused(arguments: dict, message: str):
    with pytest.raises(ValueError, match=message):
        OneCycle(**({"max_learning_rate": 1.0, "decay_steps": 10} | arguments))
