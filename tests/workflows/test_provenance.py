from pathlib import Path

import pytest

from lensmith.errors import RunError
from lensmith.runs import Run, create_run
from lensmith.workflows.provenance import recipe_of


def test_a_recipe_keeps_the_name_it_was_trained_by(tiny_run: Run):
    assert recipe_of(tiny_run).name == "auto"
    assert recipe_of(tiny_run, {"training.epochs": 9}).training.epochs == 9


def test_a_run_that_never_got_to_training_has_no_recipe(tmp_path: Path):
    with pytest.raises(RunError, match="stopped before training began"):
        recipe_of(create_run("x", "early", tmp_path))
