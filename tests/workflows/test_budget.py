import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lensmith
from lensmith.config import Recipe, load_recipe
from lensmith.data import Dataset, Split
from lensmith.errors import LensmithError
from lensmith.training import Throughput
from lensmith.workflows import budget as module
from lensmith.workflows.auto import network_settings
from lensmith.workflows.budget import Budget, Load, Plan, parse_budget
from lensmith.workflows.sizes import DEFAULT_SIZE, MOVING, SIZES, Size, cost, relative_cost

FLOAT32 = MOVING["float32"]


def of(n: int, side: int = 32) -> Dataset:
    train = Split(np.zeros((1, side, side, 3), np.uint8), np.zeros(n, int), np.zeros(n, int), [""] * n)
    return Dataset("x", "x", ("a", "b"), train, None, None)


def load(settings: Mapping[str, Any]) -> Recipe:
    return load_recipe("fast", {"training.dtype_policy": "float32"}, base=settings)


def planned(
    seconds: float,
    rate: float,
    monkeypatch: pytest.MonkeyPatch,
    *,
    dataset: Dataset | None = None,
    sized: bool = True,
    load: Load = load,
) -> Plan:
    """Plan for a machine that trains the default network at `rate` images a second."""
    dataset = dataset or of(50_000)

    def measured(dataset: Dataset, recipe: Recipe, _: float) -> Throughput:
        widths = recipe.model.arguments.get("widths", [32, 64, 64])
        size = next(its for its in SIZES if network_settings(dataset, its)["model.arguments.widths"] == widths)
        small = (32, 32, 3)
        its = rate * cost(small, DEFAULT_SIZE, FLOAT32) / cost(dataset.image_shape, size, FLOAT32)
        return Throughput(its, 3 * its, 2.0)

    monkeypatch.setattr(module, "measure_throughput", measured)

    def reopen(recipe: Recipe) -> Dataset:
        assert dataset
        return of(len(dataset.train), recipe.data.image_size)

    return Budget(seconds, time.perf_counter()).plan(dataset, load, reopen, {}, sized=sized)


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
    rate = 2000 / relative_cost(dataset.image_shape, size, FLOAT32)
    seconds = epochs * 50_000 / rate + np.ceil(epochs) * module.EPOCH_SECONDS
    whole = seconds + 2.0 + module.FINISHING_SECONDS
    assert whole == pytest.approx(module.AIMED_AT * 600, rel=0.01)


def test_the_network_is_no_narrower_than_without_a_budget_where_there_is_time_for_that(monkeypatch: pytest.MonkeyPatch):
    few = of(250)
    many_classes = replace(of(50_000), class_names=tuple(map(str, range(100))))
    assert [size_of(planned(seconds, 900, monkeypatch, dataset=few)).last for seconds in (20, 90)] == [32, 128]
    wide = [size_of(planned(seconds, 2000, monkeypatch, dataset=many_classes)) for seconds in (60, 400)]
    assert [its.last for its in wide] == [64, 128]


def test_other_recipes_keep_their_network(monkeypatch: pytest.MonkeyPatch):
    plan = planned(120, 2000, monkeypatch, sized=False)
    assert set(plan.settings) == {"training.epochs"}
    assert "filters" not in plan.reason


def test_predicting_the_test_images_as_often_as_the_recipe_wants_takes_its_time(monkeypatch: pytest.MonkeyPatch):
    dataset = replace(of(50_000), test=of(10_000).train)

    def with_tta(kind: str) -> float:
        def load_it(settings: Mapping[str, Any]) -> Recipe:
            return load_recipe("cifar10-94", {"evaluation.tta": kind, "training.dtype_policy": "float32"}, settings)

        plan = planned(600, 2000, monkeypatch, dataset=dataset, sized=False, load=load_it)
        return float(plan.settings["training.epochs"])

    # Six views instead of one: 50,000 predictions more, each a third of a training step.
    assert with_tta("none") - with_tta("shift") == pytest.approx(1 / 3, abs=0.02)


def test_it_says_what_was_measured_and_chosen(monkeypatch: pytest.MonkeyPatch):
    plan = planned(60, 2000, monkeypatch)
    assert plan.reason.startswith("Budget 60 s: this machine trains ")
    assert "images/s" in plan.reason
    assert f"{plan.settings['training.epochs']:g} epochs" in plan.reason


def test_it_names_the_filters_of_the_user_where_there_are_any(monkeypatch: pytest.MonkeyPatch):
    def narrow(settings: Mapping[str, Any]) -> Recipe:
        return load_recipe(
            "fast", {"training.dtype_policy": "float32", "model.arguments.widths": [32, 64, 64]}, settings
        )

    assert "filters 32, 64, 64; " in planned(1200, 2000, monkeypatch, load=narrow).reason


def test_of_few_images_no_more_passes_are_planned_than_do_good(monkeypatch: pytest.MonkeyPatch):
    plan = planned(36_000, 2000, monkeypatch, dataset=of(100))
    assert plan.settings["training.epochs"] == module.MOST_EPOCHS
    assert "1000 epochs, the most that are planned" in plan.reason


def test_steps_of_different_lengths_are_refused(monkeypatch: pytest.MonkeyPatch):
    def growing(settings: Mapping[str, Any]) -> Recipe:
        parts = [{"until": 0.5, "size": 16}]
        return load_recipe("fast", {"training.progressive_resizing": parts}, settings)

    with pytest.raises(LensmithError, match="does not reckon with training"):
        planned(60, 2000, monkeypatch, load=growing)


def test_too_short_a_budget_names_the_least_that_would_do_and_that_does(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(LensmithError, match=r"A budget of 5 s is too short.*Give at least --budget \d+s") as refused:
        planned(5, 2000, monkeypatch)
    least = float(str(refused.value).rpartition("--budget ")[2].rstrip("s."))
    assert planned(least, 2000, monkeypatch).settings["training.epochs"] > 0


@pytest.mark.parametrize(("seconds", "rate", "side"), [(60, 4000, 64), (60, 1500, 48), (300, 4000, None)])
def test_large_images_are_made_smaller_where_a_short_training_would_see_too_few(
    seconds: float, rate: float, side: int | None, monkeypatch: pytest.MonkeyPatch
):
    plan = planned(seconds, rate, monkeypatch, dataset=of(5_000, 96))
    assert plan.settings.get("data.image_size") == side
    assert plan.dataset.image_shape[0] == (side or 96)
    assert (f"images of {side} pixels" in plan.reason) == bool(side)


def test_other_backends_are_refused_before_anything_is_tried(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "compiles_steps", lambda: False)
    with pytest.raises(LensmithError, match=r"a given time needs TensorFlow.*Train with --epochs\."):
        Budget(60, time.perf_counter()).plan(of(100), load, lambda recipe: of(100), {}, sized=True)


@pytest.mark.slow
def test_a_run_with_a_budget_ends_in_time_and_its_recipe_repeats_it_bit_for_bit(tmp_path: Path):
    began = time.perf_counter()
    first = lensmith.train("digits", budget="40s", runs=tmp_path)
    assert time.perf_counter() - began < 42
    again = lensmith.train("digits", Path(first.run) / "recipe.toml", runs=tmp_path)
    assert again.steps == first.steps
    weights = [lensmith.load_run(its.run).model.get_weights() for its in (first, again)]
    assert all((a == b).all() for a, b in zip(*weights, strict=True))


def test_an_empty_budget_is_no_budget(tmp_path: Path):
    with pytest.raises(LensmithError, match="--budget '' is no time"):
        lensmith.train("digits", budget="", runs=tmp_path)


def test_epochs_and_a_budget_are_not_both_taken(tmp_path: Path):
    with pytest.raises(LensmithError, match="--budget chooses the epochs: give it or --epochs, not both"):
        lensmith.train("digits", budget="40s", set={"epochs": 3}, runs=tmp_path)
