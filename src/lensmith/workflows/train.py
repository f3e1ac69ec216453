"""`train`: DATA to a run folder with a trained, evaluated, exported model and a report."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lensmith.architecture import BrokenRule, broken_rules, calls_of
from lensmith.backend import backend_name, make_deterministic, start_keras
from lensmith.config import Recipe, load_recipe, to_toml
from lensmith.data import BUILTINS, Dataset, kind_of, open_dataset
from lensmith.errors import LensmithError
from lensmith.evaluation import count_views
from lensmith.health import Finding, balance_of, check_quickly
from lensmith.locks import locked
from lensmith.rendering.health import finding_line
from lensmith.rendering.progress import Screen, current_screen
from lensmith.rendering.summary import rule_line
from lensmith.runs import check_destination, create_run
from lensmith.training import prepare, settle, spell_out
from lensmith.workflows.auto import CHOOSING, LOOKED_AT, choose_beginning, choose_recipe, choose_settings, load_chosen
from lensmith.workflows.budget import Budget, BudgetTooShort, parse_budget
from lensmith.workflows.budget_transfer import plan_transfer
from lensmith.workflows.provenance import provenance
from lensmith.workflows.session import Clock, Session, TrainRecord
from lensmith.workflows.start_from import settings_from
from lensmith.workflows.summary import objective_of


def train(  # noqa: PLR0913  (these are the options of a command)
    data: str | Path,
    recipe: str | Path = "auto",
    *,
    set: Mapping[str, Any] | None = None,
    name: str | None = None,
    runs: str | Path | None = None,
    force: bool = False,
    budget: str | None = None,
    from_run: str | Path | None = None,
    trust: bool = False,
    callbacks: Sequence[Any] = (),
) -> TrainRecord:
    """Train, evaluate and export a classifier, and write it all into a new run folder.

    Args:
        data: A built-in name, a folder, a `.csv` or a `.npz`.
        recipe: A name (`lensmith models` lists them) or a `.toml` file.
        set: Settings laid over the recipe, by dotted key: `{"training.epochs": 3, "seed": 1}`; `epochs`,
            `batch_size`, `learning_rate`, `augment`, `group` and `tensorboard` are short for longer ones.
        name: Of the run; `<data>-<recipe>-<n>` by default.
        runs: Folder the run goes in; `$LENSMITH_RUNS` or `./runs` by default.
        force: Replace a run of that name.
        budget: Time from now to the end, such as `90s`, `10m` or `2h`: as large a network and as many epochs as
            fit in it. Recipes other than `auto` and `fast`, and `auto` for photos, keep their network.
        from_run: Begin with the network of that run, but for its last layer; `auto` is then `transfer`.
        trust: Whether that run is one's own: its files may be links to other places.
        callbacks: Keras callbacks to train with.

    Raises:
        LensmithError: Anything about the input that cannot work; then no run is made and none replaced.
        TrainingDiverged: The loss became NaN or infinite.
        Interrupted: Ctrl-C or SIGTERM; the run can be resumed.
    """
    clock, overrides = Clock.start(), dict(set or {})
    if recipe == "auto":
        recipe = choose_beginning(overrides, from_run)
    if from_run is not None:
        overrides = settings_from(from_run, runs, name=name, trust=trust) | overrides
    resolved = load_recipe(recipe, overrides, base=LOOKED_AT if recipe == "auto" else {})
    limit = _limit(budget, clock, overrides)
    kind_of(str(data))  # so that a mistyped path is answered before Keras has started
    check_destination(name, runs, force=force)
    with current_screen() as screen:
        start_keras()
        clock.data = time.perf_counter()
        dataset = open_dataset(data, resolved.data, screen.decoding())
        resolved, dataset = _suited(recipe, overrides, dataset, limit, screen)
        findings = _look_over(dataset, screen)
        resolved = _settled(resolved, screen)
        make_deterministic(resolved.seed)
        prepared = prepare(dataset, resolved)
        broken = _name_broken_rules(prepared.network, resolved, dataset, screen)
        count_views(resolved.evaluation.tta, dataset.image_shape)  # refuses images that are too small
        info = provenance(dataset, resolved) | {"findings": findings, "broken_rules": broken}
        run = create_run(
            f"{dataset.name}-{resolved.name}", name, runs, force=force, info=info, recipe=to_toml(resolved)
        )
        with locked(run.path):
            return Session(run, dataset, resolved, callbacks, clock, screen).complete(prepared)


def _limit(budget: str | None, clock: Clock, overrides: Mapping[str, Any]) -> Budget | None:
    if budget is not None and overrides.keys() & {"epochs", "training.epochs"}:
        raise LensmithError("--budget chooses the epochs: give it or --epochs, not both.")
    return Budget(parse_budget(budget), clock.command) if budget is not None else None


def _look_over(dataset: Dataset, screen: Screen) -> list[Finding]:
    """Warn of what is found without taking long; what is known by name has been looked at."""
    findings = [] if dataset.source in BUILTINS else check_quickly(dataset)
    for its in findings:
        screen.warn(finding_line(its, dataset.source))
    return findings


def _name_broken_rules(network: Any, recipe: Recipe, dataset: Dataset, screen: Screen) -> list[BrokenRule]:
    """Warn of what a network for classes usually has and this one has not, or the other way round."""
    calls = calls_of(network)
    broken = [] if calls.problem else broken_rules(calls, objective_of(recipe, len(dataset.class_names)))
    for its in broken:
        screen.warn(rule_line(its))
    return broken


def _suited(
    recipe: str | Path,
    overrides: Mapping[str, Any],
    dataset: Dataset,
    budget: Budget | None,
    screen: Screen,
) -> tuple[Recipe, Dataset]:
    """Lay what suits the images, and the budget, under the user's own settings."""
    if str(recipe) not in CHOOSING:  # such as a file of the user's that is called auto.toml
        return _planned(str(recipe), overrides, dataset, budget, screen)
    chosen = choose_recipe(str(recipe), dataset)
    if chosen != recipe:
        screen.say(f"These are photos: the recipe is {chosen}.")
    try:
        return _planned(chosen, overrides, dataset, budget, screen)
    except BudgetTooShort:
        if chosen == recipe:
            raise
    screen.say(f"The budget is too short for {chosen}; the recipe is fast instead.")
    its = load_recipe("fast", overrides)
    smaller = open_dataset(dataset.source, its.data, screen.decoding())
    return _planned("fast", overrides, smaller, budget, screen)


def _planned(
    recipe: str,
    overrides: Mapping[str, Any],
    dataset: Dataset,
    budget: Budget | None,
    screen: Screen,
) -> tuple[Recipe, Dataset]:
    """Resolve a recipe for these images, and for a budget where there is one."""
    chooses = recipe in CHOOSING

    def load(settings: Mapping[str, Any]) -> Recipe:
        return spell_out((load_chosen if chooses else load_recipe)(recipe, overrides, settings), dataset.color)

    def reopen(its: Recipe) -> Dataset:
        return open_dataset(dataset.source, its.data, screen.decoding())

    settings = choose_settings(recipe, dataset) if chooses else {}
    if "training.class_weights" in settings and load(settings).training.class_weights:
        ratio = balance_of(dataset.class_counts).ratio
        screen.say(
            f"The largest class has {ratio:.0f} times the images of the smallest. So that all classes count the same, "
            "images of small ones weigh more (training.class_weights)."
        )
    if not budget:
        return load(settings), dataset
    if load(settings).training.transfer:
        plan = plan_transfer(budget, dataset, load, settings, screen.computing_features())
    else:
        sized = chooses and load(settings).model.builder == load_recipe(recipe).model.builder
        plan = budget.plan(dataset, load, reopen, settings, sized=sized)
    screen.say(plan.reason)
    return load(plan.settings), plan.dataset


def _settled(recipe: Recipe, screen: Screen) -> Recipe:
    """Settle what the recipe leaves to the machine, and say what is left out."""
    settled = settle(recipe)
    if recipe.training.progressive_resizing and not settled.training.progressive_resizing:
        screen.say(f"All images are seen at full size: progressive resizing needs TensorFlow, not {backend_name()}.")
    return settled
