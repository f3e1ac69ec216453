import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from lensmith.config import Recipe, load_recipe
from lensmith.data import Dataset, Split
from lensmith.errors import LensmithError
from lensmith.training import Throughput
from lensmith.workflows import budget as module
from lensmith.workflows.auto import DEFAULT_SIZE, SIZES, Size, network_settings
from lensmith.workflows.budget import Budget, Plan, parse_budget, relative_cost


def of(n: int, side: int = 32) -> Dataset:
    train = Split(np.zeros((1, side, side, 3), np.uint8), np.zeros(n, int), np.zeros(n, int), [""] * n)
    return Dataset("x", "x", ("a", "b"), train, None, None)


def load(settings: Mapping[str, Any]) -> Recipe:
    return load_recipe("fast", base=settings)


def planned(
    seconds: float, rate: float, monkeypatch: pytest.MonkeyPatch, *, dataset: Dataset | None = None, sized: bool = True
) -> Plan:
    """Plan for a machine that trains the default network at `rate` images a second."""
    dataset = dataset or of(50_000)

    def measured(dataset: Dataset, recipe: Recipe, _: float) -> Throughput:
        widths = recipe.model.arguments["widths"]
        size = next(its for its in SIZES if network_settings(dataset, its)["model.arguments.widths"] == widths)
        return Throughput(rate / relative_cost(dataset, size), 2.0)

    monkeypatch.setattr(module, "measure_throughput", measured)
    return Budget(seconds, time.perf_counter()).plan(dataset, load, sized=sized)


def size_of(plan: Plan) -> Size:
    widths = plan.settings["model.arguments.widths"]
    return next(its for its in SIZES if network_settings(of(1), its)["model.arguments.widths"] == widths)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), (" 1.5 m ", 90), ("0.5h", 1800)]
)
def test_a_budget_is_read_in_seconds_minutes_or_hours(text: str, seconds: float):
    assert parse_budget(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "m", "-5m", "1d", "0s", "1m30s", "nan s"])
def test_what_is_no_time_is_refused(text: str):
    with pytest.raises(LensmithError, match=r"is no time\. Expected a number with s, m or h, such as 90s"):
        parse_budget(text)


def test_a_longer_budget_or_a_faster_machine_takes_a_wider_network(monkeypatch: pytest.MonkeyPatch):
    sizes = [size_of(planned(seconds, 2000, monkeypatch)) for seconds in (60, 300, 1200)]
    assert sizes[0].last < sizes[1].last < sizes[2].last
    assert size_of(planned(300, 20_000, monkeypatch)).last > sizes[1].last


def test_the_network_sees_as_many_images_as_its_width_is_worth(monkeypatch: pytest.MonkeyPatch):
    for seconds in (60, 120, 600, 3600):
        plan = planned(seconds, 2000, monkeypatch)
        assert plan.settings["training.epochs"] * 50_000 >= 0.9 * size_of(plan).images


def test_the_epochs_fill_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch):
    plan = planned(600, 2000, monkeypatch)
    dataset, size = of(50_000), size_of(plan)
    epochs = plan.settings["training.epochs"]
    seconds = epochs * 50_000 / (2000 / relative_cost(dataset, size)) + np.ceil(epochs) * module.EPOCH_SECONDS
    whole = seconds + 2.0 + module.FINISHING_SECONDS
    assert whole == pytest.approx(module.AIMED_AT * 600, rel=0.01)


def test_other_recipes_keep_their_network(monkeypatch: pytest.MonkeyPatch):
    plan = planned(120, 2000, monkeypatch, sized=False)
    assert set(plan.settings) == {"training.epochs"}
    assert "Filters" not in plan.reason


def test_it_says_what_was_measured_and_chosen(monkeypatch: pytest.MonkeyPatch):
    plan = planned(60, 2000, monkeypatch)
    assert plan.reason.startswith("Budget 60 s: this machine trains ")
    assert "images/s" in plan.reason
    assert f"{plan.settings['training.epochs']:g} epochs" in plan.reason


def test_too_short_a_budget_names_the_least_that_would_do_and_that_does(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(LensmithError, match=r"A budget of 5 s is too short.*Give at least --budget \d+s") as refused:
        planned(5, 2000, monkeypatch)
    least = float(str(refused.value).rpartition("--budget ")[2].rstrip("s."))
    assert planned(least, 2000, monkeypatch).settings["training.epochs"] > 0


def test_the_cost_of_a_network_grows_with_its_width_and_not_with_the_image():
    costs = [relative_cost(of(1), size) for size in SIZES]
    assert costs == sorted(costs)
    assert relative_cost(of(1), DEFAULT_SIZE) == 1.0
    assert relative_cost(of(1, 64), SIZES[-1]) == pytest.approx(costs[-1], rel=0.7)
