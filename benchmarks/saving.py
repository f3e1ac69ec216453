"""What checkpoints cost: the share of training in which the state is kept.

    LENSMITH_DATA=… python -m benchmarks.saving

Trains as `lensmith train` does, and measures the time in lensmith's own callback: reading the weights, looking whether
they are finite, hashing, writing, flushing to the disk, `history.csv`. Training waits for all of it. It is divided by
the seconds of the epochs alone, without opening the data.
`python -m benchmarks.saving DATA RECIPE` does it once, and prints one line of JSON.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.contestants import Benchmark, tool
from benchmarks.harness import Result, run
from benchmarks.spread import Spread, median_of

DATA = {"speedrun-mnist": "mnist", "cifar10-94": "cifar10"}
BENCHMARK = Benchmark(
    "saving", tuple(tool(recipe, "saving", data, recipe, recipe=recipe) for recipe, data in DATA.items())
)
KEEPING = ("on_train_begin", "on_train_batch_end", "on_epoch_end", "on_test_batch_end")


def share(recipe: str, results: Mapping[str, Mapping[int, Result]]) -> Spread | None:
    """Return which share of its training time a recipe's checkpoints take."""
    return median_of(its["keeping_seconds"] / its["epoch_seconds"] for its in results.get(recipe, {}).values())


def measure(data: str, recipe: str, seed: int) -> dict[str, Any]:
    """Train once, and measure the seconds in which the state is kept."""
    import lensmith
    from lensmith.backend import start_keras

    start_keras()
    from lensmith.training import keeping, newest_checkpoint

    seconds: dict[str, float] = dict.fromkeys((*KEEPING, "save_checkpoint"), 0.0)
    saves = 0

    def timed(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            nonlocal saves
            saves += name == "save_checkpoint"
            started = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                seconds[name] += time.perf_counter() - started

        return call

    watched: list[tuple[Any, str]] = [(keeping.KeepingCallback, name) for name in KEEPING]
    with ExitStack() as stack:
        for place, name in (*watched, (keeping, "save_checkpoint")):
            stack.enter_context(patch.object(place, name, timed(name, getattr(place, name))))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        record = lensmith.train(data, recipe, set={"seed": seed}, runs=folder)
        history = newest_checkpoint(Path(record.run) / "checkpoints")[0].state.history
    return {
        "train_seconds": record.train_seconds,
        "epoch_seconds": sum(row["seconds"] for row in history),
        "keeping_seconds": sum(seconds[name] for name in KEEPING),
        "saving_seconds": seconds["save_checkpoint"],
        "saves": saves,
    }


def main() -> None:
    """Measure what is not stored yet, or once what is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?")
    parser.add_argument("recipe", nargs="?")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.data is None:
        sys.exit(not run(BENCHMARK))
    print(json.dumps(measure(given.data, given.recipe, given.seed)))


if __name__ == "__main__":
    main()
