import shutil
from pathlib import Path
from typing import Any

import pytest

import lensmith
from lensmith.data import Split
from lensmith.runs import Run


@pytest.fixture
def own_run(tiny_run: Run, tmp_path: Path) -> Run:
    """A copy of the tiny run, to be changed."""
    return Run(Path(shutil.copytree(tiny_run.path, tmp_path / "own")))


def test_an_evaluation_says_which_model_answered(own_run: Run):
    found = lensmith.evaluate(own_run.path)
    assert found.model == own_run.artifact["sha256"]["model.onnx"]


def test_a_rejection_threshold_is_measured_wherever_there_is_one(own_run: Run):
    assert lensmith.evaluate(own_run.path).rejection is None
    lensmith.calibrate(own_run.path, coverage=0.5)
    found = lensmith.evaluate(own_run.path)
    assert found.rejection
    assert found.rejection.threshold == own_run.artifact["rejection_threshold"]
    assert found.rejection.n == found.n


def test_images_are_read_once_for_all_views(own_run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lensmith.workflows.measuring.BATCH", 5)
    read, reads = Split.read, list[slice]()

    def counting(split: Split, positions: Any = slice(None)) -> Any:
        # Those of the test split; the images of the mistakes are read by their places, the report's samples as a whole.
        if isinstance(positions, slice) and len(split) == 16 and positions != slice(None):
            reads.append(positions)
        return read(split, positions)

    monkeypatch.setattr(Split, "read", counting)
    assert lensmith.evaluate(own_run.path, tta="shift").n == 16
    assert reads == [slice(0, 5), slice(5, 10), slice(10, 15), slice(15, 20)]
