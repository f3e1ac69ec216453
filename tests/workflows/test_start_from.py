import hashlib
import json
import shutil
from pathlib import Path

import pytest

import lensmith
from lensmith.errors import LensmithError, RecipeError, RunError, UnsafeFile
from lensmith.runs import Run
from lensmith.workflows.start_from import settings_from


def test_images_are_seen_as_the_run_saw_them_and_the_model_is_named_with_its_hash(tiny_run: Run):
    settings = settings_from(tiny_run.path, None)
    assert settings["data.image_size"] == [12, 12]
    assert (settings["data.color"], settings["data.resize"]) == ("rgb", "stretch")
    assert Path(settings["model.weights"]) == tiny_run.keras_file.resolve()
    assert settings["model.arguments"]["sha256"] == hashlib.sha256(tiny_run.keras_file.read_bytes()).hexdigest()


def test_a_run_without_a_model_is_no_start(tmp_path: Path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "run.json").write_text(json.dumps({"state": "interrupted"}))
    with pytest.raises(RunError, match="has no model yet"):
        settings_from("r", tmp_path)


def test_a_model_that_is_a_link_elsewhere_is_refused_unless_trusted(tiny_run: Run, tmp_path: Path):
    shutil.copytree(tiny_run.path, tmp_path / "r")
    (tmp_path / "r" / "model.keras").unlink()
    (tmp_path / "r" / "model.keras").symlink_to(tiny_run.keras_file)
    with pytest.raises(UnsafeFile, match="is a link"):
        settings_from("r", tmp_path)
    assert settings_from("r", tmp_path, trust=True)["model.weights"] == str(tiny_run.keras_file.resolve())


def test_a_whole_network_can_be_trained_on_by_another_recipe(tiny_run: Run, stripes_folder: Path, tmp_path: Path):
    record = lensmith.train(
        stripes_folder,
        "cifar-2conv",
        set={"epochs": 8, "batch_size": 8},
        from_run=tiny_run.path,
        runs=tmp_path,
        name="on",
    )
    assert record.recipe == "cifar-2conv"
    assert record.parameters == tiny_run.model.count_params() + 2  # the new last layer has a bias
    assert record.test
    assert record.test.accuracy > 0.9


def test_other_images_than_the_runs_are_refused(tiny_run: Run, stripes_folder: Path, tmp_path: Path):
    with pytest.raises(RecipeError, match=r"is for images of \(12, 12, 3\)"):
        lensmith.train(stripes_folder, set={"data.image_size": 16}, from_run=tiny_run.path, runs=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_mistyped_run_is_answered_with_the_nearest(tiny_run: Run, tmp_path: Path):
    with pytest.raises(LensmithError, match="Did you mean 'tiny'"):
        lensmith.train("digits", from_run="tinny", runs=tiny_run.path.parent)


def test_a_run_does_not_replace_the_one_it_begins_with(tiny_run: Run, stripes_folder: Path, tmp_path: Path):
    shutil.copytree(tiny_run.path, tmp_path / "cat")
    with pytest.raises(RunError, match=r"cannot begin with .*cat and replace it"):
        lensmith.train(stripes_folder, from_run="cat", name="cat", force=True, runs=tmp_path)
    assert (tmp_path / "cat" / "model.keras").is_file()
