import csv
import io

from lensmith.training.keeping import COLUMNS, history_csv


def test_history_has_the_columns_of_every_run_then_the_recipes_own_metrics():
    text = history_csv([{"epoch": 1, "step": 10, "loss": 0.5, "auc": 0.9}])
    (read,) = csv.DictReader(io.StringIO(text))
    assert list(read) == [*COLUMNS, "auc"]
    assert read["loss"] == "0.5"
    assert read["val_loss"] == ""
