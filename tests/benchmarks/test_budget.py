from pathlib import Path

import pytest
from benchmarks.budget import BUDGETS, CIFAR, draw, most_lost, used


def results(*accuracies: float) -> dict[str, dict[int, dict[str, float]]]:
    return {
        one.contestant.name: {0: {"accuracy": its, "whole_seconds": 0.9 * one.seconds}}
        for one, its in zip(CIFAR, accuracies, strict=False)
    }


def test_loss_is_that_of_any_longer_budget() -> None:
    assert most_lost(results(0.80, 0.84, 0.83, 0.82, 0.90)) == pytest.approx(0.02)
    assert most_lost(results(0.80, 0.85)) == pytest.approx(-0.05)
    assert most_lost(results(0.80)) is None


def test_share_of_the_budget_is_that_of_the_whole_process(tmp_path: Path) -> None:
    found = used(CIFAR[1], results(0.8, 0.9))
    assert found is not None
    assert found.middle == pytest.approx(0.9)
    assert used(BUDGETS[0], {}) is None
    draw(results(0.8, 0.9), tmp_path / "budget.png")
    assert (tmp_path / "budget.png").stat().st_size > 0
