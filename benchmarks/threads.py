"""How many threads suit the machine: TensorFlow's own choice beside others.

    LENSMITH_DATA=… python -m benchmarks.threads

lensmith leaves the number of threads to TensorFlow: as many as there are cores, within an operation and between them.
Trains `speedrun-cifar10` with that and with fewer and more.
"""

import sys
from collections.abc import Mapping
from dataclasses import replace

from benchmarks.contestants import Benchmark, lensmith
from benchmarks.harness import Result, run
from benchmarks.spread import Spread, ratios_of

WITHIN, BETWEEN = "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"
CHOSEN = "chosen"
TRIED = {f"{within}-{between}": {WITHIN: within, BETWEEN: between} for within, between in ("11", "21", "12", "44")}
"""By numbers of threads within an operation and between them."""
BENCHMARK = Benchmark(
    "threads",
    tuple(
        replace(lensmith(name, "cifar10", "speedrun-cifar10"), environment=variables)
        for name, variables in {CHOSEN: {}, **TRIED}.items()
    ),
)


def slower(name: str, results: Mapping[str, Mapping[int, Result]]) -> Spread | None:
    """Return by how much training takes longer than with as many threads as TensorFlow chooses."""
    seconds = {who: {repeat: its["train_seconds"] for repeat, its in results[who].items()} for who in (name, CHOSEN)}
    return ratios_of(seconds[name], seconds[CHOSEN])


if __name__ == "__main__":
    sys.exit(not run(BENCHMARK, {}))
