from pathlib import Path

import pytest
from benchmarks.saving import measure, share

RECIPE = """
[model]
layers = [{ class_name = "Flatten" }, { class_name = "Dense", units = "num_classes", activation = "softmax" }]
[training]
epochs = 3
batch_size = 64
"""


def test_it_counts_the_saves_and_their_seconds_are_within_those_of_training(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(RECIPE)
    found = measure("digits", str(tmp_path / "small.toml"), 0)
    assert found["saves"] == 4
    assert 0 < found["saving_seconds"] < found["keeping_seconds"]
    assert 0 < found["epoch_seconds"] < found["train_seconds"]


def test_the_share_is_the_median_over_repeats() -> None:
    seconds = enumerate((1.0, 2.0, 4.0))
    results = {"a": {repeat: {"keeping_seconds": its, "epoch_seconds": 100.0} for repeat, its in seconds}}
    assert share("a", results).middle == pytest.approx(0.02)
    assert share("b", results) is None
