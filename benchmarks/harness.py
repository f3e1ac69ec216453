"""Run the contestants of a benchmark in turn (A B C A B C …), and keep what every finished process came to.

A result is `results/<benchmark>/<contestant>-<repeat>.json`. It is written at once and whole, so a benchmark that was
stopped goes on where it was; it is measured again when the command, the recipe or the peer's source has changed since.
Every process starts with an empty LENSMITH_HOME and runs folder of its own, so that nothing is cached for it.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Mapping
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

from benchmarks.contestants import ROOT, Benchmark, Contestant
from benchmarks.watching import busy_cores, busy_seconds, is_quiet
from lensmith.files import write_text
from lensmith.runs import Run, now
from lensmith.workflows.provenance import machine

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("lensmith", "keras", "tensorflow-cpu", "tensorflow", "jax", "torch", "numpy", "pillow")
KEPT_OF_TRAINING = (
    "parameters", "epochs", "steps", "train_seconds", "images_per_second", "total_seconds", "val_accuracy",
)  # fmt: skip

Result = dict[str, Any]
Results = dict[str, dict[str, dict[int, Result]]]
"""By benchmark, contestant and repeat."""


class ContestantFailed(Exception):
    """A contestant that cannot run or did not end well; the message says which and why."""


def run(benchmark: Benchmark, places: Mapping[str, str] | None = None, results: Path = RESULTS) -> bool:
    """Measure what is not stored yet, repeat by repeat, the contestants in turn.

    Args:
        benchmark: What to measure.
        places: What stands for a place in the contestants' words and variables, such as `{"FOLDER": "/tmp/x"}`.
        results: Folder of the results.

    Returns:
        Whether all of it is there now. A contestant that failed is left out, and the others go on.
    """
    failed: set[str] = set()
    for repeat, contestant in pending(benchmark, results):
        if contestant.name in failed:
            continue
        say(f"{benchmark.name}: {contestant.name}, repeat {repeat}")
        try:
            result = measure(contestant, repeat, places or {})
        except ContestantFailed as error:
            say(f"FAILED: {error}")
            failed.add(contestant.name)
            continue
        file = _file(benchmark, contestant, repeat, results)
        file.parent.mkdir(parents=True, exist_ok=True)
        stored = {"benchmark": benchmark.name, "contestant": contestant.name, "repeat": repeat, **result}
        write_text(file, json.dumps(stored, indent=2) + "\n")
    return not failed


def measure_and_draw(
    benchmark: Benchmark,
    writers: Mapping[str, Callable[[Path], object]],
    draw: Callable[[Mapping[str, Any]], object],
) -> bool:
    """Measure what is not stored yet on images that are written for it, and draw all there is.

    Args:
        benchmark: What to measure.
        writers: By the word that stands for a folder of images: writes them into one that does not exist yet.
        draw: Draws the results by contestant and repeat.

    Returns:
        Whether all of it is there now.
    """
    complete = True
    if pending(benchmark):
        with tempfile.TemporaryDirectory() as folder:
            say(f"{benchmark.name}: writing the images")
            places = {word: f"{folder}/{word.lower()}" for word in writers}
            for word, write in writers.items():
                write(Path(places[word]))
            complete = run(benchmark, places)
    results = load(benchmark)
    if any(results.values()):
        draw(results)
    return complete


def pending(benchmark: Benchmark, results: Path = RESULTS) -> list[tuple[int, Contestant]]:
    """List the repeats that are not stored, in the order to run them in."""
    rounds = range(max(its.repeats for its in benchmark.contestants))
    return [
        (repeat, contestant)
        for repeat in rounds
        for contestant in benchmark.contestants
        if repeat < contestant.repeats and _stored(benchmark, contestant, repeat, results) is None
    ]


def load(benchmark: Benchmark, results: Path = RESULTS) -> dict[str, dict[int, Result]]:
    """Read the stored results that are still those of today's commands, by contestant and repeat."""
    found: dict[str, dict[int, Result]] = {}
    for contestant in benchmark.contestants:
        stored = {repeat: _stored(benchmark, contestant, repeat, results) for repeat in range(contestant.repeats)}
        found[contestant.name] = {repeat: result for repeat, result in stored.items() if result is not None}
    return found


def _file(benchmark: Benchmark, contestant: Contestant, repeat: int, results: Path) -> Path:
    return results / benchmark.name / f"{contestant.name}-{repeat}.json"


def _stored(benchmark: Benchmark, contestant: Contestant, repeat: int, results: Path) -> Result | None:
    file = _file(benchmark, contestant, repeat, results)
    if not file.exists():
        return None
    result: Result = json.loads(file.read_text(encoding="utf-8"))
    return result if result["fingerprint"] == contestant.fingerprint() else None


def measure(contestant: Contestant, repeat: int, places: Mapping[str, str]) -> Result:
    """Run one process to its end, and return what it printed beside what was seen from outside.

    Raises:
        ContestantFailed: It did not end with 0, or what it needs is not installed.
    """
    if "LENSMITH_DATA" not in os.environ:
        raise ContestantFailed("LENSMITH_DATA is not set: it names the folder with mnist.npz and cifar10.npz.")
    if contestant.needs and find_spec(contestant.needs) is None:
        raise ContestantFailed(f"{contestant.needs} is not installed. Install it with: pip install '.[bench]'")
    fingerprint, measured, started = contestant.fingerprint(), revision(), now()
    load_before, cores_before = os.getloadavg()[0], busy_cores()
    if not is_quiet(load_before, cores_before, cores_before and 0.0):
        say(f"WARNING: the machine is busy: load average {load_before:.2f}. The result will be marked.")
    with tempfile.TemporaryDirectory() as folder:
        seen = _run(contestant, repeat, places, Path(folder))
        facts = _facts(contestant, Path(folder))
    quiet = is_quiet(load_before, cores_before, seen["busy_cores_of_others"])
    if not quiet:
        say("WARNING: others were at work meanwhile. The result is marked; its seconds are too many.")
    return {
        "command": contestant.shown(repeat),
        "revision": measured,
        "fingerprint": fingerprint,
        "started": started,
        "load_average_before": load_before,
        "busy_cores_before": None if cores_before is None else round(cores_before, 3),
        **seen,
        "quiet": quiet,
        **facts,
        "machine": machine(),
        "versions": versions(),
    }


def _run(contestant: Contestant, repeat: int, places: Mapping[str, str], folder: Path) -> Result:
    """Run the process; return what was seen from outside."""
    words = [_filled_in(word, places) for word in contestant.command(repeat)]
    own = {"LENSMITH_HOME": str(folder / "home"), "LENSMITH_RUNS": str(folder / "runs"), "KERAS_BACKEND": ""}
    own |= {name: _filled_in(value, places) for name, value in contestant.environment.items()}
    environment = {name: value for name, value in {**os.environ, **own}.items() if value}
    before, started = busy_seconds(), time.perf_counter()
    with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
        child = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=ROOT, env=environment, stdout=stdout, stderr=stderr
        )
        try:
            # Unlike getrusage for all children, it tells of this one alone. Linux lets its peak begin at that of the
            # process that started it, so this one must stay smaller than any it measures.
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        finally:
            if child.returncode is None:
                child.kill()
                child.wait()
    seconds, worked = time.perf_counter() - started, usage.ru_utime + usage.ru_stime
    if child.returncode:
        tail = (folder / "stderr").read_text(encoding="utf-8", errors="replace")[-2000:]
        raise ContestantFailed(f"{contestant.shown(repeat)} ended with {child.returncode}:\n{tail}")
    others = None if before is None else max(0.0, (busy_seconds() or before) - before - worked) / seconds
    return {
        "whole_seconds": round(seconds, 3),
        "processor_seconds": round(worked, 3),
        "peak_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "busy_cores_of_others": None if others is None else round(others, 3),
    }


def _filled_in(word: str, places: Mapping[str, str]) -> str:
    for place, path in places.items():
        word = word.replace(place, path)
    return word


def _facts(contestant: Contestant, folder: Path) -> Result:
    """Read what the process printed; a training of lensmith's is also asked for what its run folder knows."""
    printed: Result = json.loads((folder / "stdout").read_text(encoding="utf-8"))
    return training_facts(printed, Run(Path(printed["run"]))) if contestant.words[0] == "lensmith" else printed


def training_facts(record: Result, run: Run) -> Result:
    """Bring the record of `lensmith train` into the form that peers print.

    Args:
        record: What `--json` printed.
        run: Its run folder, for the number of images, the pace of each epoch, and the plan it followed.
    """
    test = record["test"] or {}
    recipe = tomllib.loads(run.recipe_file.read_text(encoding="utf-8"))
    with run.history_file.open(encoding="utf-8") as file:
        pace = [float(row["images_per_second"]) for row in csv.DictReader(file)]
    return {
        **{name: record[name] for name in KEPT_OF_TRAINING},
        "images": sum(run.info["data"]["counts"]["train"].values()),
        "accuracy": test.get("accuracy"),
        "tta_accuracy": (test.get("tta") or {}).get("accuracy"),
        "epoch_images_per_second": pace,
        "plan": {
            "image_size": recipe["data"]["image_size"],
            "batch_size": recipe["training"]["batch_size"],
            "builder": recipe["model"].get("builder"),
            "arguments": recipe["model"].get("arguments"),
        },
    }


def revision() -> str | None:
    """Return the commit of lensmith that is measured, with `-changed` behind it where its source differs from that."""

    def git(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)

    if not which("git") or git("rev-parse").returncode:
        return None
    commit = git("rev-parse", "--short=12", "HEAD")
    return commit.stdout.strip() + ("-changed" if git("status", "--porcelain", "--", "src").stdout else "")


def versions() -> dict[str, str]:
    """Return the versions of what is measured, and of what it stands on."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def say(text: str) -> None:
    """Tell whoever started the benchmark."""
    print(text, file=sys.stderr, flush=True)
