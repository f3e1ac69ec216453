"""Kill `lensmith train` at random moments, or ask it to stop; go on, and compare with a run that was never stopped."""

import hashlib
import json
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.faults import commands
from tests.faults.outcome import Outcome, times

from lensmith.errors import Terminated
from lensmith.training import newest_checkpoint

RECIPE = Path(__file__).parent / "thorough.toml"
TIMES = ("seconds", "images_per_second")
SEED = 20261122
MOST_KILLS = 3
"""Of one run, after which it is let go on to its end."""
MOST_SECONDS = 5.0
"""From being asked to stop to the end of the process."""


def killed_runs(n: int = 50) -> Outcome:
    """Kill n runs, each up to three times, anywhere between the command and its end."""
    outcome = Outcome(
        "killed_runs",
        f"{n} trainings killed (SIGKILL) at random moments, up to {MOST_KILLS} times each, and gone on with by "
        "`--resume`",
        "every one ends without a manual step, with weights, optimizer state and history bit for bit those of the run "
        "that was never killed",
    )
    _stop_runs(outcome, n, signal.SIGKILL, {-signal.SIGKILL})
    return outcome


def terminated_runs(n: int = 20) -> Outcome:
    """Ask n runs to stop, each up to three times, anywhere between the command and its end."""
    outcome = Outcome(
        "terminated_runs",
        f"{n} trainings asked to stop (SIGTERM) at random moments, up to {MOST_KILLS} times each, and gone on with by "
        "`--resume`",
        f"each stops within {MOST_SECONDS} s with exit code 143, and ends as one that was never stopped, bit for bit",
    )
    _stop_runs(outcome, n, signal.SIGTERM, {Terminated.exit_code})
    return outcome


def _stop_runs(outcome: Outcome, n: int, number: int, codes: set[int]) -> None:
    commands.prepare()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "runs"
        place.mkdir()
        began = time.perf_counter()
        code = commands.wait(begin(place, "whole"))
        whole = time.perf_counter() - began
        if code:
            raise RuntimeError(log_of(place).read_text())
        expected = state_of(place / "whole")
        for trial, first in enumerate(times(SEED, n, whole)):
            later = times(SEED + 1 + trial, trial % MOST_KILLS, whole / 2)
            problem = _stopped(place, f"r{trial}", first, later, number, codes, outcome)
            problem = problem or problem_at_end(place, f"r{trial}", expected)
            outcome.add(f"trial {trial}, stopped after {', '.join(f'{its:.3f} s' for its in (first, *later))}", problem)
            shutil.rmtree(place / f"r{trial}", ignore_errors=True)
    outcome.seen["seconds of a whole run"] = round(whole, 1)


def log_of(place: Path) -> Path:
    """Where the processes print to; not among the runs, whose disk may be full."""
    return place.parent / "log"


def begin(place: Path, name: str) -> int:
    """Start a training that has all that has a state; return the process."""
    words = ("train", "digits", "--recipe", str(RECIPE), "--name", name, "--runs", str(place), "--quiet")
    return commands.start(*words, log=log_of(place))


def go_on(place: Path, name: str) -> int:
    """What a user does: go on with the run where there is one, else give the command again."""
    if (place / name / "run.json").exists():
        return commands.start("train", "--resume", name, "--runs", str(place), "--quiet", log=log_of(place))
    return begin(place, name)


def _stopped(
    place: Path, name: str, first: float, later: list[float], number: int, codes: set[int], outcome: Outcome
) -> str:
    """Start, and stop after each of the moments; say what was not as it should be."""
    stopped = commands.stop_after(go_on(place, name), first, number)
    while stopped.code == 0:  # it was quicker
        shutil.rmtree(place / name)
        first *= 0.9
        stopped = commands.stop_after(go_on(place, name), first, number)
    problem = _problem_of_stop(place, name, stopped, codes, outcome)
    for moment in later:
        stopped = commands.stop_after(go_on(place, name), moment, number)
        if not problem and stopped.code != 0:
            problem = _problem_of_stop(place, name, stopped, codes, outcome)
    return problem


def _problem_of_stop(place: Path, name: str, stopped: commands.Stopped, codes: set[int], outcome: Outcome) -> str:
    outcome.count("stopped", phase_of(place / name))
    outcome.seen["longest seconds to stop"] = max(outcome.seen.get("longest seconds to stop", 0), stopped.seconds)
    if stopped.code not in codes:
        return f"ended with {stopped.code}: {log_of(place).read_text()[-500:]}"
    return f"took {stopped.seconds} s to stop" if stopped.seconds > MOST_SECONDS else ""


def problem_at_end(place: Path, name: str, expected: dict[str, Any]) -> str:
    """Let a run go on to its end, and compare it with the one that was never stopped."""
    code = commands.wait(go_on(place, name))
    if code:
        return f"ended with {code}: {log_of(place).read_text()[-500:]}"
    found = state_of(place / name)
    different = [key for key, value in expected.items() if found[key] != value]
    left = [path.name for path in place.rglob(".writing-*") if name in path.parts]
    return "; ".join([f"{key} differs" for key in different] + [f"{its} was left" for its in left])


def phase_of(run: Path) -> str:
    """Tell from its files how far a run had come."""
    if not (run / "run.json").exists():
        return "before there was a run"
    if json.loads((run / "run.json").read_text())["state"] == "finished":
        return "after its end"
    for file, words in (
        ("report.html", "after the report"), ("evaluation/evaluation.json", "reporting"),
        ("artifact.json", "evaluating"), ("model.onnx", "comparing"), ("model.keras", "exporting"),
    ):  # fmt: skip
        if (run / file).exists():
            return words
    if list((run / "checkpoints").glob(".writing-*")):
        return "saving"
    found, _ = newest_checkpoint(run / "checkpoints")
    return "before the first step" if not found or not found.state.step else "training"


def state_of(run: Path) -> dict[str, Any]:
    """What must not depend on interruptions: hashes of all numbers, and the history but for its times."""
    found, problems = newest_checkpoint(run / "checkpoints")
    if not found or problems:
        raise RuntimeError(f"{run} has no newest checkpoint that is whole: {problems}")
    groups = {group: found.arrays(group) for group in ("model", "optimizer", "average")}
    hashes = {
        group: hashlib.sha256(b"".join(its.tobytes() for its in arrays)).hexdigest() for group, arrays in groups.items()
    }
    history = [{key: value for key, value in row.items() if key not in TIMES} for row in found.state.history]
    answers = (run / "evaluation" / "predictions.csv").read_bytes()
    return {
        **hashes,
        "history": history,
        "best epoch": found.state.best_epoch,
        "history.csv": len((run / "history.csv").read_text().splitlines()),
        "state": json.loads((run / "run.json").read_text())["state"],
        "predictions": hashlib.sha256(answers).hexdigest(),
    }
