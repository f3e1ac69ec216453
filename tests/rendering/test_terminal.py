import csv
import io
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from lensmith.data import Dataset, Skipped, Split
from lensmith.evaluation import evaluate, evaluate_tta
from lensmith.evaluation.tta import Answers
from lensmith.inference import FilePrediction, Prediction
from lensmith.rendering.terminal import (
    accuracy_sentence,
    dataset_table,
    evaluation_tables,
    predictions_csv,
    predictions_table,
    rows_table,
    skipped_sentence,
    training_lines,
)
from lensmith.rendering.wording import SPACE


def drawn(*tables: object) -> str:
    console = Console(file=io.StringIO(), width=150, highlight=False)
    for table in tables:
        console.print(table)
    return console.file.getvalue()


PROBABILITIES = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
LABELS = np.array([0, 0, 1, 1])


def an_evaluation(names: tuple[str, ...] = ("cat", "dog")):
    return evaluate(PROBABILITIES, LABELS, names, LABELS, run="r", split="test", loss=0.5)


def with_flip():
    averaged = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    return replace(an_evaluation(), tta=evaluate_tta("flip", Answers(PROBABILITIES, averaged, 2), LABELS))


def test_the_sentence_has_accuracy_interval_n_and_baseline():
    assert accuracy_sentence(an_evaluation()).replace(SPACE, " ") == (
        "test accuracy 75.0 % (95 % interval 30.1 to 95.4 %, 4 images; always 'cat': 50.0 %)"
    )


def test_every_metric_stands_beside_the_baseline_and_the_weakest_class_comes_first():
    text = drawn(*evaluation_tables(an_evaluation()))
    (accuracy_line,) = [line for line in text.splitlines() if line.strip().startswith("accuracy")]
    assert "75.0" in accuracy_line
    assert "50.0" in accuracy_line
    assert text.index("dog  ") < text.index("cat  ", text.index("weakest first"))
    assert "was taken for" in text


def test_test_time_augmentation_stands_below_the_plain_answers_with_its_price():
    text = " ".join(drawn(*evaluation_tables(with_flip())).replace(SPACE, " ").split())
    assert "plain 1 75.0 % 30.1 to 95.4 % 0.4004 flip 2 100.0 % 51.0 to 100.0 % 0.2990" in text
    assert (
        "Test-time augmentation (flip) averages each answer over 2 views of the image: as it is and mirrored. Here it "
        "corrects 1 wrong answer and spoils 0 right answers. It takes 2 times the prediction time, and lensmith "
        "predict does not use it."
    ) in text
    assert "augmentation" not in drawn(*evaluation_tables(an_evaluation()))


def trained(**others: Any) -> SimpleNamespace:
    facts = {"name": "r", "parameters": 3, "epochs": 1, "best_epoch": 1, "train_seconds": 1.0, "total_seconds": 2.0}
    return SimpleNamespace(**facts | {"run": "runs/r", "test": None, "diagnoses": []} | others)


@pytest.mark.parametrize(
    ("epochs", "best", "expected"),
    [
        (3, 3, "trained to epoch 3 in 1.0 s"),
        (3, 2, "trained to epoch 3, the best being epoch 2, in 1.0 s"),
        (3, 0, "trained to epoch 3, the best being the last layer alone, in 1.0 s"),
        (0, 0, "the last layer fitted in 1.0 s"),
    ],
)
def test_how_far_it_was_trained_and_which_epoch_is_kept(epochs: int, best: int, expected: str):
    assert expected in training_lines(trained(epochs=epochs, best_epoch=best))


def test_two_classes_have_no_row_for_the_one_likeliest():
    assert "top-1" not in drawn(*evaluation_tables(replace(an_evaluation(), top_k=1)))
    assert "top-2" in drawn(*evaluation_tables(replace(an_evaluation(), top_k=2)))


def test_training_ends_with_the_plain_accuracy_and_then_that_with_test_time_augmentation():
    record = trained(test=with_flip())
    _, plain, augmented, report = training_lines(record).replace(SPACE, " ").splitlines()
    assert plain.startswith("Test accuracy 75.0 % (95 %")
    assert augmented.startswith("With flip: 100.0 % (95 % interval 51.0 to 100.0 %). Test-time augmentation (flip)")
    assert report == "Report: runs/r/report.html"
    record.test = an_evaluation()
    assert "ugmentation" not in training_lines(record)


def test_names_with_markup_are_shown_as_they_are():
    text = drawn(*evaluation_tables(an_evaluation(("[bold]cat[/bold]", "dog"))))
    assert "[bold]cat[/bold]" in text


def test_predictions_name_the_error_of_a_file():
    answers = [
        FilePrediction("a.png", "cat", 0.9, [("cat", 0.9), ("dog", 0.1)]),
        FilePrediction("b.png", None, None, [], "empty file"),
    ]
    text = drawn(predictions_table(Prediction("/runs/pets-1", answers)))
    assert "Run pets-1" in text
    assert "90.0" in text
    assert "dog 10.0" in text
    assert "empty file" in text
    rows = list(csv.DictReader(io.StringIO(predictions_csv(answers, top=3))))
    assert (rows[0]["class_2"], rows[0]["p_2"], rows[0]["class_3"], rows[0]["error"]) == ("dog", "0.1", "", "")
    assert (rows[1]["label"], rows[1]["probability"], rows[1]["error"]) == ("", "", "empty file")


def test_counts_and_skipped_files_of_a_data_set():
    store, labels = np.zeros((3, 4, 4, 1), np.uint8), np.array([0, 1, 1])
    skipped = tuple(Skipped(f"{i}.txt", "not an image") for i in range(7))
    train = Split(store, np.arange(3), labels, ["a", "b", "c"])
    dataset = Dataset("pets", "/pets", ("cat", "dog"), train, None, None, skipped)
    text = drawn(dataset_table(dataset))
    assert "pets: 2 classes, 4x4x1" in text
    assert skipped_sentence(dataset) == (
        "Skipped 7 files (7 not an image): 0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 2 more, all in run.json."
    )


def test_accuracies_in_rows_are_per_cent_and_missing_ones_a_dash():
    text = drawn(rows_table([{"name": "a", "test_accuracy": 0.5}, {"name": "b", "test_accuracy": None}]))
    assert "50.0" in text
    assert "–" in text
    assert "None" not in text
