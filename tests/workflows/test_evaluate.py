import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lensmith
from lensmith.config import load_recipe
from lensmith.data import open_dataset
from lensmith.errors import LensmithError
from lensmith.runs import Run


@pytest.fixture
def own_run(tiny_run: Run, tmp_path: Path) -> Run:
    """A copy of the tiny run, to be changed."""
    return Run(Path(shutil.copytree(tiny_run.path, tmp_path / "own")))


def test_evaluating_again_gives_what_training_found(tiny_run: Run):
    found = lensmith.evaluate(tiny_run.path)
    assert without(found.to_dict(), "looks") == without(tiny_run.info["result"]["test"], "looks")
    written = json.loads((tiny_run.path / "evaluation" / "evaluation.json").read_text())
    assert written == found.to_dict()


def test_looks_at_the_test_images_are_counted(own_run: Run):
    before, _, after = (lensmith.evaluate(own_run.path, split=its).looks for its in ("test", "validation", "test"))
    assert before
    assert after
    # The copy was not trained in this folder.
    assert (before.train, before.evaluate, after.train, after.evaluate) == (0, 1, 0, 2)
    trained = lensmith.train(own_run.info["data"]["source"], set={"epochs": 1, "seed": 5}, runs=own_run.path.parent)
    assert trained.test
    assert trained.test.looks
    assert (trained.test.looks.train, trained.test.looks.evaluate, trained.test.looks.total) == (1, 2, 3)


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


def test_a_run_whose_splits_were_drawn_otherwise_is_not_measured_on_others(own_run: Run):
    its = own_run.info["data"]
    own_run.update(data={**its, "split_origin": its["split_origin"].replace("seed 0", "seed 7")})
    with pytest.raises(LensmithError, match=r"its splits were '.*seed 7' and are '.*seed 0'"):
        lensmith.evaluate(own_run.path)


def without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


@pytest.mark.parametrize(("kind", "views"), [("flip", 2), ("shift", 6)])
def test_test_time_augmentation_stands_beside_the_plain_numbers_and_changes_none(own_run: Run, kind: str, views: int):
    plain = lensmith.evaluate(own_run.path).to_dict()
    predictions = (own_run.evaluation / "predictions.csv").read_text()
    found = lensmith.evaluate(own_run.path, tta=kind).to_dict()
    assert plain["tta"] is None
    assert without(found, "tta", "looks") == without(plain, "tta", "looks")
    assert set(found["tta"]) == {
        "kind", "accuracy", "accuracy_low", "accuracy_high", "log_loss", "views", "fixed", "broken",
    }  # fmt: skip
    tta = found["tta"]
    assert (tta["kind"], tta["views"]) == (kind, views)
    assert tta["log_loss"] != found["log_loss"]
    assert round((tta["accuracy"] - found["accuracy"]) * found["n"]) == tta["fixed"] - tta["broken"]
    text = (own_run.evaluation / "evaluation.json").read_text()
    assert "NaN" not in text
    assert json.loads(text) == found
    assert (own_run.evaluation / "predictions.csv").read_text() == predictions


def test_the_averaged_answers_are_those_of_the_runs_model(own_run: Run):
    found = lensmith.evaluate(own_run.path, tta="flip").tta
    recipe = load_recipe(own_run.recipe_file)
    test = open_dataset(own_run.info["data"]["source"], recipe.data).test
    assert found
    assert test
    pixels = test.read()
    plain, mirrored = (own_run.model.predict(view, verbose=0) for view in (pixels, pixels[:, :, ::-1]))
    likelihoods = np.sqrt(plain * mirrored)
    averaged = likelihoods / likelihoods.sum(axis=1, keepdims=True)
    assert found.accuracy == (averaged.argmax(axis=1) == test.labels).mean()
    assert found.log_loss == pytest.approx(-np.log(averaged[np.arange(len(test)), test.labels]).mean(), rel=1e-4)


def test_the_recipe_decides_for_train_and_evaluate_and_yields_to_the_user(stripes_folder: Path, tmp_path: Path):
    settings = {"epochs": 1, "evaluation.tta": "flip"}
    trained = lensmith.train(stripes_folder, "cifar-2conv", set=settings, name="flipped", runs=tmp_path).test
    assert trained
    assert trained.tta
    assert (trained.tta.kind, trained.tta.views) == ("flip", 2)
    assert Run(tmp_path / "flipped").info["result"]["test"]["tta"] == trained.tta.to_dict()
    assert "With test-time augmentation" in (tmp_path / "flipped" / "report.html").read_text()
    assert lensmith.evaluate("flipped", runs=tmp_path).tta == trained.tta
    plain = lensmith.evaluate("flipped", tta="none", runs=tmp_path)
    assert plain == replace(trained, tta=None, looks=plain.looks)


@pytest.mark.parametrize("run", ["latest", "no-such-run"])
def test_a_kind_that_is_not_there_is_named_before_anything_is_looked_for(run: str, tmp_path: Path):
    with pytest.raises(LensmithError, match="Did you mean 'shift'"):
        lensmith.evaluate(run, tta="shft", runs=tmp_path)
