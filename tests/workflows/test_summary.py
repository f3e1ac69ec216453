import json
import shutil
from pathlib import Path

import pytest

import lensmith
from lensmith.errors import LensmithError, UnsafeFile
from lensmith.runs import Run


def test_a_recipe_is_shown_at_its_own_size_and_at_another():
    assert lensmith.summary("mnist-3conv").picture == (28, 28, 1)
    found = lensmith.summary("fast", input="48x64x1", classes=7)
    assert found.picture == (48, 64, 1)
    assert found.layers[-1].output_shape == (7,)
    assert lensmith.summary("fast", input="48x64").picture == (48, 64, 3)


def test_the_memory_of_training_is_that_of_the_recipe(tmp_path: Path):
    (tmp_path / "own.toml").write_text(
        'description = "a."\nsource = "b"\n[model]\nlayers = [{ class_name = "Flatten" }, '
        '{ class_name = "Dense", units = "num_classes", activation = "softmax" }]\n'
        '[training]\nbatch_size = 24\noptimizer = { class_name = "SGD", momentum = 0.9 }\n'
    )
    found = lensmith.summary(tmp_path / "own.toml")
    assert found.training.batch_size == 24
    assert found.training.optimizer == found.training.weights  # one number a weight
    assert lensmith.summary("mnist-3conv", batch_size=3).training.batch_size == 3


def test_a_run_and_its_model_are_the_same_network(tiny_run: Run):
    by_run = lensmith.summary("tiny", runs=tiny_run.path.parent)
    by_file = lensmith.summary(tiny_run.keras_file)
    assert by_run.layers == by_file.layers
    assert by_run.parameters == tiny_run.model.count_params()
    assert by_run.broken_rules == ()


def test_a_network_of_many_layers_within_one_is_shown_whole():
    found = lensmith.summary("transfer", input="96x96x3")
    assert len(found.layers) > 100
    assert found.not_counted == ()
    assert all(its.receptive_field for its in found.layers)


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        ("mnist-3con", {}, "neither a .keras file, nor a recipe, nor a run. Did you mean 'mnist-3conv'"),
        ("none.keras", {}, "There is no file none.keras"),
        ("mnist-3conv", {"input": "28by28"}, "is no size. Expected height x width x channels"),
        ("mnist-3conv", {"input": "0x28x1"}, "at least one pixel"),
        ("mnist-3conv", {"input": "28x28x4"}, "1 or 3 channels"),
        ("mnist-3conv", {"input": "9x9x1"}, "has a window of 2x2 but gets only"),
        ("mnist-3conv", {"output": "page.pdf"}, "must end in .html"),
        ("mnist-3conv", {"classes": 0}, "--classes is 0; expected 1 or more"),
        ("mnist-3conv", {"batch_size": -1}, "--batch-size is -1; expected 1 or more"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_message(network: str, options: dict, message: str, tmp_path: Path):
    with pytest.raises(LensmithError, match=message):
        lensmith.summary(network, runs=tmp_path, **options)


def test_a_damaged_file_and_one_with_code_are_refused(tmp_path: Path):
    (tmp_path / "bad.keras").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(UnsafeFile):
        lensmith.summary(tmp_path / "bad.keras")
    with pytest.raises(LensmithError, match="cannot be read as a model"):
        lensmith.summary(tmp_path / "bad.keras", trust=True)


def test_a_page_and_a_drawing_are_written(tmp_path: Path):
    lensmith.summary("mnist-3conv", output=tmp_path / "page.html")
    lensmith.summary("mnist-3conv", output=tmp_path / "net.svg")
    assert "3·3·32·64 + 64" in (tmp_path / "page.html").read_text()
    assert (tmp_path / "net.svg").read_text().startswith("<svg")


def test_a_run_without_a_model_says_how_to_get_one(tiny_run: Run, tmp_path: Path):
    shutil.copytree(tiny_run.path, tmp_path / "half")
    (tmp_path / "half" / "artifact.json").unlink()
    (tmp_path / "half" / "model.keras").unlink()
    (tmp_path / "half" / "run.json").write_text(
        json.dumps(json.loads((tmp_path / "half" / "run.json").read_text()) | {"state": "interrupted"})
    )
    with pytest.raises(LensmithError, match="has no model"):
        lensmith.summary("half", runs=tmp_path)
