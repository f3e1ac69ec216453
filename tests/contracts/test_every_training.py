"""Trainings do on JAX what they do on TensorFlow: seeds, going on, averages, a part of an epoch."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.contracts.on_jax import pytest_on_jax

TRAINING = Path(__file__).parents[1] / "training"


@pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed")
@pytest.mark.parametrize("file", ["test_fitting.py", "test_restoring.py"])
def test_the_tests_of_training_pass_on_jax(file: str) -> None:
    assert " passed" in pytest_on_jax(str(TRAINING / file))
