"""`train`: DATA to a run folder with a trained, evaluated, exported model and a report."""

import contextlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lensmith.backend import backend_name, make_deterministic, start_keras
from lensmith.config import Recipe, load_recipe, to_toml
from lensmith.data import Dataset, kind_of, open_dataset
from lensmith.errors import Interrupted, LensmithError, RunError, TrainingDiverged
from lensmith.evaluation import Evaluation, count_views
from lensmith.export import export_artifact
from lensmith.records import Record
from lensmith.rendering.progress import Screen, current_screen
from lensmith.rendering.terminal import skipped_sentence
from lensmith.runs import Run, check_destination, create_run, find_run, now, write_text
from lensmith.training import Preparation, TrainingResult, fit, prepare, read_state, settle, total_steps
from lensmith.workflows.auto import CHOOSING, choose_settings, load_chosen
from lensmith.workflows.budget import Budget, parse_budget
from lensmith.workflows.evaluate import evaluate_model
from lensmith.workflows.provenance import command_line, open_data_of, provenance, recipe_of
from lensmith.workflows.report import write_report


@dataclass(frozen=True)
class TrainRecord(Record):
    """What `train` returns and `--json` prints. Times are seconds, accuracies fractions.

    Attributes:
        run: Path of the run folder.
        parameters: Of the network.
        epochs, steps: Done in all.
        best_epoch: Whose weights the model has.
        train_seconds: From the first look at the data to the last step; import not.
        images_per_second: Training images seen / `train_seconds`, of this session where a run was resumed.
        total_seconds: The whole process.
        val_accuracy: Of the best epoch; `None` without validation data.
        test: On the test split; `None` where there is none.
        skipped: Files found and not used, by reason.
    """

    run: str
    name: str
    data: str
    recipe: str
    backend: str
    seed: int
    parameters: int
    epochs: int
    steps: int
    best_epoch: int
    train_seconds: float
    images_per_second: float
    total_seconds: float
    val_accuracy: float | None
    test: Evaluation | None
    skipped: dict[str, int]


@dataclass
class Clock:
    """When things began, by `time.perf_counter`: the command, and its first look at the data."""

    command: float
    data: float = 0.0

    @classmethod
    def start(cls) -> "Clock":
        """Start with the process where the command line has said when that was, else now."""
        return cls(COMMAND_STARTED.get() or time.perf_counter())


COMMAND_STARTED: ContextVar[float | None] = ContextVar("command_started", default=None)
"""When the process began, by `time.perf_counter`; set by the command line."""


def train(  # noqa: PLR0913  (these are the options of a command)
    data: str | Path,
    recipe: str | Path = "auto",
    *,
    set: Mapping[str, Any] | None = None,
    name: str | None = None,
    runs: str | Path | None = None,
    force: bool = False,
    budget: str | None = None,
    callbacks: Sequence[Any] = (),
) -> TrainRecord:
    """Train, evaluate and export a classifier, and write it all into a new run folder.

    Args:
        data: A built-in name, a folder, a `.csv` or a `.npz`.
        recipe: A name (`lensmith models` lists them) or a `.toml` file.
        set: Settings laid over the recipe, by dotted key: `{"training.epochs": 3, "seed": 1}`; `epochs`,
            `batch_size` and `learning_rate` have short forms.
        name: Of the run; `<data>-<recipe>-<n>` by default.
        runs: Folder the run goes in; `$LENSMITH_RUNS` or `./runs` by default.
        force: Replace a run of that name.
        budget: Time from now to the end, such as `90s`, `10m` or `2h`: as large a network and as many epochs as
            fit in it. Recipes other than `auto` and `fast` keep their network.
        callbacks: Keras callbacks to train with.

    Raises:
        LensmithError: Anything about the input that cannot work; then no run is made and none replaced.
        TrainingDiverged: The loss became NaN or infinite.
        Interrupted: Ctrl-C; the run can be resumed.
    """
    clock, overrides = Clock.start(), dict(set or {})
    resolved = load_recipe(recipe, overrides)
    limit = Budget(parse_budget(budget), clock.command) if budget else None
    if limit and overrides.keys() & {"epochs", "training.epochs"}:
        raise LensmithError("--budget chooses the epochs: give it or --epochs, not both.")
    kind_of(str(data))  # so that a mistyped path is answered before Keras has started
    check_destination(name, runs, force=force)
    with current_screen() as screen:
        start_keras()
        clock.data = time.perf_counter()
        dataset = open_dataset(data, resolved.data, resolved.seed, screen.decoding())
        resolved, dataset = _suited(recipe, overrides, dataset, limit, screen)
        resolved = _settled(resolved, screen)
        make_deterministic(resolved.seed)
        prepared = prepare(dataset, resolved)
        count_views(resolved.evaluation.tta, dataset.image_shape)  # refuses images that are too small
        run = create_run(f"{dataset.name}-{resolved.name}", name, runs, force=force)
        write_text(run.recipe_file, to_toml(resolved))
        run.update(**provenance(dataset, resolved))
        with _state_kept(run):
            training = _fit(run, dataset, resolved, prepared, callbacks, screen, resume=False)
            return _finish(run, dataset, resolved, training, clock, screen)


def resume(
    run: str | Path,
    *,
    epochs: float | None = None,
    runs: str | Path | None = None,
    callbacks: Sequence[Any] = (),
) -> TrainRecord:
    """Go on with an interrupted run, or train a finished one further.

    An epoch that was interrupted is begun again, so on the same machine the result is that of a run that was
    never interrupted.

    Args:
        run: A run folder, a run's name, or `latest`.
        epochs: To train to, in all; the recipe's by default. A learning-rate schedule that spans the
            training spans this many.
        runs: The runs root.
        callbacks: As for `train`.

    Raises:
        RunError: No such run, no checkpoint, or the data has changed since.
    """
    clock, found = Clock.start(), find_run(run, runs)
    recipe = recipe_of(found, {} if epochs is None else {"training.epochs": epochs})
    _check_goes_on(found, recipe)
    with current_screen() as screen:
        start_keras(found.info.get("backend"))
        clock.data = time.perf_counter()
        dataset = open_data_of(found, recipe, screen)
        make_deterministic(recipe.seed)
        prepared = prepare(dataset, recipe)
        write_text(found.recipe_file, to_toml(recipe))
        resumed = [*found.info.get("resumed", []), {"at": now(), "command": command_line()}]
        found.update(state="running", resumed=resumed, error=None, stopped=None)
        with _state_kept(found):
            training = _fit(found, dataset, recipe, prepared, callbacks, screen, resume=True)
            return _finish(found, dataset, recipe, training, clock, screen)


def _check_goes_on(run: Run, recipe: Recipe) -> None:
    """Refuse epochs that a run has behind it, and more than those of one that ended within an epoch."""
    done, before = read_state(run.checkpoints).epoch, recipe_of(run, {}).training.epochs
    wanted = recipe.training.epochs
    if math.ceil(wanted) < done:
        raise RunError(f"Run {run.name} has {done} epochs already. Give --epochs {done} or more.")
    if before % 1 and done == math.ceil(before) and wanted != before:
        raise RunError(
            f"Run {run.name} ended within an epoch, after {before:g}, and cannot be trained further. "
            f"Train anew: lensmith train {run.info['data']['source']} --recipe {run.recipe_file} --epochs {wanted:g}"
        )


def _suited(
    recipe: str | Path,
    overrides: Mapping[str, Any],
    dataset: Dataset,
    budget: Budget | None,
    screen: Screen,
) -> tuple[Recipe, Dataset]:
    """Lay what suits the images, and the budget, under the user's own settings."""
    chooses = str(recipe) in CHOOSING  # not a file of the user's that is called auto.toml

    def load(settings: Mapping[str, Any]) -> Recipe:
        return (load_chosen if chooses else load_recipe)(recipe, overrides, settings)

    def reopen(its: Recipe) -> Dataset:
        return open_dataset(dataset.source, its.data, its.seed, screen.decoding())

    if not budget:
        return load(choose_settings(dataset) if chooses else {}), dataset
    plan = budget.plan(dataset, load, reopen, sized=chooses)
    screen.say(plan.reason)
    return load(plan.settings), plan.dataset


def _settled(recipe: Recipe, screen: Screen) -> Recipe:
    """Settle what the recipe leaves to the machine, and say what is left out."""
    settled = settle(recipe)
    if recipe.training.progressive_resizing and not settled.training.progressive_resizing:
        screen.say(f"All images are seen at full size: progressive resizing needs TensorFlow, not {backend_name()}.")
    return settled


def _fit(
    run: Run,
    dataset: Dataset,
    recipe: Recipe,
    prepared: Preparation,
    callbacks: Sequence[Any],
    screen: Screen,
    *,
    resume: bool,
) -> TrainingResult:
    screen.say(skipped_sentence(dataset))
    counts = ", ".join(f"{len(split):,} {name}" for name, split in dataset.splits.items())
    screen.say(
        f"{dataset.name}: {counts} images of {len(dataset.class_names)} classes. Recipe {recipe.name}, run {run.path}."
    )
    steps = total_steps(recipe.training, len(dataset.train))
    showing = screen.training_callback(steps, len(dataset.train), recipe.training.batch_size)
    return fit(run, dataset, recipe, prepared, [showing, *callbacks], resume=resume)


def _finish(
    run: Run, dataset: Dataset, recipe: Recipe, training: TrainingResult, clock: Clock, screen: Screen
) -> TrainRecord:
    train_seconds = time.perf_counter() - clock.data
    screen.say("Exporting, evaluating and writing the report.")
    exported = export_artifact(run, training.model, dataset)
    evaluated = evaluate_model(run, training.model, dataset, recipe, "test") if dataset.test else None
    record = _record(run, dataset, recipe, training, train_seconds, evaluated.evaluation if evaluated else None)
    finished = replace(record, total_seconds=round(time.perf_counter() - clock.command, 3))
    run.update(state="finished", finished=now(), result=finished)
    write_report(run, dataset, recipe, training, exported, evaluated)
    return replace(finished, total_seconds=round(time.perf_counter() - clock.command, 3))


@contextlib.contextmanager
def _state_kept(run: Run) -> Iterator[None]:
    """Write into `run.json` how a run ended that did not finish."""
    try:
        yield
    except BaseException as error:
        stopped = isinstance(error, (Interrupted, KeyboardInterrupt))
        state = "interrupted" if stopped else "diverged" if isinstance(error, TrainingDiverged) else "failed"
        with contextlib.suppress(RunError):  # a full disk must not hide what went wrong
            run.update(state=state, stopped=now(), error=None if stopped else f"{type(error).__name__}: {error}")
        raise


def _record(
    run: Run,
    dataset: Dataset,
    recipe: Recipe,
    training: TrainingResult,
    train_seconds: float,
    test: Evaluation | None,
) -> TrainRecord:
    best = next((row for row in training.history if row["epoch"] == training.best_epoch), {})
    accuracy = best.get("val_accuracy")
    return TrainRecord(
        run=str(run.path),
        name=run.name,
        data=dataset.source,
        recipe=recipe.name,
        backend=backend_name(),
        seed=recipe.seed,
        parameters=training.parameters,
        epochs=training.epochs,
        steps=training.steps,
        best_epoch=training.best_epoch,
        train_seconds=round(train_seconds, 3),
        images_per_second=round(training.new_images / train_seconds, 1),
        total_seconds=0.0,
        val_accuracy=float(accuracy) if accuracy is not None else None,
        test=test,
        skipped=dataset.skipped_by_reason,
    )
