import json
from pathlib import Path

import pytest

import lensmith
from lensmith.errors import LensmithError, RunError
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


@pytest.mark.parametrize("validation", [0.0, 0.3])
def test_on_the_same_test_images_it_is_no_matter_how_many_others_were_held_out(
    validation: float, runs: Path, stripes_folder: Path
):
    settings = {"epochs": 1, "batch_size": 8, "data.validation": validation}
    lensmith.train(stripes_folder, set=settings, name="other", runs=runs)
    found = lensmith.compare(["good", "other"], split="test", root=runs)
    assert found.n == 16
    assert any("good on 56, other on" in its for its in found.notices)
    with pytest.raises(LensmithError, match=r"splits were made differently"):
        lensmith.compare(["good", "other"], root=runs)


def test_other_test_images_are_refused(runs: Path, stripes_folder: Path):
    settings = {"epochs": 1, "batch_size": 8}
    for name, changed in (("more", {"data.test": 0.3}), ("others", {"data.split_seed": 1})):
        lensmith.train(stripes_folder, set={**settings, **changed}, name=name, runs=runs)
        with pytest.raises(RunError, match=r"splits were made differently|answered different images"):
            lensmith.compare(["good", name], split="test", root=runs)
