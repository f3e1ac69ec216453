"""`python -m tests.faults [NAME…]`: try the faults that are named, or all, and write the page."""

import os
import subprocess
import sys
from importlib import import_module

FAULTS = {
    "killed_runs": "killed_runs",
    "terminated_runs": "killed_runs",
    "full_runs": "full_runs",
    "killed_saves": "saves",
    "full_disk": "saves",
    "damaged_checkpoints": "damaged",
    "replaced_model": "replaced",
    "diverging": "diverging",
    "evil_models": "evil_files",
    "evil_onnx": "evil_files",
    "evil_runs": "evil_files",
    "evil_archives": "evil_files",
    "pillow_pictures": "pictures",
    "changed_pictures": "pictures",
    "large_pictures": "pictures",
    "stock_keras": "stock_keras",
}
"""Each fault, and the module that has it."""


def main() -> None:
    """Try each in a process of its own, so that none has what another has imported."""
    names = sys.argv[1:]
    if len(names) == 1:
        from tests.faults.outcome import carry_out
        from tests.faults.page import write_page

        outcome = carry_out(getattr(import_module(f"tests.faults.{FAULTS[names[0]]}"), names[0]))
        print(f"{outcome.name}: {outcome.tried} tried, {outcome.passed} passed, {outcome.seconds} s", flush=True)
        print("\n".join(outcome.failures[:10]), flush=True)
        write_page()
        # Stock Keras stands there for comparison.
        sys.exit(outcome.passed < outcome.tried and outcome.name != "stock_keras")
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    codes = [
        subprocess.run([sys.executable, "-m", "tests.faults", name], check=False, env=environment).returncode
        for name in names or FAULTS
    ]
    sys.exit(any(codes))


if __name__ == "__main__":
    main()
