"""`python -m tests.diagnosis [DATA…]`: train the whole library on other images, and write what was named into the page.

DATA are built-in data sets; `mnist` and `fashion-mnist` by default. Of the training images of each, 1,000
are drawn to validate on, and others to train on: 3,000 for the sick ones and 20,000 for the healthy ones, because a
network of 100,000 weights that has seen 3,000 photos is not healthy. The limits of `lensmith.diagnosis` were set on
digits and are not to be set by these. What was measured is kept in `tests/diagnosis/results/`.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.marked import write_measured
from tests.diagnosis.library import HEALTHY, SICK, Arrays, carry_out

from lensmith.backend import start_keras
from lensmith.config import load_recipe
from lensmith.data import open_dataset
from lensmith.diagnosis import diagnose
from lensmith.files import write_text
from lensmith.runs import now
from lensmith.workflows.provenance import machine, versions

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[2] / "docs" / "diagnose.md"
COMMAND = "python -m tests.diagnosis"
OF_SICK, OF_HEALTHY, VALIDATION = 3_000, 20_000, 1_000


def main() -> None:
    """Train, keep, write."""
    start_keras()
    for data in sys.argv[1:] or ["mnist", "fashion-mnist"]:
        few, many = some_of(data, OF_SICK), some_of(data, OF_HEALTHY)
        named = {name: named_of(name, few if name in SICK else many) for name in (*SICK, *HEALTHY)}
        found = {"data": data, "at": now(), "named": named, "machine": machine(), "versions": versions()}
        RESULTS.mkdir(exist_ok=True)
        write_text(RESULTS / f"{data}.json", json.dumps(found, indent=2) + "\n")
        write_measured(PAGE, COMMAND, table([json.loads(file.read_text()) for file in sorted(RESULTS.glob("*.json"))]))


def some_of(data: str, training: int) -> Arrays:
    """Draw training and validation images from the training images of a data set."""
    whole = open_dataset(data, load_recipe("fast", {"data.validation": 0}).data).train
    some = whole.sample(VALIDATION + training, 0)
    images, labels = some.read(), some.labels.astype(np.uint8)
    return {
        "x_train": images[VALIDATION:], "y_train": labels[VALIDATION:],
        "x_val": images[:VALIDATION], "y_val": labels[:VALIDATION],
    }  # fmt: skip


def named_of(name: str, arrays: Arrays) -> list[str]:
    """Carry one training out, and say what is named."""
    with tempfile.TemporaryDirectory() as folder:
        evidence = carry_out((SICK | HEALTHY)[name], arrays, Path(folder))
    kinds = [its.kind for its in diagnose(evidence)]
    print(f"{name}: {', '.join(kinds) or 'nothing'}", flush=True)
    return kinds


def table(results: list[dict[str, Any]]) -> str:
    """Lay out how many were named, and each that was not."""
    lines = [
        "| images | sick trainings named | healthy ones with nothing named | other things named |",
        "|---|---|---|---|",
    ]
    wrong = []
    for its in results:
        missed = [name for name in SICK if SICK[name].expected not in its["named"][name]]
        alarmed = [name for name in HEALTHY if its["named"][name]]
        counts = [
            f"{len(whole) - len(not_so)} of {len(whole)}" for whole, not_so in ((SICK, missed), (HEALTHY, alarmed))
        ]
        others = sum(kind != SICK[name].expected for name in SICK if name not in missed for kind in its["named"][name])
        lines.append(f"| {its['data']} | {' | '.join(counts)} | {others} |")
        for name in missed + alarmed:
            expected = SICK[name].expected if name in SICK else "nothing"
            named = ", ".join(its["named"][name]) or "nothing"
            wrong.append(f"- {its['data']}, {name}: expected {expected}, named {named}.")
    each = (
        f"{OF_SICK:,} training images for the sick ones, {OF_HEALTHY:,} for the healthy ones, {VALIDATION:,} to "
        f"validate on; each training once. Command: `{COMMAND}`."
    )
    machines = {f"{its['machine']['processor']}, TensorFlow {its['versions']['tensorflow']}" for its in results}
    return "\n".join([*lines, "", *wrong, *([""] if wrong else []), f"{each} {'; '.join(sorted(machines))}."])


if __name__ == "__main__":
    main()
