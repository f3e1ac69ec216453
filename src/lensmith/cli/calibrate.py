"""`lensmith calibrate`."""

from typing import Annotated

import typer

from lensmith.cli.options import Json, Quiet, RunArgument, Runs, Trust
from lensmith.cli.printing import print_record, set_screen


def calibrate(
    run: RunArgument = "latest",
    accuracy: Annotated[
        float | None, typer.Option(help="Answer only where so many answers are right, such as 0.99; else `unknown`.")
    ] = None,
    coverage: Annotated[
        float | None, typer.Option(help="Answer so many images, the surest, such as 0.9; else `unknown`.")
    ] = None,
    answer_all: Annotated[bool, typer.Option("--answer-all", help="Answer every image again.")] = False,
    runs: Runs = None,
    trust: Trust = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make probabilities mean what they say, and choose from which on to answer; on validation images."""
    from lensmith.workflows.calibrate import calibrate as workflow

    set_screen(quiet)
    found = workflow(run, accuracy=accuracy, coverage=coverage, answer_all=answer_all, runs=runs, trust=trust)
    if not print_record(found, json):
        from lensmith.rendering.calibration import calibrate_text

        print(calibrate_text(found))
