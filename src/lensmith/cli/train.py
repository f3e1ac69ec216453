"""`lensmith train`: begin a run, or go on with one."""

import time
from typing import Annotated

import typer

from lensmith.cli.options import DATA_HELP, Json, Quiet, Runs, Trust
from lensmith.cli.printing import print_record, set_screen
from lensmith.errors import LensmithError

# The processor time so far is nearly the time since the process began: it has only imported until here.
STARTED = time.perf_counter() - time.process_time()

Data = Annotated[str | None, typer.Argument(metavar="DATA", help=DATA_HELP)]
Recipe = Annotated[str, typer.Option("--recipe", "-r", help="A recipe's name (`lensmith models`) or a .toml file.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override one value of the recipe; repeatable.")
]
Epochs = Annotated[float | None, typer.Option(help="Short for --set training.epochs=…; the last may be a part of one.")]
BatchSize = Annotated[int | None, typer.Option(help="Short for --set training.batch_size=…")]
LearningRate = Annotated[float | None, typer.Option(help="Short for --set training.optimizer.learning_rate=…")]
Seed = Annotated[int | None, typer.Option(help="Of everything random. Default: the recipe's, 0.")]
Budget = Annotated[
    str | None, typer.Option(metavar="TIME", help="Train the best classifier in this time, all included: 90s, 10m, 2h.")
]
Name = Annotated[str | None, typer.Option(help="Name of the run. Default: <data>-<recipe>-<n>.")]
Force = Annotated[
    bool,
    typer.Option(
        "--force", help="Replace a run of that name; with --resume: go on although versions or images have changed."
    ),
]
Resume = Annotated[
    str | None, typer.Option(metavar="RUN", help="Go on with a run, or train a finished one to more --epochs.")
]
Backend = Annotated[str | None, typer.Option(help="Keras backend: tensorflow, jax or torch.")]
TensorBoard = Annotated[bool, typer.Option("--tensorboard", help="TensorBoard logs in the run folder.")]


def train(
    data: Data = None,
    recipe: Recipe = "auto",
    settings: Settings = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    seed: Seed = None,
    budget: Budget = None,
    name: Name = None,
    runs: Runs = None,
    force: Force = False,
    resume: Resume = None,
    trust: Trust = False,
    backend: Backend = None,
    tensorboard: TensorBoard = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train, evaluate and export a classifier; everything goes into one run folder."""
    if (data is None) == (resume is None):
        raise LensmithError("Give DATA to train on, or --resume RUN to go on with a run: one of the two.")
    from lensmith.backend import choose_backend
    from lensmith.config import parse_settings
    from lensmith.workflows.session import COMMAND_STARTED

    short_forms = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
        "training.tensorboard": tensorboard or None,
    }
    overrides = parse_settings(settings or []) | {key: value for key, value in short_forms.items() if value is not None}
    if trust and resume is None:
        raise LensmithError("--trust is for a run that is there already: give it with --resume RUN.")
    if resume is not None and (set(overrides) - {"epochs"} or recipe != "auto" or name or backend or budget):
        raise LensmithError("--resume goes on with the run's own recipe; only --epochs can be changed.")
    if backend is not None:
        choose_backend(backend)
    COMMAND_STARTED.set(STARTED)
    set_screen(quiet)
    if resume is not None:
        from lensmith.workflows.resume import resume as go_on

        record = go_on(resume, epochs=epochs, runs=runs, force=force, trust=trust)
    else:
        from lensmith.workflows.train import train as begin

        record = begin(str(data), recipe, set=overrides, name=name, runs=runs, force=force, budget=budget)
    if not print_record(record, json):
        from lensmith.rendering.terminal import training_lines

        print(training_lines(record))
