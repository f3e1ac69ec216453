"""`lensmith evaluate`."""

from typing import Annotated

import typer

from lensmith.cli.options import Json, Quiet, RunArgument, Runs, Trust
from lensmith.cli.printing import print_record, set_screen


def evaluate(
    run: RunArgument = "latest",
    split: Annotated[str, typer.Option(help="test, validation or train.")] = "test",
    tta: Annotated[
        str | None,
        typer.Option(help="Test-time augmentation beside the plain answers: none, flip, shift. Default: the recipe's."),
    ] = None,
    runs: Runs = None,
    trust: Trust = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure a run's model on one of its splits, beside what always naming the commonest class would give."""
    from lensmith.workflows.evaluate import evaluate as workflow

    set_screen(quiet)
    evaluation = workflow(run, split=split, tta=tta, runs=runs, trust=trust)
    if not print_record(evaluation, json):
        from lensmith.rendering.terminal import evaluation_tables, stdout

        for drawn in evaluation_tables(evaluation):
            stdout().print(drawn)
