import json
from pathlib import Path

import pytest

import lensmith
from lensmith.errors import LensmithError
from lensmith.runs import Run


def test_evaluating_again_gives_what_training_found(tiny_run: Run):
    found = lensmith.evaluate(tiny_run.path)
    assert found.to_dict() == tiny_run.info["result"]["test"]
    written = json.loads((tiny_run.path / "evaluation" / "evaluation.json").read_text())
    assert written == found.to_dict()


def test_other_splits_are_written_beside_the_test(tiny_run: Run):
    found = lensmith.evaluate(tiny_run.path, split="validation")
    assert (found.split, found.n) == ("validation", 8)
    folder = tiny_run.path / "evaluation" / "validation"
    assert {path.name for path in folder.iterdir()} == {
        "evaluation.json",
        "predictions.csv",
        "confusion.png",
        "mistakes.png",
    }
    assert json.loads((tiny_run.path / "evaluation" / "evaluation.json").read_text())["split"] == "test"


def test_the_loss_is_the_recipes(tiny_run: Run):
    # auto trains with label smoothing 0.05, so its loss is not the log loss.
    found = lensmith.evaluate(tiny_run.path)
    assert found.loss is not None
    assert found.loss != pytest.approx(found.log_loss, abs=1e-6)


def test_a_split_that_is_not_there_is_an_error(tiny_run: Run, tmp_path: Path):
    with pytest.raises(LensmithError, match="Did you mean 'validation'"):
        lensmith.evaluate(tiny_run.path, split="validaton")
