from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from lensmith.config import TrainingConfig, load_recipe
from lensmith.data import Split
from lensmith.errors import RecipeError
from lensmith.training.objective import (
    check_objective,
    check_optimizer,
    make_augmentation_layers,
    make_loss,
    make_metrics,
    make_optimizer,
    make_targets,
    wants_logits,
)

CLASSES = 3
CLASSIFICATION_LOSSES = [
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalHinge",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "KLDivergence",
    "Poisson",
    "MeanSquaredError",
    "Huber",
    "Hinge",
    "SquaredHinge",
    "CosineSimilarity",
    "Dice",
    "Tversky",
]


def config(**training: Any) -> TrainingConfig:
    return TrainingConfig(**training)


def split(labels: list[int] | None = None) -> Split:
    its = np.array([2, 0, 1] if labels is None else labels)
    images = np.random.default_rng(0).integers(0, 256, (len(its), 4, 4, 1)).astype(np.uint8)
    return Split(images, np.arange(len(its)), its, [f"image {place}" for place in range(len(its))])


def network(activation: str | None = "softmax", units: int = CLASSES) -> Any:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(units, activation=activation),
        ]
    )


def check(model: Any, **training: Any) -> None:
    its = config(**training)
    check_objective(model, make_loss(its), split(), CLASSES, its)


def refusal(model: Any, **training: Any) -> str:
    with pytest.raises(RecipeError) as caught:
        check(model, **training)
    return str(caught.value)


@pytest.mark.parametrize("name", CLASSIFICATION_LOSSES)
def test_losses_on_probabilities_of_all_classes_get_one_hot_labels(name: str) -> None:
    targets = make_targets(split(), CLASSES, make_loss(config(loss=name)))
    np.testing.assert_array_equal(targets, [[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    assert targets.dtype == np.float32


@pytest.mark.parametrize("name", ["SparseCategoricalCrossentropy", "sparse_categorical_crossentropy"])
def test_sparse_losses_get_integer_labels(name: str) -> None:
    targets = make_targets(split(), CLASSES, make_loss(config(loss=name)))
    np.testing.assert_array_equal(targets, [2, 0, 1])


@pytest.mark.parametrize("name", [*CLASSIFICATION_LOSSES, "SparseCategoricalCrossentropy"])
def test_every_classification_loss_falls_when_the_network_is_right(name: str) -> None:
    loss = make_loss(config(loss=name))
    targets = make_targets(split(), CLASSES, loss)
    right = np.full((3, CLASSES), 0.01, np.float32)
    right[np.arange(3), split().labels] = 0.98
    assert float(loss(targets, right)) < float(loss(targets, np.roll(right, 1, axis=1)))


@pytest.mark.parametrize("name", [*CLASSIFICATION_LOSSES, "SparseCategoricalCrossentropy"])
def test_every_classification_loss_passes_the_check(name: str) -> None:
    check(network(), loss=name)


def test_one_hot_and_integer_labels_give_the_same_cross_entropy() -> None:
    outputs = np.array([[0.2, 0.3, 0.5]] * 3, np.float32)
    values = []
    for name in ("CategoricalCrossentropy", "SparseCategoricalCrossentropy"):
        loss = make_loss(config(loss=name))
        values.append(float(loss(make_targets(split(), CLASSES, loss), outputs)))
    assert values[0] == pytest.approx(values[1], rel=1e-6)
    assert values[0] == pytest.approx(-np.log([0.5, 0.2, 0.3]).mean(), rel=1e-5)


def test_an_output_without_softmax_is_refused_with_both_remedies() -> None:
    message = refusal(network(activation=None))
    assert message.startswith("The network's outputs are no probabilities: they sum to ")
    assert 'activation = "softmax"' in message
    assert "from_logits = true" in message


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_other_activations_are_no_probabilities_either(activation: str) -> None:
    assert "no probabilities" in refusal(network(activation=activation))


def test_negative_outputs_that_sum_to_one_are_no_probabilities() -> None:
    model = network(activation=None)
    model.layers[-1].set_weights([np.zeros((16, CLASSES)), np.array([-1.0, 1.0, 1.0])])
    assert "no probabilities" in refusal(model)


def test_outputs_that_are_not_numbers_are_refused() -> None:
    model = network()
    model.layers[-1].set_weights([np.full((16, CLASSES), np.nan), np.zeros(CLASSES)])
    assert "no probabilities: they sum to nan" in refusal(model)


def test_logits_pass_with_a_loss_for_logits() -> None:
    check(network(activation=None), loss={"class_name": "CategoricalCrossentropy", "from_logits": True})


def test_probabilities_for_a_loss_on_logits_are_refused_with_both_remedies() -> None:
    message = refusal(network(), loss={"class_name": "CategoricalCrossentropy", "from_logits": True})
    assert message.startswith("The network's outputs are probabilities, but the loss has from_logits = true.")
    assert 'Take activation = "softmax" from the last layer, or from_logits from the loss.' in message


def test_a_loss_on_logits_has_a_form_for_probabilities() -> None:
    its = config(loss={"class_name": "CategoricalCrossentropy", "from_logits": True, "label_smoothing": 0.125})
    assert wants_logits(its)
    loss = make_loss(its, on_probabilities=True)
    assert (loss.from_logits, loss.label_smoothing) == (False, 0.125)
    assert make_loss(its).from_logits
    logits = np.array([[1.0, 2.0, 3.0]] * 3, np.float32)
    targets = make_targets(split(), CLASSES, loss)
    of_probabilities = float(loss(targets, np.asarray(keras.ops.softmax(logits))))
    assert of_probabilities == pytest.approx(float(make_loss(its)(targets, logits)), rel=1e-5)


def test_a_loss_without_logits_has_the_same_form_for_both() -> None:
    its = config(loss={"class_name": "Huber", "delta": 2.0})
    assert not wants_logits(its)
    assert type(make_loss(its, on_probabilities=True)) is type(make_loss(its))


@pytest.mark.parametrize(
    ("loss", "reason"),
    [
        ("CTC", "does not fit labels of 3 classes: "),
        ("Circle", "does not fit labels of 3 classes: "),
        ({"class_name": "CategoricalCrossentropy", "reduction": "none"}, "does not fit labels of 3 classes: "),
        ({"class_name": "CategoricalCrossentropy", "label_smoothing": "much"}, "does not fit labels of 3 classes: "),
        ({"class_name": "CategoricalCrossentropy", "axis": 7}, "does not fit labels of 3 classes: "),
    ],
)
def test_a_loss_that_does_not_fit_the_labels_is_named_before_training(loss: Any, reason: str) -> None:
    message = refusal(network(), loss=loss)
    name = loss if isinstance(loss, str) else loss["class_name"]
    assert message.startswith(f"The loss {name} {reason}")
    assert "\n" not in message


def test_a_loss_that_is_not_finite_before_training_is_named() -> None:
    its = config()

    def infinite(targets: Any, outputs: Any) -> float:
        return float("inf")

    with pytest.raises(RecipeError, match="The loss CategoricalCrossentropy gives inf for labels of 3 classes before"):
        check_objective(network(), infinite, split(), CLASSES, its)


def test_the_check_leaves_weights_as_they_are_and_works_on_one_image() -> None:
    model = network()
    before = model.get_weights()
    check_objective(model, make_loss(config()), split([1]), CLASSES, config())
    for was, its in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(was, its)


def test_accuracy_is_always_measured_and_other_metrics_come_after() -> None:
    assert make_metrics(config()) == ["accuracy"]
    metrics = make_metrics(config(metrics=["AUC", {"class_name": "TopKCategoricalAccuracy", "k": 2}]))
    assert metrics[0] == "accuracy"
    assert [type(metric).__name__ for metric in metrics[1:]] == ["AUC", "TopKCategoricalAccuracy"]


@pytest.mark.parametrize(
    "metric", ["AUC", "Precision", "F1Score", "CategoricalCrossentropy", "TopKCategoricalAccuracy"]
)
def test_metrics_that_fit_one_hot_labels_pass_the_check(metric: str) -> None:
    check(network(), metrics=[{"class_name": metric, "k": 2} if metric.startswith("Top") else metric])


def test_a_metric_that_does_not_fit_the_labels_is_named_by_its_key() -> None:
    message = refusal(network(), loss="SparseCategoricalCrossentropy", metrics=["SparseCategoricalAccuracy", "F1Score"])
    assert message.startswith("training.metrics.1, F1Score, does not fit labels of 3 classes: ")
    assert "\n" not in message


def test_an_unknown_metric_is_named_by_its_key() -> None:
    with pytest.raises(RecipeError, match=r"^training\.metrics\.1: keras\.metrics has no 'AUCC'\. Did you mean 'AUC'"):
        make_metrics(config(metrics=["AUC", "AUCC"]))


def test_augmentation_layers_are_made_in_their_order() -> None:
    described = config(augmentation=["RandomFlip", {"class_name": "RandomRotation", "factor": 0.1}]).augmentation
    assert [type(layer).__name__ for layer in make_augmentation_layers(described)] == ["RandomFlip", "RandomRotation"]


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        ({"class_name": "RandomCrop", "height": 2, "width": 2}, "turns images of the shape (4, 4, 1) into (2, 2, 1)."),
        ({"class_name": "Dense", "units": 5}, "turns images of the shape (4, 4, 1) into (4, 4, 5)."),
        ({"class_name": "LSTM", "units": 5}, "cannot work on images of the shape (4, 4, 1): "),
    ],
)
def test_augmentation_that_does_not_fit_the_images_is_named_before_training(layer: dict[str, Any], reason: str) -> None:
    message = refusal(network(), augmentation=["RandomFlip", layer])
    assert message.startswith(f"training.augmentation.1, {layer['class_name']}, {reason}")


def test_ours_are_left_out_and_keras_own_of_that_name_is_refused_as_labels_would_be_wrong() -> None:
    assert make_augmentation_layers(config(augmentation=["MixUp", "Flip"]).augmentation) == []
    with pytest.raises(RecipeError, match=r"^training\.augmentation\.1: write MixUp as the class_name, not 'mix_up'"):
        make_augmentation_layers(config(augmentation=["RandomFlip", "mix_up"]).augmentation)


def test_ours_are_tried_on_the_images_and_labels_before_training() -> None:
    assert "Shift" in refusal(network(), augmentation=[{"class_name": "Shift", "pixels": 4}])
    message = refusal(network(), loss="SparseCategoricalCrossentropy", augmentation=["MixUp"])
    assert "CategoricalCrossentropy" in message
    check(network(), augmentation=["AlternatingFlip", {"class_name": "Shift", "pixels": 1}, "MixUp"])


def test_augmentation_for_colours_is_named_before_training_on_grey_images() -> None:
    message = refusal(network(), augmentation=[{"class_name": "RandomHue", "factor": 0.5}])
    assert message.startswith("training.augmentation.0, RandomHue, cannot work on images of the shape (4, 4, 1): ")


def test_augmentation_that_fits_passes_the_check() -> None:
    check(network(), augmentation=["RandomFlip", {"class_name": "GaussianNoise", "stddev": 1.0}])


def decay_steps(steps: int, **schedule: Any) -> int:
    optimizer = make_optimizer(config(optimizer={"class_name": "SGD", "learning_rate": schedule}), steps)
    return int(optimizer.get_config()["learning_rate"]["config"]["decay_steps"])


COSINE = {"class_name": "CosineDecay", "initial_learning_rate": 0.5}


def test_a_schedule_decays_over_the_whole_training() -> None:
    optimizer = make_optimizer(config(optimizer={"class_name": "SGD", "learning_rate": COSINE}), 100)
    rates = []
    for step in (0, 50, 100):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    assert rates == pytest.approx([0.5, 0.25, 0.0], abs=1e-6)


@pytest.mark.parametrize("name", ["CosineDecay", "cosine_decay", "PolynomialDecay"])
def test_decay_steps_are_filled_in_for_every_schedule_that_needs_them(name: str) -> None:
    assert decay_steps(100, class_name=name, initial_learning_rate=0.5) == 100


def test_decay_steps_stay_as_given() -> None:
    assert decay_steps(100, **COSINE, decay_steps=7) == 7


def test_a_warm_up_is_part_of_the_training() -> None:
    assert decay_steps(100, **COSINE, warmup_steps=20) == 80
    assert decay_steps(10, **COSINE, warmup_steps=20) == 1


def test_a_schedule_without_decay_steps_is_left_alone() -> None:
    schedule = {"class_name": "PiecewiseConstantDecay", "boundaries": [1], "values": [0.5, 0.25]}
    optimizer = make_optimizer(config(optimizer={"class_name": "SGD", "learning_rate": schedule}), 100)
    assert optimizer.get_config()["learning_rate"]["config"]["boundaries"] == [1]


def test_making_an_optimizer_does_not_change_the_recipe() -> None:
    its = config(optimizer={"class_name": "SGD", "learning_rate": COSINE})
    make_optimizer(its, 100)
    assert its.optimizer.arguments == {"learning_rate": COSINE}


def test_an_unknown_schedule_is_answered_with_the_nearest() -> None:
    its = config(optimizer={"class_name": "SGD", "learning_rate": {"class_name": "CosineDekay"}})
    with pytest.raises(RecipeError, match=r"^training\.optimizer\.learning_rate: .*Did you mean 'CosineDecay'"):
        make_optimizer(its, 100)


def test_the_optimizer_of_a_recipe_file_is_made(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[model]\nbuilder = "small-cnn"\n[training.optimizer]\nclass_name = "sgd"\nmomentum = 0.5\n')
    assert make_optimizer(load_recipe(file).training, 10).momentum == 0.5


def test_averages_of_the_optimizers_own_are_refused_with_what_to_write_instead() -> None:
    its = load_recipe("mnist-3conv", {"training.optimizer": {"class_name": "SGD", "use_ema": True}}).training
    with pytest.raises(RecipeError, match=r"SGD: use_ema averages .*Use training\.weight_averaging"):
        check_optimizer(its)


@pytest.mark.parametrize("rate", [float("nan"), float("inf")])
def test_a_learning_rate_that_is_no_number_is_refused_before_training(rate: float) -> None:
    with pytest.raises(RecipeError, match=r"training\.optimizer, SGD: its first step leads to .*a finite number"):
        check_optimizer(config(optimizer={"class_name": "SGD", "learning_rate": rate}))


@pytest.mark.parametrize(
    ("argument", "said"), [({"steps": 2.5}, "cannot take a step"), ({"dense_scale": float("nan")}, "leads to nan")]
)
def test_arguments_that_only_matrices_or_kernels_meet_are_tried_before_training(argument: dict, said: str) -> None:
    with pytest.raises(RecipeError, match=rf"training\.optimizer, ConvMuon: .*{said}"):
        check_optimizer(config(optimizer={"class_name": "ConvMuon", "learning_rate": 0.1, **argument}))


def test_metrics_have_the_same_names_however_many_were_made_before():
    its = config(metrics=["AUC", "AUC", "Precision", "TopKCategoricalAccuracy", {"class_name": "Recall", "name": "r"}])
    names = [[metric.name for metric in make_metrics(its)[1:]] for _ in range(3)]
    assert names == [["auc", "auc_2", "precision", "top_k_categorical_accuracy", "r"]] * 3


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_a_learning_rate_below_zero_is_refused(name: str) -> None:
    with pytest.raises(RecipeError, match=r"its first step leads uphill\. Give a learning rate above 0"):
        check_optimizer(config(optimizer={"class_name": name, "learning_rate": -0.5}))
