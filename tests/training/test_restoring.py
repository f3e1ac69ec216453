from pathlib import Path

import keras
import numpy as np
import pytest
from tests.training.test_fitting import fast_recipe, recipe, same, trained

from lensmith.backend import compiles_steps
from lensmith.config import Recipe
from lensmith.data import Dataset, open_dataset
from lensmith.runs import Run, create_run
from lensmith.training import TrainingResult, newest_checkpoint

WITHIN = {"training__checkpoint_seconds": 1e-9}
TIMES = ("seconds", "images_per_second")


@pytest.fixture(scope="module")
def dataset(stripes_folder: Path) -> Dataset:
    return open_dataset(stripes_folder, recipe().data)


class LeaveAfter(keras.callbacks.Callback):
    """Ends training as nothing would that can be caught, after so many calls of the compiled function."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self._left = calls

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._left -= 1
        if not self._left:
            raise SystemExit


def kept(run: Run) -> list[np.ndarray]:
    """Weights, seeds, optimizer slots of the newest checkpoint."""
    found, _ = newest_checkpoint(run.checkpoints)
    assert found
    return [*found.arrays("model"), *found.arrays("optimizer"), *found.arrays("average")]


def timeless(result: TrainingResult) -> list[dict]:
    return [{key: value for key, value in row.items() if key not in TIMES} for row in result.history]


@pytest.mark.skipif(not compiles_steps(), reason="other backends begin an interrupted epoch again")
@pytest.mark.parametrize("kind", ["fast", "keras"])
@pytest.mark.parametrize("calls", [1, 2, 3, 4, 5])
def test_from_within_an_epoch_on_it_is_the_run_that_was_never_interrupted(
    kind: str, calls: int, dataset: Dataset, tmp_path: Path
):
    layers = {
        "training__augmentation": [{"class_name": "RandomFlip"}],
        "training__metrics": [{"class_name": "AUC", "name": "auc"}],
    }
    its: Recipe = (
        fast_recipe(training__epochs=3.5, **WITHIN)
        if kind == "fast"
        else recipe(training__epochs=3, **layers, **WITHIN)
    )
    whole_run, run = create_run("x", "whole", tmp_path), create_run("x", "parts", tmp_path)
    whole = trained(whole_run, dataset, its)
    with pytest.raises(SystemExit):
        trained(run, dataset, its, callbacks=(LeaveAfter(calls),))
    found, _ = newest_checkpoint(run.checkpoints)
    assert found
    assert found.is_within_epoch
    parts = trained(run, dataset, its, resume=True)
    assert same(whole, parts)
    assert timeless(whole) == timeless(parts)
    assert whole.best_epoch == parts.best_epoch
    assert all((a == b).all() for a, b in zip(kept(whole_run), kept(run), strict=True))


@pytest.mark.parametrize("calls", [1, 5, 9, 11])
def test_patience_and_the_best_epoch_are_those_of_the_run_that_was_never_interrupted(
    calls: int, dataset: Dataset, tmp_path: Path
):
    its = recipe(
        training__epochs=50,
        training__early_stopping={"patience": 2},
        training__optimizer={"class_name": "SGD", "learning_rate": 1e-12},
        **WITHIN,
    )
    whole, run = trained(create_run("x", "whole", tmp_path), dataset, its), create_run("x", "parts", tmp_path)
    assert whole.epochs == whole.best_epoch + 2 < 50
    with pytest.raises(SystemExit):
        trained(run, dataset, its, callbacks=(LeaveAfter(calls),))
    parts = trained(run, dataset, its, resume=True)
    assert (parts.epochs, parts.best_epoch) == (whole.epochs, whole.best_epoch)
    assert same(whole, parts)


def test_from_before_the_first_step_on_it_is_the_run_that_was_never_interrupted(dataset: Dataset, tmp_path: Path):
    its = fast_recipe(training__epochs=2)
    whole, run = trained(create_run("x", "whole", tmp_path), dataset, its), create_run("x", "parts", tmp_path)
    with pytest.raises(SystemExit):
        trained(run, dataset, its, callbacks=(LeaveAfter(1),))
    found, _ = newest_checkpoint(run.checkpoints)
    assert found
    assert found.state.step == 0
    assert same(whole, trained(run, dataset, its, resume=True))


def test_where_the_best_epochs_checkpoint_is_damaged_the_next_best_is_taken_and_said(dataset: Dataset, tmp_path: Path):
    class Spoil(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
            if epoch == 4:
                self.model.set_weights([np.zeros_like(its) for its in self.model.get_weights()])

        def on_train_end(self, logs: dict | None = None) -> None:
            best, *_ = sorted(run.checkpoints.iterdir())
            (best / "state.npz").write_bytes(b"")

    run = create_run("x", "a", tmp_path)
    result = trained(run, dataset, recipe(training__epochs=5), callbacks=(Spoil(),))
    assert len(result.problems) == 1
    assert "is damaged: state.npz is not what was written" in result.problems[0]
    assert result.best_epoch == 5
