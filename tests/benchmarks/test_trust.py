from dataclasses import replace

import numpy as np
from benchmarks.trust import TASKS, Found, errors_of, parts_of

from lensmith.config import load_recipe
from lensmith.evaluation import CORRUPTIONS, measure_novelty, measure_robustness, temper

KINDS = {kind: (20 + place) / 100 for place, kind in enumerate(CORRUPTIONS)}


def _found(accuracy: float) -> Found:
    images, labels = np.zeros((4, 4, 4, 1), np.uint8), np.zeros(4, np.int64)
    robustness = measure_robustness(lambda its: np.tile([0.9, 0.1], (len(its), 1)), [images], labels)
    novelty = measure_novelty(np.eye(2)[[0, 1]] * 9, np.zeros((3, 2)), ("a", "b"), "noise")
    return Found(
        n=10_000,
        accuracy=accuracy,
        temperature=0.5,
        before=(0.4, 0.3, 0.2),
        after=(0.04, 0.03, 0.02),
        answered=0.75,
        right=0.99,
        robustness=replace(robustness, clean_accuracy=0.7, mean_corrupted_accuracy=0.6, by_kind=KINDS),
        novelty=[replace(novelty, auroc_probability=0.8, auroc_energy=0.9, confident=0.1)],
    )


def _cells(line: str) -> list[str]:
    return [its.strip() for its in line.replace("\N{NO-BREAK SPACE}", " ").strip("|").split("|")]


def test_each_table_has_its_rows_and_cells_in_the_order_of_its_header():
    parts = parts_of({TASKS[0]: [_found(0.8), _found(0.9)]})
    tables = [part.splitlines() for part in parts if part.startswith("|")]
    cells = [dict(zip(_cells(header), _cells(row), strict=True)) for header, _, row in tables]
    assert len(cells) == 4
    calibrated, rejected, worse, foreign = cells
    assert (calibrated["test images"], calibrated["accuracy"]) == ("10,000", "85.00 % (80.00 % to 90.00 %)")
    assert (calibrated["ECE, as trained"], calibrated["ECE, now"]) == ("0.400", "0.040")
    assert (calibrated["Brier, as trained"], calibrated["Brier, now"]) == ("0.300", "0.030")
    assert (calibrated["log loss, as trained"], calibrated["log loss, now"]) == ("0.200", "0.020")
    assert (calibrated["recipe"], calibrated["temperature"]) == ("`speedrun-mnist`", "0.50")
    assert (rejected["asked"], rejected["answered"]) == ("`--accuracy 0.998`", "75.00 %")
    assert (rejected["of these right"], rejected["right if all are answered"][:7]) == ("99.00 %", "85.00 %")
    assert (worse["as they are"], worse["mean of all"]) == ("70.0 %", "60.0 %")  # of four images
    assert {kind: worse[kind] for kind in KINDS} == {kind: f"{100 * its:.1f} %" for kind, its in KINDS.items()}
    assert (foreign["foreign"], foreign["images of each"]) == ("noise", "2; 3")
    assert (foreign["AUROC by probability"], foreign["AUROC by energy"]) == ("0.800", "0.900")
    assert foreign["answered with at least 90 %"] == "10.0 %"


def test_errors_are_those_of_the_probabilities_and_a_temperature_can_be_taken_back():
    probabilities, labels = np.array([[0.8, 0.2], [0.6, 0.4]]), np.array([0, 1])
    ece, brier, log_loss = errors_of(probabilities, labels)
    assert np.allclose([ece, brier, log_loss], [0.4, (0.04 * 2 + 0.36 * 2) / 2, -np.log([0.8, 0.4]).mean()])
    assert np.allclose(errors_of(temper(temper(probabilities, 3), 1 / 3), labels), (ece, brier, log_loss))


def test_every_task_is_trained_by_a_recipe_there_is():
    for task in TASKS:
        load_recipe(task.recipe, {"seed": 0, "data.validation": 0.1})
