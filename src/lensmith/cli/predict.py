"""`lensmith predict`."""

from typing import Annotated

import typer

from lensmith.cli.options import Json, RunArgument, Runs, Trust
from lensmith.cli.printing import print_record
from lensmith.errors import LensmithError


def predict(
    run: RunArgument,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILES_OR_FOLDERS…", help="Image files, and folders of them at any depth."),
    ],
    top: Annotated[int, typer.Option(min=1, help="How many classes to name for each file, with --json and --csv.")] = 5,
    runs: Runs = None,
    trust: Trust = False,
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
    prediction = workflow(run, list(files), top=top, runs=runs, trust=trust)
    if csv:
        from lensmith.rendering.terminal import predictions_csv

        print(predictions_csv(prediction.predictions, top), end="")
    elif not print_record(prediction, json):
        from lensmith.rendering.terminal import predictions_table, stdout

        stdout().print(predictions_table(prediction))
    if all(its.error for its in prediction.predictions):
        raise LensmithError("None of these files could be answered; each says why.")
