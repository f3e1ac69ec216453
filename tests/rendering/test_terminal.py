import csv
import io

import numpy as np
from rich.console import Console

from lensmith.data import Dataset, Skipped, Split
from lensmith.evaluation import evaluate
from lensmith.inference import FilePrediction
from lensmith.rendering.terminal import (
    accuracy_sentence,
    dataset_table,
    evaluation_tables,
    predictions_csv,
    predictions_table,
    rows_table,
    skipped_sentence,
)
from lensmith.rendering.wording import SPACE


def drawn(*tables: object) -> str:
    console = Console(file=io.StringIO(), width=150, highlight=False)
    for table in tables:
        console.print(table)
    return console.file.getvalue()


def an_evaluation(names: tuple[str, ...] = ("cat", "dog")):
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    labels = np.array([0, 0, 1, 1])
    return evaluate(probabilities, labels, names, labels, run="r", split="test", loss=0.5)


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


def test_names_with_markup_are_shown_as_they_are():
    text = drawn(*evaluation_tables(an_evaluation(("[bold]cat[/bold]", "dog"))))
    assert "[bold]cat[/bold]" in text


def test_predictions_name_the_error_of_a_file():
    answers = [
        FilePrediction("a.png", "cat", 0.9, [("cat", 0.9), ("dog", 0.1)]),
        FilePrediction("b.png", None, None, [], "empty file"),
    ]
    text = drawn(predictions_table(answers))
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
