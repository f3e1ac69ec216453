"""Run tests in a process whose Keras is on JAX."""

import os
import subprocess
import sys
from pathlib import Path

# Small networks run for a moment: compiling them well takes longer than running them.
QUICK_TO_COMPILE = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"


def pytest_on_jax(*arguments: str) -> str:
    """Return what pytest prints; all must pass."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        env={**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": QUICK_TO_COMPILE},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout
