from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lensmith.config import Recipe, load_recipe
from lensmith.data import Dataset, Split
from lensmith.training import Preparation, Throughput
from lensmith.workflows import budget_transfer as module
from lensmith.workflows.budget import Budget, BudgetTooShort, Plan
from lensmith.workflows.budget_transfer import plan_transfer


def of(n: int) -> Dataset:
    store = np.zeros((1, 224, 224, 3), np.uint8)

    def part(count: int) -> Split:
        return Split(store, np.zeros(count, int), np.zeros(count, int), [""] * count)

    return Dataset("x", "x", ("a", "b"), part(n), part(n // 10), part(n // 5))


def load(settings: Mapping[str, Any]) -> Recipe:
    return load_recipe("transfer", base=settings)


def planned(
    seconds: float,
    monkeypatch: pytest.MonkeyPatch,
    *,
    n: int = 4_000,
    rate: float = 200.0,
    unknown: int = 4_400,
    head: float = 1.0,
    trial: float = 0.0,
) -> Plan:
    """Plan for a machine that answers for `rate` images a second, and trains a seventh; measuring takes `trial`."""
    clock = [0.0]

    def measure_throughput(*_: object) -> Throughput:
        clock[0] += trial
        return Throughput(rate / 7, rate / 4, 15.0)

    monkeypatch.setattr("lensmith.workflows.budget.time", SimpleNamespace(perf_counter=lambda: clock[0]))
    monkeypatch.setattr(module, "check_compiles", lambda: None)
    monkeypatch.setattr(module, "prepare", lambda dataset, recipe: Preparation(None, None))
    monkeypatch.setattr(module, "measure_features", lambda *_: rate)
    monkeypatch.setattr(module, "seconds_to_fit_last_layer", lambda *_: head)
    monkeypatch.setattr(module, "count_unknown_features", lambda *_: unknown)
    monkeypatch.setattr(module, "compute_features", lambda *_: [])
    monkeypatch.setattr(module, "make_deterministic", lambda seed: None)
    monkeypatch.setattr(module, "measure_throughput", measure_throughput)
    return plan_transfer(Budget(seconds, 0.0), of(n), load, {"training.batch_size": 16}, print)


def test_time_that_is_left_after_the_last_layer_goes_into_epochs(monkeypatch: pytest.MonkeyPatch):
    short, long, longer = (planned(seconds, monkeypatch).settings["training.epochs"] for seconds in (90, 600, 3600))
    assert short == 0
    assert 1 < long < longer
    assert longer == pytest.approx(0.96 * 3600 * (200 / 7) / 4_200, rel=0.15)


def test_half_a_minute_that_is_left_is_enough_for_epochs_of_few_images(monkeypatch: pytest.MonkeyPatch):
    last_layer, some = (planned(seconds, monkeypatch, n=100, unknown=110) for seconds in (35, 60))
    assert last_layer.settings["training.epochs"] == 0
    assert some.settings["training.epochs"] > 1


def test_a_budget_that_is_too_short_for_the_features_names_one_that_is_not(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(BudgetTooShort, match=r"Give at least --budget \d+s") as error:
        planned(30, monkeypatch)
    least = int(str(error.value).rpartition("--budget ")[2].rstrip("s."))
    assert planned(least + 1, monkeypatch).settings["training.epochs"] == 0


def test_features_that_are_known_already_take_no_time(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(BudgetTooShort):
        planned(30, monkeypatch, unknown=4_400)
    assert "the last layer only" in planned(30, monkeypatch, unknown=0).reason


def test_the_time_of_the_last_layer_is_taken_from_the_epochs(monkeypatch: pytest.MonkeyPatch):
    quick, slow = (planned(600, monkeypatch, head=head).settings["training.epochs"] for head in (1.0, 101.0))
    assert quick - slow == pytest.approx(100 * (200 / 7) / 4_200, rel=0.1)
    with pytest.raises(BudgetTooShort):
        planned(90, monkeypatch, head=90.0)


def test_the_time_that_measuring_takes_is_taken_from_the_epochs(monkeypatch: pytest.MonkeyPatch):
    quick, slow = (planned(600, monkeypatch, trial=trial).settings["training.epochs"] for trial in (0.0, 200.0))
    assert quick - slow == pytest.approx(200 * (200 / 7) / 4_200, rel=0.1)


def test_so_is_the_time_of_starting(monkeypatch: pytest.MonkeyPatch):
    before = planned(3600, monkeypatch).settings["training.epochs"]
    monkeypatch.setattr(module, "STARTING_SECONDS", module.STARTING_SECONDS + 500.0)
    after = planned(3600, monkeypatch).settings["training.epochs"]
    assert before - after == pytest.approx(500 / 148, rel=0.05)  # an epoch takes 148 s, validation included


def test_so_is_that_of_the_ends_of_epochs(monkeypatch: pytest.MonkeyPatch):
    before = planned(3600, monkeypatch).settings["training.epochs"]
    monkeypatch.setattr(module, "MORE_AFTER_EPOCH", module.MORE_AFTER_EPOCH + 50.0)
    assert planned(3600, monkeypatch).settings["training.epochs"] == pytest.approx(before * 148 / 198, rel=0.05)


def test_the_users_settings_stay_and_what_was_chosen_is_said(monkeypatch: pytest.MonkeyPatch):
    plan = planned(90, monkeypatch)
    assert plan.settings["training.batch_size"] == 16
    assert "the last layer only" in plan.reason
    assert "epochs of the last convolutions" in planned(900, monkeypatch).reason


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LENSMITH_HOME", str(tmp_path))
