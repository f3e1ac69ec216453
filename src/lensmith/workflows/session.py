"""What `train` and `--resume` have in common: fit, export, evaluate, and the report; and what becomes of the run."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from lensmith.backend import backend_name
from lensmith.config import Recipe
from lensmith.data import Dataset
from lensmith.diagnosis import DiagnoseRecord, Diagnosis
from lensmith.errors import Interrupted, RunError, TrainingDiverged
from lensmith.evaluation import Evaluation
from lensmith.export import export_artifact
from lensmith.inference import Predictor
from lensmith.locks import this_process
from lensmith.records import Record
from lensmith.rendering.progress import Screen, last_layer_line
from lensmith.rendering.terminal import skipped_sentence
from lensmith.runs import Run, note_look, now
from lensmith.training import (
    Checkpoint,
    Preparation,
    TrainingResult,
    ending_by_exception,
    fit,
    fit_last_layer,
    total_steps,
)
from lensmith.workflows.calibrate import soften_by_validation
from lensmith.workflows.diagnose import evidence_of, note_facts, record_of
from lensmith.workflows.measuring import evaluate_model
from lensmith.workflows.report import write_report


@dataclass(frozen=True)
class TrainRecord(Record):
    """What `train` returns and `--json` prints. Times are seconds, accuracies fractions.

    Attributes:
        run: Path of the run folder.
        parameters: Of the network.
        epochs, steps: Done in all.
        best_epoch: Whose weights the model has; 0 where only the last layer was fitted.
        train_seconds: From the first look at the data to the last step; import not.
        images_per_second: Training images seen / `train_seconds`, of this session where a run was resumed.
        total_seconds: The whole process.
        val_accuracy: Of the best epoch; `None` without validation data.
        test: On the test split; `None` where there is none.
        skipped: Files found and not used, by reason.
        diagnoses: What the curves and answers say is wrong, the gravest first.
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
    diagnoses: list[Diagnosis]


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


@dataclass(frozen=True)
class Session:
    """One process's work on a run.

    Attributes:
        run: Its folder, which this process holds.
        dataset, recipe: As they are for this run.
        callbacks: Keras callbacks of the caller's.
        clock: When things began.
        screen: To talk to.
    """

    run: Run
    dataset: Dataset
    recipe: Recipe
    callbacks: Sequence[Any]
    clock: Clock
    screen: Screen

    def complete(self, prepared: Preparation, start: Checkpoint | None = None) -> TrainRecord:
        """Train, export, evaluate and report, and write into `run.json` how that ended.

        Args:
            prepared: The network, ready to be trained.
            start: Where an earlier session has come to.
        """
        self.run.update(state="running", error=None, stopped=None, facts=None, process=this_process())
        go_on = f"What was done is kept. Go on: lensmith train --resume {self.run.path}"
        with self._state_kept(), ending_by_exception(go_on):
            return self._finish(self._fit(prepared, start))

    def _fit(self, prepared: Preparation, start: Checkpoint | None) -> TrainingResult:
        run, dataset, recipe, screen = self.run, self.dataset, self.recipe, self.screen
        screen.say(skipped_sentence(dataset))
        counts = ", ".join(f"{len(split):,} {name}" for name, split in dataset.splits.items())
        screen.say(
            f"{dataset.name}: {counts} images of {len(dataset.class_names)} classes. "
            f"Recipe {recipe.name}, run {run.path}."
        )
        steps = total_steps(recipe.training, len(dataset.train))
        done = start.state.step if start else 0
        showing = screen.training_callback(steps, len(dataset.train), recipe.training.batch_size, done)
        epoch_0 = None
        if recipe.training.transfer and not (start and start.state.history):
            epoch_0 = fit_last_layer(prepared.network, dataset, recipe, screen.computing_features())
            screen.say(last_layer_line(epoch_0))
        result = fit(run, dataset, recipe, prepared, [showing, *self.callbacks], start=start, epoch_0=epoch_0)
        for problem in result.problems:
            screen.warn(problem)
        return result

    def _finish(self, training: TrainingResult) -> TrainRecord:
        run, dataset, recipe, clock = self.run, self.dataset, self.recipe, self.clock
        train_seconds = time.perf_counter() - clock.data
        self.screen.say("Exporting, evaluating and writing the report.")
        fitted = soften_by_validation(training.model, dataset, self.screen)
        exported = export_artifact(run, training.model, dataset, fitted.value if fitted else None)
        predictor = Predictor(run.onnx_file, run.artifact)
        if dataset.test:
            note_look(run.path.parent, dataset.fingerprint, "train", [run.name])
        evaluated = evaluate_model(run, predictor, dataset, recipe, "test") if dataset.test else None
        test = evaluated.evaluation if evaluated else None
        diagnosed = self._diagnose(training, predictor)
        record = _record(run, dataset, recipe, training, train_seconds, test, diagnosed.diagnoses)
        if run.info.get("rejection"):
            self.screen.warn(f"Every image is answered again. Choose a threshold anew: lensmith calibrate {run.path}")
        run.update(temperature=fitted, rejection=None)
        finished = replace(record, total_seconds=round(time.perf_counter() - clock.command, 3))
        run.update(finished=now(), result=finished, problems=training.problems, new_epochs=training.new_epochs)
        write_report(run, dataset, recipe, training, exported, evaluated, diagnosed)
        run.update(state="finished")  # last, so that what is called finished has all its files
        return replace(finished, total_seconds=round(time.perf_counter() - clock.command, 3))

    def _diagnose(self, training: TrainingResult, predictor: Predictor) -> DiagnoseRecord:
        """Look at curves, answers and units; what goes wrong with that must not cost the training."""
        try:
            self.run.update(facts=note_facts(training, predictor, self.dataset, self.recipe))
            return record_of(self.run, evidence_of(self.run))
        except Exception as error:
            self.screen.warn(f"What the curves say could not be told: {type(error).__name__}: {error}")
            return DiagnoseRecord(str(self.run.path), self.run.state, training.epochs, "nothing", [])

    @contextlib.contextmanager
    def _state_kept(self) -> Iterator[None]:
        """Write into `run.json` how a run ended that did not finish."""
        try:
            yield
        except BaseException as error:
            stopped = isinstance(error, Interrupted)
            state = "interrupted" if stopped else "diverged" if isinstance(error, TrainingDiverged) else "failed"
            what = None if stopped else f"{type(error).__name__}: {error}"
            with contextlib.suppress(RunError):  # a full disk must not hide what went wrong
                self.run.update(state=state, stopped=now(), error=what)
            raise


def _record(
    run: Run,
    dataset: Dataset,
    recipe: Recipe,
    training: TrainingResult,
    train_seconds: float,
    test: Evaluation | None,
    diagnoses: list[Diagnosis],
) -> TrainRecord:
    accuracy = (training.best_row or {}).get("val_accuracy")
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
        diagnoses=diagnoses,
    )
