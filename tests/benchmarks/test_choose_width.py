import json
from pathlib import Path

import pytest
from benchmarks import choose_width
from benchmarks.choose_width import DEFAULT, TRIED, section

from lensmith.workflows.auto import WIDTHS
from lensmith.workflows.provenance import machine


def test_every_width_that_fast_may_choose_was_tried_where_there_are_few_images():
    for data in ("cifar10-250", "cifar10-500", "cifar10-1000"):
        assert {(its.first, its.last) for its in WIDTHS} <= {(its.first, its.last) for its in TRIED[data]}


def test_a_setting_is_a_row_with_the_mean_over_its_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(choose_width, "RESULTS", tmp_path)
    for seed, accuracy in enumerate((0.4, 0.5)):
        name = f"cifar10-250-{DEFAULT.first}-{DEFAULT.last}-{DEFAULT.epochs}-{seed}.json"
        (tmp_path / name).write_text(
            json.dumps({"accuracy": accuracy, "revision": "abc", "machine": machine(), "versions": {}})
        )
    rows = [line for line in section() if line.startswith("| CIFAR-10")]
    assert "Commits of lensmith: abc." in "\n".join(section())
    assert rows == ["| CIFAR-10 | 250 | 32, 64 | 60 | 45.00 % (40.00 % to 50.00 %, n = 2) |"]


def test_who_judges_is_not_trained_on(real_data: Path):
    (x_train, y_train), (x_test, _) = choose_width._pairs(200)
    assert x_train.shape == (200, 32, 32, 3)
    assert not set(map(bytes, x_train)) & set(map(bytes, x_test))
    assert 50 < len(set(y_train)) <= 100
