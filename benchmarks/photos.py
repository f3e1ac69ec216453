"""How long `transfer` takes for a folder of photos: 4,000 of them, from the shell to the exported model.

    LENSMITH_DATA=… python -m benchmarks.photos

Three whole processes, each with a home of its own, so that nothing is decoded or computed before. Then the parts alone:
decoding, features by ONNX Runtime once the network is converted, and features by `predict`, with the cores that each
keeps busy; and what decoding and features take one after the other and both at once, alternately.
Writes `benchmarks/results/photos.json`, and the table of `docs/recipes.md`.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contestants import ROOT
from benchmarks.flowers import write_photos
from benchmarks.harness import RESULTS, say
from benchmarks.marked import write_measured
from benchmarks.spread import Spread, median_of
from benchmarks.watching import busy_seconds
from lensmith.files import write_text
from lensmith.runs import now
from lensmith.workflows.provenance import machine, versions

PHOTOS, REPEATS = 4_000, 3
BY_PREDICT = 1_000
"""Photos whose features `predict` computes, too."""
FILE, PAGE = RESULTS / "photos.json", ROOT / "docs" / "recipes.md"
COMMAND = "python -m benchmarks.photos"


def whole_process(photos: Path) -> dict[str, Any]:
    """Train on the photos in an empty home; return what the command said, and its seconds."""
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "lensmith", "train", str(photos), "--json", "--quiet"]
        began = time.perf_counter()
        environment = {**os.environ, "LENSMITH_HOME": home}
        done = subprocess.run(command, cwd=home, env=environment, capture_output=True, check=True)
        seconds = time.perf_counter() - began
    record = json.loads(done.stdout)
    return {"seconds": seconds, "recipe": record["recipe"], "accuracy": record["test"]["accuracy"]}


def parts(photos: Path) -> dict[str, dict[str, float]]:
    """Decode, and compute features, one after the other; images a second and busy cores of each."""
    from lensmith.backend import start_keras
    from lensmith.config import load_recipe
    from lensmith.data import open_dataset
    from lensmith.training import compute_features, measure_features, prepare

    start_keras()
    recipe = load_recipe("transfer")
    found: dict[str, dict[str, float]] = {}
    with empty_home():
        with timed(found, "decoding", PHOTOS):
            dataset = open_dataset(str(photos), recipe.data)
        network = prepare(dataset, recipe).network
        measure_features(network, dataset)  # converts the network to ONNX
        with timed(found, "features", len(dataset.train) + len(dataset.validation or ())):
            compute_features(network, dataset, lambda *_: None)
        some = dataset.train.read(slice(0, BY_PREDICT)).astype(np.float32)
        with timed(found, "features by predict", len(some)):
            network.predict(some, batch_size=32, verbose=0)
    return found


def in_turn_and_at_once(photos: Path) -> list[dict[str, float]]:
    """Decode the photos and compute features of as many, in turn and both at once; the seconds of each repeat."""
    from lensmith.config import load_recipe
    from lensmith.data import open_dataset
    from lensmith.training import compute_features, measure_features, prepare

    recipe = load_recipe("transfer")
    with empty_home():
        dataset = open_dataset(str(photos), recipe.data)
        network = prepare(dataset, recipe).network
        found = []
        for _ in range(REPEATS):
            seconds = {}
            for name, threads in (("in turn", 1), ("at once", 2)):
                with empty_home(), ThreadPoolExecutor(threads) as pool:
                    measure_features(network, dataset)  # converts the network to ONNX
                    began = time.perf_counter()
                    decoding = pool.submit(open_dataset, str(photos), recipe.data)
                    features = pool.submit(compute_features, network, dataset, lambda *_: None)
                    decoding.result()
                    features.result()
                    seconds[name] = time.perf_counter() - began
            found.append(seconds)
    return found


@contextmanager
def empty_home() -> Iterator[None]:
    """Have nothing decoded or computed before."""
    before = os.environ.get("LENSMITH_HOME", "")
    with tempfile.TemporaryDirectory() as home:
        os.environ["LENSMITH_HOME"] = home
        yield
    os.environ["LENSMITH_HOME"] = before


@contextmanager
def timed(found: dict[str, dict[str, float]], name: str, images: int) -> Iterator[None]:
    """Note images a second, and how many cores were busy on average."""
    began, busy = time.perf_counter(), busy_seconds() or 0.0
    yield
    seconds = time.perf_counter() - began
    found[name] = {"images a second": images / seconds, "busy cores": ((busy_seconds() or 0.0) - busy) / seconds}


def table(found: dict[str, Any]) -> str:
    """Lay out what was measured."""
    whole = median_of(its["seconds"] for its in found["whole"])
    in_turn, at_once = (_seconds(median_of(its[name] for its in found["both"])) for name in ("in turn", "at once"))
    lines = [
        f"{PHOTOS:,} photos of 500×375, from the shell to the evaluated and exported model: {_seconds(whole)}; median, "
        f"n = {whole.n}, with nothing cached.",
        "",
        "| part | images a second | busy cores |",
        "|---|---|---|",
        *(
            f"| {name} | {its['images a second']:,.0f} | {its['busy cores']:.2f} |"
            for name, its in found["parts"].items()
        ),
        "",
        f"Decoding all photos and computing the features of those that are trained with takes {in_turn} in turn, and "
        f"{at_once} both at once (medians, n = {len(found['both'])}, alternating). Photos are decoded first, so that "
        "equal ones are on one side of the split before anything is computed.",
        "",
        f"{found['machine']['cores']} cores, {found['machine']['processor']}. Command: `{COMMAND}`.",
    ]
    return "\n".join(lines)


def _seconds(its: Spread | None) -> str:
    assert its
    return f"{its.middle:.1f} s ({its.low:.1f} to {its.high:.1f})"


def main() -> None:
    """Measure, store and write the table."""
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder) / "photos"
        say(f"photos: writing {PHOTOS:,} of them")
        write_photos(photos, PHOTOS)
        whole = []
        for repeat in range(REPEATS):
            say(f"photos: whole process, repeat {repeat}")
            whole.append(whole_process(photos))
        say("photos: the parts alone")
        found = {"at": now(), "whole": whole, "parts": parts(photos), "both": in_turn_and_at_once(photos)}
        found |= {"machine": machine(), "versions": versions()}
    say(json.dumps(found, indent=2))
    FILE.parent.mkdir(parents=True, exist_ok=True)
    write_text(FILE, json.dumps(found, indent=2) + "\n")
    write_measured(PAGE, COMMAND, table(found))


if __name__ == "__main__":
    main()
