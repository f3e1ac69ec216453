import csv
from pathlib import Path

import keras
import numpy as np
import pytest
from tests.training.small_network import NETWORK, recipe

from lensmith.backend import make_deterministic
from lensmith.config import Recipe
from lensmith.data import Dataset, open_dataset
from lensmith.errors import LensmithError, TrainingDiverged
from lensmith.runs import Run, create_run
from lensmith.training import TrainingResult, fit, newest_checkpoint, prepare


@pytest.fixture(scope="module")
def dataset(stripes_folder: Path) -> Dataset:
    return open_dataset(stripes_folder, recipe().data)


def trained(run: Run, dataset: Dataset, its: Recipe, *, resume: bool = False, callbacks: tuple = ()) -> TrainingResult:
    make_deterministic(its.seed)
    start, _ = newest_checkpoint(run.checkpoints) if resume else (None, [])
    return fit(run, dataset, its, prepare(dataset, its), callbacks, start=start)


def weights(result: TrainingResult) -> list[np.ndarray]:
    return result.model.get_weights()


def same(a: TrainingResult, b: TrainingResult) -> bool:
    return all((x == y).all() for x, y in zip(weights(a), weights(b), strict=True))


def test_it_learns_and_counts(dataset: Dataset, tmp_path: Path):
    result = trained(create_run("x", "a", tmp_path), dataset, recipe(training__epochs=10))
    assert result.epochs == 10
    assert result.steps == 10 * 4  # 56 training images in batches of 16
    assert max(row["val_accuracy"] for row in result.history) == 1.0
    rows = list(csv.DictReader((tmp_path / "a" / "history.csv").read_text().splitlines()))
    assert [int(its["step"]) for its in rows] == list(range(4, 44, 4))
    assert all(float(its["learning_rate"]) == pytest.approx(0.001) for its in rows)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(dataset: Dataset, tmp_path: Path):
    augmented = {"training__augmentation": [{"class_name": "RandomFlip"}], "training__epochs": 2}
    first, again = (trained(create_run("x", name, tmp_path), dataset, recipe(**augmented)) for name in "ab")
    other = trained(create_run("x", "c", tmp_path), dataset, recipe(**augmented, seed=1))
    assert same(first, again)
    assert not same(first, other)


def test_going_on_from_a_checkpoint_gives_what_an_uninterrupted_run_gives(dataset: Dataset, tmp_path: Path):
    settings = {"training__augmentation": [{"class_name": "RandomFlip"}], "training__optimizer": "Adam"}
    whole = trained(create_run("x", "whole", tmp_path), dataset, recipe(**settings, training__epochs=4))
    run = create_run("x", "parts", tmp_path)
    trained(run, dataset, recipe(**settings, training__epochs=2))
    parts = trained(run, dataset, recipe(**settings, training__epochs=4), resume=True)
    assert same(whole, parts)
    timeless = [{k: v for k, v in row.items() if "second" not in k} for row in parts.history]
    assert timeless == [{k: v for k, v in row.items() if "second" not in k} for row in whole.history]


def test_the_model_has_the_best_epochs_weights_and_no_augmentation(dataset: Dataset, tmp_path: Path):
    class Spoil(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
            if epoch == 4:
                self.model.set_weights([np.zeros_like(its) for its in self.model.get_weights()])

    settings = recipe(training__epochs=5, training__augmentation=[{"class_name": "RandomFlip"}])
    result = trained(create_run("x", "a", tmp_path), dataset, settings, callbacks=(Spoil(),))
    assert result.best_epoch < 5
    best = next(row for row in result.history if row["epoch"] == result.best_epoch)
    measured = result.model.evaluate(dataset.validation.read(), np.eye(2)[dataset.validation.labels], verbose=0)[1]
    assert measured == pytest.approx(best["val_accuracy"])
    assert not any("Random" in type(layer).__name__ for layer in result.model.layers)


def test_early_stopping_ends_when_nothing_improves(dataset: Dataset, tmp_path: Path):
    still = recipe(
        training__epochs=50,
        training__optimizer={"class_name": "SGD", "learning_rate": 0.0},
        training__early_stopping={"patience": 2},
        **{"model__layers": [NETWORK["model.layers"][3], NETWORK["model.layers"][4]]},
    )
    result = trained(create_run("x", "a", tmp_path), dataset, still)
    assert (result.epochs, result.best_epoch) == (3, 1)


def test_divergence_stops_at_the_step_and_keeps_finite_checkpoints(dataset: Dataset, tmp_path: Path):
    run = create_run("x", "a", tmp_path)
    wild = recipe(training__optimizer={"class_name": "SGD", "learning_rate": 1e30})
    with pytest.raises(TrainingDiverged, match=r"epoch 1, step \d.*--learning-rate 1e\+29"):
        trained(run, dataset, wild)
    with np.load(next(run.checkpoints.glob("*/state.npz"))) as arrays:
        assert all(np.isfinite(arrays[name]).all() for name in arrays.files)


def test_training_on_everything_keeps_the_last_epoch(stripes_folder: Path, tmp_path: Path):
    its = recipe(data__validation=0.0, training__epochs=2)
    dataset = open_dataset(stripes_folder, its.data)
    result = trained(create_run("x", "a", tmp_path), dataset, its)
    assert dataset.validation is None
    assert result.best_epoch == 2
    assert "val_accuracy" not in result.history[0]


def test_a_loss_on_logits_still_gives_a_model_of_probabilities(dataset: Dataset, tmp_path: Path):
    linear = [*NETWORK["model.layers"][:-1], {"class_name": "Dense", "units": "num_classes"}]
    its = recipe(
        model__layers=linear,
        training__loss={"class_name": "SparseCategoricalCrossentropy", "from_logits": True},
        training__epochs=1,
    )
    result = trained(create_run("x", "a", tmp_path), dataset, its)
    outputs = result.model.predict(dataset.validation.read(), verbose=0)
    assert outputs.sum(axis=1) == pytest.approx(1)
    assert outputs.min() >= 0


def test_callbacks_of_the_caller_run(dataset: Dataset, tmp_path: Path):
    seen: list[int] = []
    calling = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    trained(create_run("x", "a", tmp_path), dataset, recipe(training__epochs=2), callbacks=(calling,))
    assert seen == [0, 1]


def test_tensorboard_logs_on_request(dataset: Dataset, tmp_path: Path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    trained(create_run("x", "a", tmp_path), dataset, recipe(training__epochs=1, training__tensorboard=True))
    assert list((tmp_path / "a" / "tensorboard").rglob("events.out.*"))


def test_the_last_step_of_an_epoch_is_looked_at_too(dataset: Dataset, tmp_path: Path):
    run = create_run("x", "a", tmp_path)
    one_wild_step = recipe(
        training__batch_size=4096, training__epochs=1, training__optimizer={"class_name": "SGD", "learning_rate": 1e30}
    )
    with pytest.raises(TrainingDiverged, match=r"epoch 1, step 1\."):
        trained(run, dataset, one_wild_step)
    assert [path.name for path in run.checkpoints.iterdir()] == ["step-00000000"]


def test_a_run_that_ran_out_of_patience_trains_no_further_when_resumed(dataset: Dataset, tmp_path: Path):
    still = recipe(
        training__epochs=50,
        training__optimizer={"class_name": "SGD", "learning_rate": 0.0},
        training__early_stopping={"patience": 2},
        **{"model__layers": [NETWORK["model.layers"][3], NETWORK["model.layers"][4]]},
    )
    run = create_run("x", "a", tmp_path)
    first = trained(run, dataset, still)
    again = trained(run, dataset, still, resume=True)
    assert (again.epochs, again.new_epochs) == (first.epochs, 0)


FAST = {
    "model.layers": [
        {"class_name": "WhiteningConv2D", "filters": 12},
        {"class_name": "Conv2D", "filters": 8, "kernel_size": 3, "kernel_initializer": {"class_name": "Dirac"}},
        {"class_name": "BatchNormalization", "scale": False},
        {"class_name": "ReLU"},
        {"class_name": "Conv2D", "filters": 8, "kernel_size": 3, "padding": "same", "activation": "relu"},
        {"class_name": "MaxPooling2D"},
        {"class_name": "GlobalMaxPooling2D"},
        {"class_name": "Dense", "units": "num_classes", "activation": "softmax"},
    ],
    "training.optimizer": {
        "class_name": "ConvMuon",
        "learning_rate": {"class_name": "OneCycle", "max_learning_rate": 0.1},
    },
    "training.augmentation": ["AlternatingFlip", {"class_name": "Shift", "pixels": 1}, "MixUp"],
    "training.progressive_resizing": [{"until": 0.4, "size": 8}],
    "training.weight_averaging": {"decay": 0.9, "every": 3},
}


def fast_recipe(**changes: object) -> Recipe:
    return recipe(**{key.replace(".", "__"): value for key, value in FAST.items()}, **changes)


def test_a_run_with_all_pieces_of_fast_training_goes_on_bit_for_bit(dataset: Dataset, tmp_path: Path):
    class Leave(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            if epoch == 1:
                raise KeyboardInterrupt

    its = fast_recipe(training__epochs=3.5)
    whole = trained(create_run("x", "whole", tmp_path), dataset, its)
    run = create_run("x", "parts", tmp_path)
    with pytest.raises(KeyboardInterrupt):
        trained(run, dataset, its, callbacks=(Leave(),))
    parts = trained(run, dataset, its, resume=True)
    assert (parts.epochs, parts.steps, parts.new_epochs) == (4, 14, 2)
    assert same(whole, parts)
    columns = ("epoch", "step", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
    assert [[row[key] for key in columns] for row in parts.history] == [
        [row[key] for key in columns] for row in whole.history
    ]


def test_what_is_kept_is_the_average_in_plain_keras(dataset: Dataset, tmp_path: Path):
    class Spoil(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            self.model.set_weights([np.full_like(its, np.float32(1e3)) for its in self.model.get_weights()])

    result = trained(create_run("x", "a", tmp_path), dataset, fast_recipe(training__epochs=1), callbacks=(Spoil(),))
    assert not any("lensmith" in str(layer.get_config()) for layer in result.model.layers)
    measured = result.model.evaluate(dataset.validation.read(), np.eye(2)[dataset.validation.labels], verbose=0)
    assert measured == pytest.approx([result.history[0]["val_loss"], result.history[0]["val_accuracy"]], rel=1e-4)
    assert max(abs(its).max() for its in weights(result)) < 1e3


def test_images_a_second_count_the_images_that_were_seen(dataset: Dataset, tmp_path: Path):
    result = trained(create_run("x", "a", tmp_path), dataset, recipe(training__epochs=1.5))
    assert [row["step"] for row in result.history] == [4, 6]
    assert result.new_images == 56 + 28
    for row, seen in zip(result.history, (56, 28), strict=True):
        # The seconds that are kept are rounded to a thousandth, the images a second to a tenth.
        longest, shortest = row["seconds"] + 0.0006, row["seconds"] - 0.0006
        assert seen / longest - 0.06 <= row["images_per_second"] <= seen / shortest + 0.06


def test_a_run_in_mixed_precision_keeps_a_float32_model_that_answers_as_it_was_measured(
    dataset: Dataset, tmp_path: Path
):
    its = fast_recipe(training__epochs=2, training__dtype_policy="mixed_bfloat16")
    result = trained(create_run("x", "a", tmp_path), dataset, its)
    assert {str(layer.dtype_policy.name) for layer in result.model.layers} == {"float32"}
    loss, _ = result.model.evaluate(dataset.validation.read(), np.eye(2)[dataset.validation.labels], verbose=0)
    best = next(row for row in result.history if row["epoch"] == result.best_epoch)
    assert loss == pytest.approx(best["val_loss"], rel=0.05)
    assert same(result, trained(create_run("x", "b", tmp_path), dataset, its))


def test_too_little_memory_is_said_with_the_batch_size_to_try(dataset: Dataset, tmp_path: Path):
    class Hungry(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
            np.zeros(2**60, np.uint8)

    run = create_run("x", "a", tmp_path)
    with pytest.raises(LensmithError, match=r"too little memory for batches of 16 images\. Try --batch-size 8"):
        trained(run, dataset, recipe(), callbacks=(Hungry(),))
    assert newest_checkpoint(run.checkpoints)[0] is not None


def test_a_loss_that_is_infinite_in_validation_only_has_its_own_cause(dataset: Dataset, tmp_path: Path):
    class Spoil(keras.callbacks.Callback):
        def on_test_begin(self, logs: dict | None = None) -> None:
            moving = next(its for its in self.model.variables if "moving_variance" in its.path)
            moving.assign(np.full(moving.shape, np.nan, np.float32))

    run = create_run("x", "a", tmp_path)
    with pytest.raises(TrainingDiverged, match=r"(validation loss became nan|weights became).*kept"):
        trained(run, dataset, recipe(), callbacks=(Spoil(),))
    for file in run.checkpoints.glob("*/state.npz"):
        with np.load(file) as arrays:
            assert all(np.isfinite(arrays[name]).all() for name in arrays.files)
