"""`lensmith robustness`."""

from typing import Annotated

import typer

from lensmith.cli.options import Json, Quiet, RunArgument, Runs, Trust
from lensmith.cli.printing import print_record, set_screen


def robustness(
    run: RunArgument = "latest",
    split: Annotated[str, typer.Option(help="validation or test.")] = "validation",
    foreign: Annotated[
        list[str] | None, typer.Option("--foreign", help="DATA of other things than the run knows; repeatable.")
    ] = None,
    runs: Runs = None,
    trust: Trust = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure a run on noisy, blurred, moved … images, and how sure it is of images that are none of its classes."""
    from lensmith.workflows.robustness import robustness as workflow

    set_screen(quiet)
    found = workflow(run, split=split, foreign=foreign or (), runs=runs, trust=trust)
    if not print_record(found, json):
        from lensmith.rendering.robustness import robustness_text
        from lensmith.rendering.terminal import stdout

        stdout().print(robustness_text(found))
