import shutil
from pathlib import Path

import pytest

from lensmith.data import BUILTINS
from lensmith.errors import RunError
from lensmith.locks import locked
from lensmith.runs import Run
from lensmith.workflows.listing import dataset_rows, run_rows


def test_every_built_in_data_set_is_listed():
    assert [row["name"] for row in dataset_rows()] == list(BUILTINS)


def test_a_run_is_listed_with_its_state_and_accuracy(tiny_run: Run):
    (row,) = run_rows(tiny_run.path.parent)
    assert row["state"] == "finished"
    assert row["test_accuracy"] == tiny_run.info["result"]["test"]["accuracy"]


def test_a_run_that_says_it_is_running_and_is_trained_by_nobody_was_killed(tiny_run: Run, tmp_path: Path):
    run = Run(shutil.copytree(tiny_run.path, tmp_path / "r"))
    run.update(state="running")
    (row,) = run_rows(tmp_path)
    assert row["state"] == run.state == "killed"
    with locked(run.path):
        assert run.state == "running"


def test_a_killed_run_without_a_model_is_called_so(tiny_run: Run, tmp_path: Path):
    run = Run(shutil.copytree(tiny_run.path, tmp_path / "r"))
    run.update(state="running")
    (run.path / "artifact.json").unlink()
    with pytest.raises(RunError, match="its state is 'killed'"):
        _ = run.artifact
