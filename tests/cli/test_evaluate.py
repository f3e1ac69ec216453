"""`lensmith evaluate`, and the predictions that it leaves in the run."""

import csv

import numpy as np
import pytest

from lensmith.runs import Run


def test_predictions_csv_has_a_row_an_image(tiny_run: Run):
    rows = list(csv.DictReader((tiny_run.path / "evaluation" / "predictions.csv").read_text().splitlines()))
    assert len(rows) == 16
    for row in rows:
        probabilities = [float(row["p_horizontal"]), float(row["p_vertical"])]
        assert sum(probabilities) == pytest.approx(1, abs=1e-4)
        assert row["predicted"] == ("horizontal", "vertical")[int(np.argmax(probabilities))]
        assert row["path"].startswith(row["label"])
