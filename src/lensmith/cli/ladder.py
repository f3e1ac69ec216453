"""`lensmith ladder`."""

from pathlib import Path
from typing import Annotated

import typer

from lensmith.cli.options import Data, Json, Quiet, Runs
from lensmith.cli.printing import print_record, set_screen


def ladder(
    data: Data,
    of: Annotated[
        str, typer.Option("--of", help="steps (MLP to CNN to transfer), activations or optimizers.")
    ] = "steps",
    seeds: Annotated[int, typer.Option(help="Trainings of each step.")] = 3,
    budget: Annotated[str, typer.Option(help="Time of each training, such as 60s or 5m.")] = "60s",
    split: Annotated[str, typer.Option(help="validation or test, to compare on.")] = "validation",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The page to write. Default: ladder-<data>-<of>.html in the runs."),
    ] = None,
    runs: Runs = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make one change after the other, each trained in the same time, and tell what each gains."""
    from lensmith.workflows.ladder import ladder as workflow

    set_screen(quiet)
    found = workflow(data, of=of, seeds=seeds, budget=budget, split=split, output=output, runs=runs)
    if not print_record(found, json):
        from lensmith.rendering.ladder import ladder_text
        from lensmith.rendering.terminal import stdout

        stdout().print(ladder_text(found))
