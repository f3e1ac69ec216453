from pathlib import Path

import numpy as np
import pytest
from tests.made_images import stripes

import lensmith
from lensmith.backend import start_keras
from lensmith.config import load_recipe
from lensmith.data import Dataset, Split
from lensmith.errors import Interrupted, RecipeError
from lensmith.runs import Run
from lensmith.training import fit_last_layer, prepare
from lensmith.training.transfer import freeze


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path))


def dataset(n: int = 60, *, validation: bool = True) -> Dataset:
    images, labels = stripes(n, size=16)
    rows = np.arange(n)
    parts = [rows[: n // 2], rows[n // 2 :]]
    splits = [Split(images, its, labels[its], [str(row) for row in its]) for its in parts]
    return Dataset("s", "s", ("h", "v"), splits[0], splits[1] if validation else None, None, fingerprint="f" * 40)


def recipe(**settings):
    small = {"model.arguments.size": 32, "training.augmentation": [], "batch_size": 8}
    return load_recipe("transfer", small | settings)


@pytest.fixture
def stack():
    start_keras()
    import keras

    layers = keras.layers
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU()])
    last = [layers.Conv2D(4, 3), layers.BatchNormalization(), layers.GlobalAveragePooling2D()]
    last.append(layers.Dense(2, activation="softmax"))
    return keras.Sequential([keras.Input((8, 8, 3)), inner, *last])


@pytest.mark.parametrize(("unfrozen", "trained"), [(0, 2), (1, 4), (2, 6), (9, 6)])
def test_the_last_convolutions_are_trained_and_no_normalisation(stack, unfrozen: int, trained: int):
    freeze(stack, unfrozen)
    names = [its.path.split("/")[-1] for its in stack.trainable_variables]
    assert len(names) == trained
    assert set(names) == {"kernel", "bias"}


def test_a_network_that_does_not_end_in_a_dense_layer_is_refused(stack):
    import keras

    stack.add(keras.layers.Softmax())
    with pytest.raises(RecipeError, match="and this one ends in another Softmax"):
        freeze(stack, 0)


def test_nothing_but_the_last_layer_is_changed():
    its, resolved = dataset(), recipe()
    network = prepare(its, resolved).network
    before = network.get_weights()
    fit_last_layer(network, its, resolved, lambda done, total: None)
    after = network.get_weights()
    changed = [not (a == b).all() for a, b in zip(before, after, strict=True)]
    assert changed == [False] * (len(before) - 2) + [True, True]


def test_the_row_of_history_is_what_keras_measures_of_the_whole_network():
    its, resolved = dataset(), recipe(**{"training.metrics": ["TopKCategoricalAccuracy"]})
    prepared = prepare(its, resolved)
    row = fit_last_layer(prepared.network, its, resolved, lambda done, total: None)
    assert its.validation
    for prefix, split in (("", its.train), ("val_", its.validation)):
        targets = np.eye(2, dtype=np.float32)[split.labels]
        measured = prepared.trainee.evaluate(split.read().astype(np.float32), targets, verbose=0, return_dict=True)
        assert {name: row[f"{prefix}{name}"] for name in measured} == pytest.approx(measured, abs=1e-3)
    assert row["epoch"] == row["step"] == 0


def test_stripes_are_told_apart_without_validation_images_too():
    its, resolved = dataset(validation=False), recipe()
    row = fit_last_layer(prepare(its, resolved).network, its, resolved, lambda done, total: None)
    assert row["accuracy"] == 1
    assert "val_accuracy" not in row


def test_a_run_of_no_epochs_is_a_whole_run(stripes_folder: Path, tmp_path: Path):
    record = lensmith.train(stripes_folder, "transfer", set={"model.arguments.size": 32}, runs=tmp_path / "runs")
    run = lensmith.load_run(Path(record.run))
    assert (record.epochs, record.steps, record.best_epoch) == (0, 0, 0)
    assert record.test
    assert record.test.accuracy > 0.9
    rows = run.history_file.read_text().splitlines()
    assert [line.split(",")[0] for line in rows] == ["epoch", "0"]
    page = run.report_file.read_text()
    assert "The last layer was fitted alone" in page


def test_it_can_be_trained_further(stripes_folder: Path, tiny_run: Run, tmp_path: Path):
    settings = {"training.transfer.unfrozen": 2, "training.metrics": ["AUC"]}
    record = lensmith.train(stripes_folder, set=settings, from_run=tiny_run.path, runs=tmp_path)
    further = lensmith.resume(record.run, epochs=2)
    assert (record.epochs, further.epochs) == (0, 2)
    lines = (Path(record.run) / "history.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["epoch", "0", "1", "2"]
    assert "val_auc" in lines[0]


def test_a_killed_run_ends_with_the_weights_of_one_that_was_not(stripes_folder: Path, tiny_run: Run, tmp_path: Path):
    import keras

    settings = {"training.transfer.unfrozen": 2, "epochs": 2, "batch_size": 16}
    its = {"set": settings, "from_run": tiny_run.path, "runs": tmp_path}

    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs=None) -> None:
            if epoch == 1:
                raise KeyboardInterrupt

    whole = lensmith.train(stripes_folder, name="whole", **its)
    with pytest.raises(Interrupted):
        lensmith.train(stripes_folder, name="cut", callbacks=[Stop()], **its)
    cut = lensmith.resume(tmp_path / "cut")
    weights = [lensmith.load_run(Path(its.run)).model.get_weights() for its in (whole, cut)]
    assert all((a == b).all() for a, b in zip(*weights, strict=True))


def test_an_earlier_run_is_a_start(stripes_folder: Path, tiny_run, tmp_path: Path):
    record = lensmith.train(stripes_folder, from_run=tiny_run.path, runs=tmp_path)
    assert record.recipe == "transfer"
    assert record.test
    assert record.test.accuracy > 0.9
    text = (Path(record.run) / "recipe.toml").read_text()
    assert 'builder = "run"' in text
    assert "sha256" in text
