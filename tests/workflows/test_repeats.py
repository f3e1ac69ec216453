import shutil
from pathlib import Path

import pytest
from tests.made_images import stripes, write_folder

import lensmith
from lensmith.errors import LensmithError, RunError
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
        lensmith.compare(["good", "weak"], seeds=2, root=runs)
    assert Run(runs / "good-seed1").info["seed"] == 0


def test_a_run_that_is_not_finished_is_not_repeated(runs: Path):
    Run(runs / "weak").update(state="interrupted")
    with pytest.raises(RunError, match="weak is interrupted, so its model is not what its recipe says"):
        lensmith.compare(["good", "weak"], seeds=2, root=runs)


def test_a_recipe_is_not_compared_with_itself(runs: Path):
    with pytest.raises(LensmithError, match="good and same differ in the seed alone"):
        lensmith.compare(["good", "same"], seeds=2, root=runs)
    assert not (runs / "good-seed1").exists()


def test_repeats_are_not_trained_on_images_that_have_changed_since(tmp_path: Path):
    data = write_folder(tmp_path / "images", *stripes(40), ("horizontal", "vertical"))
    for name, size in (("a", 8), ("b", 4)):
        lensmith.train(data, set={"epochs": 1, "batch_size": size}, name=name, runs=tmp_path / "runs")
    next((data / "vertical").iterdir()).unlink()
    with pytest.raises(RunError, match="data of run a has changed since"):
        lensmith.compare(["a", "b"], seeds=2, root=tmp_path / "runs")
    assert not (tmp_path / "runs" / "a-seed1").exists()
