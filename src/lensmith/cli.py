"""The command line: each command reads its input, calls one workflow and shows the record."""

import platform
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lensmith import __version__
from lensmith.errors import Interrupted, LensmithError

if TYPE_CHECKING:
    from lensmith.records import Record

# The processor time so far is nearly the time since the process began: it has only imported until here.
STARTED = time.perf_counter() - time.process_time()

BUG = 70
EXIT_CODES = (
    "Exit codes: 0 done; 1 found a problem it was asked to look for; 2 the input is wrong; "
    "3 training diverged; 70 a bug; 130 interrupted, resumable."
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="From images to a classifier you can trust, see inside, and ship, on the machine you have.",
    epilog=EXIT_CODES,
)

Data = Annotated[
    str, typer.Argument(metavar="DATA", help="A built-in name, a folder of class folders, a .csv or a .npz.")
]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run's folder or name, or `latest`.")]
Runs = Annotated[
    str | None, typer.Option("--runs", help="Folder the runs are in. Default: $LENSMITH_RUNS, else ./runs.")
]
Json = Annotated[
    bool, typer.Option("--json", help="Print the record as one JSON document on stdout, and nothing else.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
Budget = Annotated[
    str | None, typer.Option(metavar="TIME", help="Train the best classifier in this time, all included: 90s, 10m, 2h.")
]
Epochs = Annotated[float | None, typer.Option(help="Short for --set training.epochs=…; the last may be a part of one.")]
Seed = Annotated[int, typer.Option("--seed", help="Of everything random.")]


@app.callback(invoke_without_command=True)
def _common(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(f"lensmith {__version__}, Python {platform.python_version()}")
        raise typer.Exit


@app.command()
def train(
    data: Annotated[
        str | None,
        typer.Argument(metavar="DATA", help="A built-in name, a folder of class folders, a .csv or a .npz."),
    ] = None,
    recipe: Annotated[
        str, typer.Option("--recipe", "-r", help="A recipe's name (`lensmith models`) or a .toml file.")
    ] = "auto",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override one value of the recipe; repeatable."),
    ] = None,
    epochs: Epochs = None,
    batch_size: Annotated[int | None, typer.Option(help="Short for --set training.batch_size=…")] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Short for --set training.optimizer.learning_rate=…")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random. Default: the recipe's, 0.")] = None,
    budget: Budget = None,
    name: Annotated[str | None, typer.Option(help="Name of the run. Default: <data>-<recipe>-<n>.")] = None,
    runs: Runs = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a run of that name.")] = False,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Go on with a run, or train a finished one to more --epochs.")
    ] = None,
    backend: Annotated[str | None, typer.Option(help="Keras backend: tensorflow, jax or torch.")] = None,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="TensorBoard logs in the run folder.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train, evaluate and export a classifier; everything goes into one run folder."""
    short_forms = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
        "training.tensorboard": tensorboard or None,
    }
    if (data is None) == (resume is None):
        raise LensmithError("Give DATA to train on, or --resume RUN to go on with a run: one of the two.")
    from lensmith.backend import choose_backend
    from lensmith.config import parse_settings
    from lensmith.workflows import train as workflow

    overrides = parse_settings(settings or []) | {key: value for key, value in short_forms.items() if value is not None}
    if backend is not None:
        choose_backend(backend)
    workflow.COMMAND_STARTED.set(STARTED)
    _set_screen(quiet)
    if resume is not None:
        if set(overrides) - {"epochs"} or recipe != "auto" or name or force or backend or budget:
            raise LensmithError("--resume goes on with the run's own recipe; only --epochs can be changed.")
        record = workflow.resume(resume, epochs=epochs, runs=runs)
    else:
        record = workflow.train(str(data), recipe, set=overrides, name=name, runs=runs, force=force, budget=budget)
    if not _print(record, json):
        from lensmith.rendering.terminal import training_lines

        print(training_lines(record))


@app.command()
def evaluate(
    run: RunArgument = "latest",
    split: Annotated[str, typer.Option(help="test, validation or train.")] = "test",
    tta: Annotated[
        str | None,
        typer.Option(help="Test-time augmentation beside the plain answers: none, flip, shift. Default: the recipe's."),
    ] = None,
    runs: Runs = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure a run's model on one of its splits, beside what always naming the commonest class would give."""
    from lensmith.workflows.evaluate import evaluate as workflow

    _set_screen(quiet)
    evaluation = workflow(run, split=split, tta=tta, runs=runs)
    if not _print(evaluation, json):
        from lensmith.rendering.terminal import evaluation_tables, stdout

        for drawn in evaluation_tables(evaluation):
            stdout().print(drawn)


@app.command()
def predict(
    run: RunArgument,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILES_OR_FOLDERS…", help="Image files, and folders of them at any depth."),
    ],
    top: Annotated[int, typer.Option(min=1, help="How many classes to name for each file, with --json and --csv.")] = 5,
    runs: Runs = None,
    json: Json = False,
    csv: Annotated[
        bool,
        typer.Option("--csv", help="Print CSV: path, label, probability, then class and probability of the likeliest."),
    ] = False,
) -> None:
    """Name the likeliest classes of images, with the exported model: neither Keras nor TensorFlow is loaded."""
    from lensmith.workflows.predict import predict as workflow

    if json and csv:
        raise LensmithError("Choose one of --json and --csv.")
    prediction = workflow(run, list(files), top=top, runs=runs)
    if csv:
        from lensmith.rendering.terminal import predictions_csv

        print(predictions_csv(prediction.predictions, top), end="")
    elif not _print(prediction, json):
        from lensmith.rendering.terminal import predictions_table, stdout

        stdout().print(predictions_table(prediction.predictions))


@app.command()
def show(
    data: Data,
    n: Annotated[int, typer.Option("--n", help="How many images, 1 to 100.")] = 8,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The PNG to write. Default: <data>-samples.png.")
    ] = None,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw labelled random samples of a data set with its class balance."""
    from lensmith.workflows.show import show as workflow

    _set_screen(quiet)
    record = workflow(data, n=n, output=output, seed=seed)
    if not _print(record, json):
        from lensmith.rendering.terminal import dataset_table, skipped_sentence, stdout

        stdout().print(dataset_table(record.dataset))
        print(skipped_sentence(record.dataset) or f"{len(record.dataset.class_names)} classes, nothing skipped.")
        print(f"Picture: {record.path}")


@app.command()
def datasets(json: Json = False) -> None:
    """List the data sets known by name."""
    from lensmith.workflows.listing import dataset_rows

    _print_rows(dataset_rows(), json)


@app.command()
def models(
    recipe: Annotated[
        str | None, typer.Argument(metavar="[RECIPE]", help="One recipe only; with --python, whose code.")
    ] = None,
    python: Annotated[
        bool, typer.Option("--python", help="Print the Keras code of one recipe, ready to paste.")
    ] = False,
    json: Json = False,
) -> None:
    """List recipes with their networks: parameters, input and what they are for."""
    from lensmith.workflows.models import list_models, model_python

    if python:
        if recipe is None or json:
            raise LensmithError(
                "To print a network's code name its recipe, without --json: lensmith models RECIPE --python"
            )
        print(model_python(recipe), end="")
        return
    rows = list_models(recipe)
    if json:
        _print_rows([row.to_dict() for row in rows], json)
        return
    shown = [
        {
            "recipe": row.recipe,
            "parameters": f"{row.parameters:,}",
            "input": "x".join(map(str, row.input)) + (" or any" if row.any_size else ""),
            "what it is for": row.description,
        }
        for row in rows
    ]
    _print_rows(shown, json)


@app.command()
def runs(runs: Runs = None, json: Json = False) -> None:
    """List the runs, oldest first."""
    from lensmith.runs import runs_root
    from lensmith.workflows.listing import run_rows

    rows = run_rows(runs)
    if not rows and not json:
        print(f"There are no runs in {runs_root(runs)} yet. Make one with: lensmith train DATA", file=sys.stderr)
    else:
        _print_rows(rows, json)


def main() -> None:
    """Run the command line: turn errors into one message and an exit code."""
    try:
        app()
    except LensmithError as error:
        print(f"{'Stopped' if isinstance(error, Interrupted) else 'Error'}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception:
        traceback.print_exc()
        print(
            f"This is a bug in lensmith {__version__}. Please report it with the lines above and the command.",
            file=sys.stderr,
        )
        sys.exit(BUG)


def _set_screen(quiet: bool) -> None:
    from lensmith.rendering.progress import SCREEN, Screen

    SCREEN.set(Screen(quiet=quiet))


def _print(record: "Record", json: bool) -> bool:
    """Print a record as JSON if that is wanted; tell whether it was."""
    if json:
        from lensmith.records import to_json

        print(to_json(record))
    return json


def _print_rows(rows: list[dict[str, Any]], json: bool) -> None:
    if json:
        from lensmith.records import to_json

        print(to_json(rows))
    elif rows:
        from lensmith.rendering.terminal import rows_table, stdout

        stdout().print(rows_table(rows))
