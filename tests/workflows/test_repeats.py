import shutil
from pathlib import Path

import pytest

import lensmith
from lensmith.errors import RunError
from lensmith.runs import Run


def test_repeats_are_trained_once_and_compared_over_seeds(runs: Path):
    found = lensmith.compare(["good", "weak"], seeds=2, root=runs)
    assert [[Path(path).name for path in its.runs] for its in found.runs] == [
        ["good", "good-seed1"],
        ["weak", "weak-seed1"],
    ]
    first, second = (Run(runs / name).info for name in ("good", "good-seed1"))
    assert (first["seed"], second["seed"]) == (0, 1)
    assert {k for k, v in first["settings"].items() if second["settings"][k] != v} == {"seed"}
    assert second["recipe"] == first["recipe"]
    assert all(its.standing.seeds and len(its.standing.seeds.accuracies) == 2 for its in found.runs)
    started = second["started"]
    lensmith.compare(["good", "weak"], seeds=2, root=runs)
    assert Run(runs / "good-seed1").info["started"] == started
    # It is the run that `train --seed 1` makes, bit for bit.
    assert (runs / "good-seed1" / "evaluation" / "validation" / "predictions.csv").read_text() == (
        lensmith.evaluate("same", split="validation", runs=runs)
        and (runs / "same" / "evaluation" / "validation" / "predictions.csv").read_text()
    )


def test_a_run_in_the_way_of_a_repeat_is_kept(runs: Path):
    shutil.copytree(runs / "weak", runs / "good-seed1")
    with pytest.raises(RunError, match=r"good-seed1 is in the way: it was trained with another seed"):
        lensmith.compare(["good", "same"], seeds=2, root=runs)
    assert Run(runs / "good-seed1").info["seed"] == 0
