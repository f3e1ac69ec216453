import csv
import io

import pytest

from lensmith.training.keeping import COLUMNS, _is_better, history_csv


def row(epoch: int, accuracy: float | None, loss: float | None) -> dict:
    return {"epoch": epoch, "val_accuracy": accuracy, "val_loss": loss}


@pytest.mark.parametrize(
    ("new", "best", "better"),
    [
        (row(2, 0.9, 0.5), row(1, 0.8, 0.1), True),
        (row(2, 0.8, 0.1), row(1, 0.9, 0.5), False),
        (row(2, 0.9, 0.4), row(1, 0.9, 0.5), True),
        (row(2, 0.9, 0.5), row(1, 0.9, 0.5), False),
        (row(2, 0.9, None), row(1, 0.9, 0.5), False),
        (row(2, 0.9, 0.5), row(1, 0.9, None), True),
        (row(2, 0.1, 9.0), row(1, None, None), True),
        (row(2, None, None), row(1, 0.1, 9.0), False),
        (row(1, 0.5, 1.0), None, True),
    ],
)
def test_the_best_epoch_has_the_highest_accuracy_then_the_lowest_loss_and_is_never_nan(new, best, better):
    assert _is_better(new, best) is better


def test_without_validation_the_last_epoch_is_the_best():
    assert _is_better({"epoch": 2, "loss": 1.0}, {"epoch": 1, "loss": 0.1})


def test_history_has_the_columns_of_every_run_then_the_recipes_own_metrics():
    text = history_csv([{"epoch": 1, "step": 10, "loss": 0.5, "auc": 0.9}])
    (read,) = csv.DictReader(io.StringIO(text))
    assert list(read) == [*COLUMNS, "auc"]
    assert read["loss"] == "0.5"
    assert read["val_loss"] == ""
