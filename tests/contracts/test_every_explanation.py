"""What explanations promise holds on each of Keras' backends."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.contracts.test_every_model import QUICK_TO_COMPILE

EXPLANATION = Path(__file__).parents[1] / "explanation"


@pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed")
def test_the_tests_of_explanation_pass_on_jax() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXPLANATION)],
        env={**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": QUICK_TO_COMPILE},
        cwd=EXPLANATION.parents[1],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "1 skipped" in done.stdout
