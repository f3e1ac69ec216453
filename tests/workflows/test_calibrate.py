import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lensmith
from lensmith.data import Dataset, Split, open_dataset
from lensmith.errors import LensmithError, RunError
from lensmith.evaluation import calibration, measure_rejection, temper
from lensmith.inference import Predictor
from lensmith.locks import locked
from lensmith.runs import Run
from lensmith.workflows.provenance import recipe_of

NETWORK: dict[str, Any] = {
    "model.layers": [
        {"class_name": "Flatten"},
        {"class_name": "Dense", "units": 16, "activation": "relu"},
        {"class_name": "Dense", "units": "num_classes", "activation": "softmax"},
    ],
    "epochs": 6,
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with a temperature. Not to be changed."""
    root = tmp_path_factory.mktemp("trained")
    return Run(Path(lensmith.train("digits", "mnist-2conv", set=NETWORK, name="its", runs=root).run))


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same, but that no temperature was fitted. Not to be changed."""
    root = tmp_path_factory.mktemp("without")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lensmith.workflows.session.soften_by_validation", lambda *_: None)
        return Run(Path(lensmith.train("digits", "mnist-2conv", set=NETWORK, name="its", runs=root).run))


@pytest.fixture
def own(trained: Run, tmp_path: Path) -> Run:
    return Run(Path(shutil.copytree(trained.path, tmp_path / "own")))


@pytest.fixture
def own_without(without: Run, tmp_path: Path) -> Run:
    return Run(Path(shutil.copytree(without.path, tmp_path / "own")))


@pytest.fixture(scope="module")
def dataset(trained: Run) -> Dataset:
    return open_dataset("digits", recipe_of(trained).data)


def validation_of(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    assert dataset.validation
    return dataset.validation.read(), dataset.validation.labels


def contents(run: Run) -> dict[Path, bytes]:
    return {its: its.read_bytes() for its in run.path.rglob("*") if its.is_file() and its.name != ".lock"}


def test_training_builds_the_temperature_into_both_files(trained: Run, without: Run, dataset: Dataset):
    temperature = trained.artifact["temperature"]
    assert temperature == trained.info["temperature"]["value"]
    assert abs(np.log(temperature)) > 0.05
    assert (without.artifact["temperature"], without.info["temperature"]) == (None, None)
    pixels, labels = validation_of(dataset)
    meant = temper(without.model.predict(pixels, verbose=0), temperature)
    ours, theirs = trained.model.predict(pixels, verbose=0), Predictor.of_run(trained).probabilities(pixels)
    np.testing.assert_allclose(ours, meant, atol=1e-4)
    np.testing.assert_allclose(theirs, meant, atol=1e-4)
    its = trained.info["temperature"]
    assert its["n"] == len(labels) == 179
    log_loss = -np.log(theirs[np.arange(len(labels)), labels]).mean()
    assert its["log_loss_after"] == pytest.approx(log_loss, abs=1e-3)
    assert its["log_loss_after"] < its["log_loss_before"] - 1e-3


def test_too_few_validation_images_leave_the_answers_as_trained(tiny_run: Run, tmp_path: Path):
    assert (tiny_run.artifact["temperature"], tiny_run.info["temperature"]) == (None, None)
    run = Run(Path(shutil.copytree(tiny_run.path, tmp_path / "own")))
    before = contents(run)
    found = lensmith.calibrate(run.path)
    assert (found.n, found.temperature, found.fitted, found.rejection) == (8, None, None, None)
    assert contents(run) == before


def test_a_run_that_was_trained_without_gets_it_now(own_without: Run, trained: Run, dataset: Dataset):
    before, model = lensmith.evaluate(own_without.path), own_without.onnx_file.read_bytes()
    found = lensmith.calibrate(own_without.path)
    assert found.fitted
    assert found.temperature == found.fitted.value == own_without.artifact["temperature"]
    assert found.temperature == pytest.approx(trained.artifact["temperature"], rel=1e-3)
    assert own_without.info["temperature"] == found.fitted.to_dict()
    assert own_without.onnx_file.read_bytes() != model
    after = lensmith.evaluate(own_without.path)
    assert after.accuracy == before.accuracy
    assert after.log_loss < before.log_loss
    assert after.model != before.model
    pixels, labels = validation_of(dataset)
    probabilities = Predictor.of_run(own_without).probabilities(pixels)
    np.testing.assert_allclose(probabilities, own_without.model.predict(pixels, verbose=0), atol=1e-4)
    assert found.calibration.brier == pytest.approx(calibration(probabilities, labels).brier, abs=1e-6)


def test_calibrating_again_does_not_change_the_models_files(own_without: Run):
    first = lensmith.calibrate(own_without.path)
    before = contents(own_without)
    second = lensmith.calibrate(own_without.path)
    assert contents(own_without) == before
    # Told of the answers as they would be, and of those of the model as it is now: alike but for rounding.
    assert second == replace(first, fitted=None, calibration=second.calibration)
    assert second.calibration.brier == pytest.approx(first.calibration.brier, abs=1e-5)


@pytest.mark.parametrize("option", ["accuracy", "coverage"])
def test_a_threshold_is_written_and_from_then_on_predict_says_unknown_below_it(
    own: Run, dataset: Dataset, tmp_path: Path, option: str
):
    found = lensmith.calibrate(own.path, **{option: 0.9})
    its, (pixels, labels) = found.rejection, validation_of(dataset)
    assert its
    assert found.rejection_threshold == its.threshold == own.artifact["rejection_threshold"]
    assert own.info["rejection"] == its.to_dict()
    assert 0 < its.accepted < its.n == len(labels)
    assert (its.target, its.target_value) == (option, 0.9)
    if option == "accuracy":
        assert its.guaranteed is not None
        assert 0.9 <= its.guaranteed < its.accuracy
        assert its.confidence == 0.95
    else:
        assert its.guaranteed is None
        assert 0.9 <= its.coverage < 0.93
    folder = tmp_path / "images"
    folder.mkdir()
    for place, image in enumerate(pixels):
        Image.fromarray(image[..., 0]).save(folder / f"{place:04d}.png")
    answers = lensmith.predict(own.path, folder).predictions
    known = [its for its in answers if its.label != "unknown"]
    assert len(known) == its.accepted
    assert [answer.rejected for answer in answers] == [answer.label == "unknown" for answer in answers]
    said = np.array([answer.label for answer in answers])
    right = said == np.array(dataset.class_names)[labels]
    assert right.sum() / len(known) == pytest.approx(its.accuracy)


def test_evaluate_measures_the_threshold_on_the_test_images(own: Run, dataset: Dataset):
    threshold = lensmith.calibrate(own.path, coverage=0.8).rejection_threshold
    found = lensmith.evaluate(own.path)
    assert threshold is not None
    assert dataset.test
    probabilities = Predictor.of_run(own).probabilities(dataset.test.read())
    assert found.rejection == measure_rejection(probabilities, dataset.test.labels, threshold)
    assert 0 < found.rejection.accepted < found.n == found.rejection.n


def test_answer_all_takes_it_away_and_nothing_else_does(own: Run):
    chosen = lensmith.calibrate(own.path, coverage=0.8).rejection_threshold
    kept = lensmith.calibrate(own.path)
    assert kept.rejection is None
    assert kept.rejection_threshold == chosen == own.artifact["rejection_threshold"]
    before = own.artifact
    gone = lensmith.calibrate(own.path, answer_all=True)
    assert (kept.taken_away, gone.taken_away) == (None, chosen)
    assert (gone.rejection, gone.rejection_threshold) == (None, None)
    assert own.artifact == before | {"rejection_threshold": None}
    assert own.info["rejection"] is None
    assert lensmith.evaluate(own.path).rejection is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"accuracy": 0.9999}, "cannot be promised"),
        ({"accuracy": 1.5}, r"--accuracy 1\.5: it must be"),
        ({"coverage": 0.0}, "--coverage 0: it must be"),
    ],
)
@pytest.mark.parametrize("start", ["own", "own_without"])
def test_what_is_refused_leaves_everything_as_it_was(
    request: pytest.FixtureRequest, start: str, options: dict[str, float], message: str
):
    run = request.getfixturevalue(start)
    if start == "own":
        lensmith.calibrate(run.path, coverage=0.8)
    before = contents(run)
    with pytest.raises(LensmithError, match=message):
        lensmith.calibrate(run.path, **options)
    assert contents(run) == before


@pytest.mark.parametrize(
    "options",
    [
        {"accuracy": 0.9, "coverage": 0.9},
        {"accuracy": 0.9, "answer_all": True},
        {"coverage": 0.9, "answer_all": True},
    ],
)
def test_only_one_thing_is_asked_for_at_a_time(own: Run, options: dict[str, Any]):
    before = contents(own)
    with pytest.raises(LensmithError, match="Give one of --accuracy, --coverage and --answer-all"):
        lensmith.calibrate(own.path, **options)
    assert contents(own) == before


def test_without_validation_images_there_is_nothing_to_measure_on(stripes_folder: Path, tmp_path: Path):
    settings = {"epochs": 1, "data.validation": 0.0}
    run = Run(Path(lensmith.train(stripes_folder, "cifar-2conv", set=settings, name="none", runs=tmp_path).run))
    assert (run.artifact["temperature"], run.info["temperature"]) == (None, None)
    with pytest.raises(LensmithError, match=r"has no validation split.*: train with data\.validation above 0\.$"):
        lensmith.calibrate("none", coverage=0.9, runs=tmp_path)
    assert run.artifact["rejection_threshold"] is None


def test_a_run_that_is_being_trained_is_left_alone(own: Run):
    before = contents(own)
    with locked(own.path), pytest.raises(RunError, match="is being trained by another process"):
        lensmith.calibrate(own.path, coverage=0.8)
    assert contents(own) == before


def test_a_run_without_a_model_is_an_error(own: Run):
    (own.path / "artifact.json").unlink()
    with pytest.raises(RunError, match="has no model yet"):
        lensmith.calibrate(own.path, coverage=0.8)


def test_a_threshold_is_chosen_without_reading_a_test_image(own: Run, dataset: Dataset, monkeypatch: Any):
    read, places = Split.read, set[int]()

    def noting(split: Split, positions: Any = slice(None)) -> Any:
        places.update(map(int, split.indices[positions]))
        return read(split, positions)

    monkeypatch.setattr(Split, "read", noting)
    lensmith.calibrate(own.path, accuracy=0.9)
    assert dataset.validation
    assert dataset.test
    assert not places & set(map(int, dataset.test.indices))
    assert places == set(map(int, dataset.validation.indices))


def test_what_the_test_images_show_makes_no_difference(without: Run, tmp_path: Path, monkeypatch: Any):
    from lensmith.workflows import calibrate

    real, found = calibrate.open_split, []

    def garbage(*arguments: Any) -> Dataset:
        its = real(*arguments)
        return replace(its, test=replace(its.test, labels=np.roll(its.test.labels, 1)))

    for name, opener in (("true", real), ("garbage", garbage)):
        run = Run(Path(shutil.copytree(without.path, tmp_path / name)))
        monkeypatch.setattr(calibrate, "open_split", opener)
        record = lensmith.calibrate(run.path, accuracy=0.9)
        found.append((replace(record, run=""), [its.tolist() for its in run.model.get_weights()]))
    assert found[0] == found[1]
