"""`diagnose`: what a run's curves say, with what was noted of its answers and units when training ended."""

import csv
import math
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from lensmith.architecture import calls_of
from lensmith.config import Recipe
from lensmith.data import Dataset, Split
from lensmith.diagnosis import DiagnoseRecord, Evidence, Facts, Row, UnitCounts, comes_in_order, judge_answers
from lensmith.diagnosis import diagnose as judge
from lensmith.errors import RunError
from lensmith.evaluation import temper
from lensmith.explanation import units
from lensmith.inference import Predictor
from lensmith.rendering.wording import counted
from lensmith.runs import Run, find_run
from lensmith.safety import read_bytes
from lensmith.training import TrainingResult

ANSWERED, ANSWERED_VALUES = 2_000, 2**31
"""Images of a split whose answers are looked at, at most; and values of all layers for all of them, about a second."""
JUDGED, JUDGED_VALUES = 256, 2**26
"""The same, for the units of the layers."""
FEWEST_ANSWERED, FEWEST_JUDGED = 64, 64
"""However large the network is; of fewer images nothing is said about units."""
MOST_BYTES, NEEDED = 2**26, ("epoch", "loss", "accuracy", "learning_rate")
"""Of a history that is read; and what each of its rows has."""
EVIDENCE = TypeAdapter(Evidence)


def diagnose(run: str | Path = "latest", *, runs: str | Path | None = None, trust: bool = False) -> DiagnoseRecord:
    """Say what a run's curves show, with the evidence and what to try.

    Args:
        run: A run folder, a run's name, or `latest`; it need not have been finished.
        runs: The runs root.
        trust: Whether the run is one's own.

    Raises:
        RunError: No such run, or it stopped before its first epoch was done.
    """
    found = find_run(run, runs, trust=trust)
    evidence = evidence_of(found)
    if not evidence.epochs and evidence.state != "diverged" and evidence.facts is None:
        raise RunError(
            f"Run {found.name} has no epoch to look at yet: its state is {evidence.state!r}. "
            f"Go on with it: lensmith train --resume {found.path}"
        )
    return record_of(found, evidence)


def record_of(run: Run, evidence: Evidence) -> DiagnoseRecord:
    """Judge the evidence of a run."""
    return DiagnoseRecord(str(run.path), evidence.state, len(evidence.epochs), _looked_at(evidence), judge(evidence))


def evidence_of(run: Run) -> Evidence:
    """Collect what a run's folder says of its training.

    Raises:
        RunError: It does not say what it should.
    """
    info = run.info
    try:
        counts = info["data"]["counts"]
        found = {
            "state": run.state,
            "history": read_history(run),
            "class_counts": list(counts["train"].values()),
            "validation_images": sum(counts.get("validation", {}).values()),
            "broken_rules": info.get("broken_rules") or [],
            "error": info.get("error"),
            "facts": info.get("facts"),
        }
        return EVIDENCE.validate_python(found)
    except ValidationError as error:
        (first, *_) = error.errors()
        wrong = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except (KeyError, TypeError, AttributeError) as error:
        wrong = f"{type(error).__name__} {error}"
    raise RunError(f"{run.path / 'run.json'} does not say what was trained ({wrong}).")


def read_history(run: Run) -> list[Row]:
    """Read `history.csv`; no rows where there is none.

    Raises:
        RunError: It cannot be read.
        UnsafeFile: It is elsewhere, or too large.
    """
    if not run.history_file.exists():
        return []
    run.check_file(run.history_file)
    try:
        text = read_bytes(run.history_file, MOST_BYTES).decode("utf-8")
        rows = [
            {name: float(its) if its else None for name, its in row.items()} for row in csv.DictReader(StringIO(text))
        ]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise RunError(f"{run.history_file} cannot be read: {error}.") from None
    for row in rows:
        lacking = [name for name in NEEDED if row.get(name) is None or not math.isfinite(row[name] or 0)]
        if lacking:
            raise RunError(f"{run.history_file} cannot be read: a row has no {lacking[0]}.")
    return rows


def note_facts(training: TrainingResult, predictor: Predictor, dataset: Dataset, recipe: Recipe) -> Facts:
    """Note, when a training ends, what its curves do not show.

    Args:
        training: What fitting came to.
        predictor: Of the model that was exported.
        dataset: Of the run.
        recipe: Of the run.
    """
    calls = calls_of(training.model)
    values = sum(int(np.prod(call.output)) for call in calls.every) or ANSWERED_VALUES // ANSWERED
    held_out = "validation" if dataset.validation else "train"
    by_split = {}
    for name in {held_out, "train"}:
        affordable = int(np.clip(ANSWERED_VALUES // values, FEWEST_ANSWERED, ANSWERED))
        some = dataset.splits[name].sample(affordable, recipe.seed)
        # As trained: how sure a network is of itself, before that is mended, is a symptom.
        answers = temper(predictor.probabilities(some.read()), 1 / (predictor.temperature or 1))
        by_split[name] = judge_answers(answers, some.labels, name)
    ordered = not recipe.training.shuffle and recipe.training.sampling is None
    # What others have trained is as it is.
    seen = 0 if calls.problem or recipe.training.transfer else min(JUDGED, JUDGED_VALUES // values)
    return Facts(
        waiting=training.waiting,
        in_order=ordered and comes_in_order(dataset.train.labels),
        answers=by_split[held_out],
        training_accuracy=by_split["train"].accuracy,
        units=_count_units(training.model, dataset.train.sample(seen, recipe.seed)),
    )


def _count_units(model: Any, split: Split) -> list[UnitCounts]:
    """Count the units that do nothing, but for the last layer's: of good answers most are near 0 or 1."""
    if len(split) < FEWEST_JUDGED:
        return []
    found = [its for its in units(model, split.read()) if its.activation]
    return [UnitCounts(its.name, its.activation, its.units, len(its.dead), len(its.saturated)) for its in found[:-1]]


def _looked_at(evidence: Evidence) -> str:
    facts = evidence.facts
    parts = [counted(len(evidence.epochs), "epoch")]
    if facts and facts.answers:
        parts.append(f"answers for {counted(facts.answers.n, f'{facts.answers.split} image')}")
    if facts and facts.units:
        parts.append(f"the units of {counted(len(facts.units), 'layer')}")
    return ", ".join(parts)
