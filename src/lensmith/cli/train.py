"""`lensmith train`: begin a run, or go on with one."""

import time
from typing import Annotated, Any

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
Augment = Annotated[
    str | None,
    typer.Option(metavar="PRESET", help="Short for --set training.augmentation=…: none, light, standard or strong."),
]
Group = Annotated[
    str | None,
    typer.Option(help="Short for --set data.group=…: keep files alike by `name` or by `time` on one side of a split."),
]
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
From = Annotated[
    str | None,
    typer.Option("--from", metavar="RUN", help="Begin with the network of an earlier run, but for its last layer."),
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
    augment: Augment = None,
    group: Group = None,
    seed: Seed = None,
    budget: Budget = None,
    name: Name = None,
    runs: Runs = None,
    force: Force = False,
    from_run: From = None,
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

    overrides = parse_settings(settings or []) | _given(
        epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, augment=augment, group=group, seed=seed,
        tensorboard=tensorboard or None,
    )  # fmt: skip
    if trust and resume is None and from_run is None:
        raise LensmithError("--trust is for a run that is there already: give it with --resume RUN or --from RUN.")
    others = recipe != "auto" or name or backend or budget or from_run
    if resume is not None and (set(overrides) - {"epochs"} or others):
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

        place: dict[str, Any] = {"name": name, "runs": runs, "force": force}
        record = begin(str(data), recipe, set=overrides, budget=budget, from_run=from_run, trust=trust, **place)
    if not print_record(record, json):
        from lensmith.rendering.terminal import training_lines

        print(training_lines(record))


def _given(**options: Any) -> dict[str, Any]:
    """Keep the options that were given."""
    return {key: value for key, value in options.items() if value is not None}
