import pytest
from tests.diagnosis.trainings import HEALTHY, SICK

from lensmith.diagnosis import diagnose


@pytest.mark.parametrize("name", SICK)
def test_what_a_training_suffers_from_is_named(name: str):
    expected, training = SICK[name]
    found = diagnose(training())
    assert expected in [its.name for its in found], found
    assert all(its.evidence and its.advice for its in found)


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_said_of_a_healthy_training(name: str):
    assert diagnose(HEALTHY[name]()) == []
