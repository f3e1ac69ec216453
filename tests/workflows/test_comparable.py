import json
from pathlib import Path

import pytest

import lensmith
from lensmith.errors import RunError
from lensmith.runs import Run


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"class_names": ["vertical", "horizontal"]}, "the same, but in another order"),
        ({"class_names": ["cat", "dog"]}, "name different things (horizontal, vertical; and cat, dog)"),
        ({"fingerprint": "0" * 64}, "trained on different data"),
        ({"split_origin": "as the data comes"}, "splits were made differently"),
    ],
)
def test_runs_that_differ_in_their_images_are_refused(runs: Path, change: dict[str, object], reason: str):
    weak = Run(runs / "weak")
    weak.update(data={**weak.info["data"], **change})
    names = weak.info["data"]["class_names"]
    (weak.path / "artifact.json").write_text(json.dumps({**weak.artifact, "class_names": names}))
    with pytest.raises(RunError, match="good and weak cannot be compared") as refused:
        lensmith.compare(["good", "weak"], root=runs)
    assert reason in str(refused.value)


def test_a_run_without_a_model_is_named(runs: Path):
    (runs / "weak" / "artifact.json").unlink()
    with pytest.raises(RunError, match="Run weak has no model yet"):
        lensmith.compare(["good", "weak"], root=runs)


def test_splits_of_other_sizes_are_refused_on_the_test_images_too(runs: Path, stripes_folder: Path):
    lensmith.train(stripes_folder, set={"epochs": 1, "batch_size": 8, "data.validation": 0.3}, name="more", runs=runs)
    with pytest.raises(RunError, match="splits were made differently"):
        lensmith.compare(["good", "more"], split="test", root=runs)
