import json
import shutil
from pathlib import Path

import pytest
from tests.made_images import stripes, write_folder

import lensmith
from lensmith.errors import LensmithError


def test_answers_of_another_model_are_not_used(runs: Path):
    before = lensmith.compare(["good", "weak"], root=runs)
    file = runs / "good" / "evaluation" / "validation" / "evaluation.json"
    predictions = file.with_name("predictions.csv")
    swapped = predictions.read_text().replace("horizontal,horizontal", "horizontal,vertical")
    predictions.write_text(swapped)
    assert lensmith.compare(["good", "weak"], root=runs).runs[0].standing.accuracy != before.runs[0].standing.accuracy
    file.write_text(json.dumps(json.loads(file.read_text()) | {"model": "0" * 64}))
    after = lensmith.compare(["good", "weak"], root=runs)
    assert after.runs[0].standing == before.runs[0].standing


def test_without_the_images_what_was_answered_can_still_be_compared(runs: Path, tmp_path: Path):
    data = tmp_path / "images"
    write_folder(data, *stripes(40), ("horizontal", "vertical"))
    for name in ("a", "b"):
        lensmith.train(data, set={"epochs": 1, "batch_size": 8}, name=name, runs=runs)
        lensmith.evaluate(name, split="validation", runs=runs)
    shutil.rmtree(data)
    found = lensmith.compare(["a", "b"], root=runs)
    assert found.images is None
    assert found.n == 4
    shutil.rmtree(runs / "b" / "evaluation" / "validation")
    with pytest.raises(LensmithError, match="images"):
        lensmith.compare(["a", "b"], root=runs)


def test_runs_that_have_seen_all_images_have_no_validation_split(runs: Path, stripes_folder: Path):
    settings = {"epochs": 1, "batch_size": 8, "data.validation": 0}
    for name in ("a", "b"):
        lensmith.train(stripes_folder, set=settings, name=name, runs=runs)
    with pytest.raises(LensmithError, match="no validation split"):
        lensmith.compare(["a", "b"], root=runs)
    assert lensmith.compare(["a", "b"], split="test", root=runs).n == 16
