import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import lensmith
from lensmith.data import resize
from lensmith.errors import DataError, LensmithError
from lensmith.evaluation import CORRUPTIONS, SEVERITIES, corrupt
from lensmith.inference import Predictor
from lensmith.rendering.progress import Screen
from lensmith.runs import Run, count_looks
from lensmith.workflows.provenance import open_data_of, recipe_of
from lensmith.workflows.robustness import RobustnessRecord


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on scikit-learn's digits. Not to be changed."""
    root = tmp_path_factory.mktemp("runs")
    lensmith.train("digits", "mnist-2conv", set={"epochs": 2}, name="digits", runs=root)
    return Run(root / "digits")


@pytest.fixture(scope="module")
def found(digits: Run) -> RobustnessRecord:
    return lensmith.robustness(digits.path, foreign=["digits-inverted.npz"])


@pytest.fixture(scope="module", autouse=True)
def foreign(tmp_path_factory: pytest.TempPathFactory):
    """Foreign data in the working folder: the digits as negatives, larger, as colour pictures."""
    from sklearn.datasets import load_digits

    folder = tmp_path_factory.mktemp("data")
    images = (255 - np.repeat(np.repeat(load_digits().images, 2, 1), 2, 2) * 255 / 16).astype(np.uint8)
    labels = load_digits().target
    np.savez(folder / "digits-inverted.npz", x_train=np.repeat(images[..., np.newaxis], 3, -1), y_train=labels)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield


def test_every_corruption_is_measured_on_the_validation_images(found, digits: Run):
    measured = found.robustness
    assert {(its.kind, its.severity) for its in measured.cells} == {(k, s) for k in CORRUPTIONS for s in SEVERITIES}
    dataset = open_data_of(digits, recipe_of(digits), Screen(quiet=True))
    split, predictor = dataset.validation, Predictor.of_run(digits)
    assert measured.n == len(split)
    assert measured.clean_accuracy == lensmith.evaluate(digits.path, split="validation").accuracy
    [cell] = [its for its in measured.cells if (its.kind, its.severity) == ("noise", 4)]
    answers = predictor.probabilities(corrupt(split.read(), "noise", 4)).argmax(axis=1)
    assert cell.accuracy == (answers == split.labels).mean()


def test_foreign_data_is_brought_to_the_size_and_colour_of_the_run(found):
    names = [its.name for its in found.novelty]
    assert names == ["digits-inverted", "noise", "blank"]
    inverted = found.novelty[0]
    assert inverted.n_foreign > 100
    assert inverted.auroc_energy != inverted.auroc_probability  # of logits, not of probabilities
    assert inverted.auroc_energy_low < inverted.auroc_energy < inverted.auroc_energy_high


def test_the_record_and_the_page_lie_beside_the_evaluation(found, digits: Run):
    folder = digits.path / "evaluation" / "validation"
    assert found.report == str(folder / "robustness.html")
    assert json.loads((folder / "robustness.json").read_text()) == found.to_dict()
    page = (folder / "robustness.html").read_text()
    assert page.count("data:image/png") == 1 + 7 * 5
    assert "digits-inverted" in page


def test_the_test_images_are_looked_at_only_when_asked_for(found, digits: Run, tmp_path: Path):
    own = Run(Path(shutil.copytree(digits.path, tmp_path / "own")))
    fingerprint = own.info["data"]["fingerprint"]
    lensmith.robustness(own.path)
    assert count_looks(tmp_path, fingerprint).total == 0
    assert lensmith.robustness(own.path, split="test").robustness.n == 359
    assert count_looks(tmp_path, fingerprint).evaluate == 1
    with (own.path / "evaluation" / "predictions.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 359  # what was there before is untouched


def test_what_cannot_be_measured_is_said(digits: Run):
    with pytest.raises(LensmithError, match="Did you mean 'test'"):
        lensmith.robustness(digits.path, split="tset")
    with pytest.raises(DataError, match="mnits"):
        lensmith.robustness(digits.path, foreign=["mnits"])
    with pytest.raises(LensmithError, match="what run digits was trained on"):
        lensmith.robustness(digits.path, foreign=["digits"])


def test_foreign_data_with_the_same_classes_is_asked_about(digits: Run, capsys: pytest.CaptureFixture[str]):
    found = lensmith.robustness(digits.path, foreign=["digits-inverted.npz"])
    asked = "classes by names that the run knows, such as 0"
    assert asked in capsys.readouterr().err
    assert found.notices[0].startswith("Validation images also chose the epoch")
    assert asked in found.notices[1]
    assert asked in Path(found.report).read_text()


def test_one_foreign_picture_is_refused_before_anything_is_measured(
    digits: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from PIL import Image

    Image.fromarray(np.zeros((40, 30), np.uint8)).save(tmp_path / "one.png")
    monkeypatch.setattr("lensmith.workflows.robustness.measure_robustness", None)
    with pytest.raises(DataError, match=f"only one image in {tmp_path.name}"):
        lensmith.robustness(digits.path, foreign=[tmp_path])


def test_of_large_foreign_pictures_as_many_are_read_as_of_the_runs_own(
    digits: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from PIL import Image

    for number in range(9):
        Image.fromarray(np.full((9, 9), number, np.uint8)).save(tmp_path / f"{number}.png")
    height, width, _ = digits.info["data"]["image_shape"]
    monkeypatch.setattr("lensmith.workflows.robustness.FEWEST", 2)
    monkeypatch.setattr("lensmith.workflows.robustness.PIXELS", 4 * height * width)
    assert lensmith.robustness(digits.path, foreign=[tmp_path]).novelty[0].n_foreign == 4


def test_foreign_arrays_are_brought_to_the_runs_size_only_as_far_as_they_are_taken(
    digits: Run, monkeypatch: pytest.MonkeyPatch
):
    brought = []

    def noting(image: np.ndarray, *given: object) -> np.ndarray:
        brought.append(image.shape)
        return resize(image, *given)

    monkeypatch.setattr("lensmith.workflows.robustness.resize", noting)
    monkeypatch.setattr("lensmith.workflows.robustness.FOREIGN", 30)
    found = lensmith.robustness(digits.path, foreign=["digits-inverted.npz"])
    assert found.novelty[0].n_foreign == 30
    assert brought == [(16, 16, 1)] * 30


def test_a_folder_of_pictures_without_classes_can_be_foreign(digits: Run, tmp_path: Path):
    from PIL import Image

    (tmp_path / "photos" / "deep").mkdir(parents=True)
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / "deep" / f"{number}.png")
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    found = lensmith.robustness(digits.path, foreign=[tmp_path / "photos"])
    assert (found.novelty[0].name, found.novelty[0].n_foreign) == ("photos", 3)
