"""What explanations promise holds on each of Keras' backends."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.contracts.on_jax import pytest_on_jax

EXPLANATION = Path(__file__).parents[1] / "explanation"


@pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed")
def test_the_tests_of_explanation_pass_on_jax() -> None:
    assert "1 skipped" in pytest_on_jax(str(EXPLANATION))
