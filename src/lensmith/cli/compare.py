"""`lensmith compare`."""

from pathlib import Path
from typing import Annotated

import typer

from lensmith.cli.options import Json, Quiet, Runs, Trust
from lensmith.cli.printing import print_record, set_screen


def compare(
    names: Annotated[list[str], typer.Argument(metavar="RUN RUN…", help="Runs' folders or names, at least two.")],
    split: Annotated[
        str, typer.Option(help="validation, or test to confirm a choice that has been made.")
    ] = "validation",
    seeds: Annotated[
        int, typer.Option(help="Trainings of each recipe to compare, this one among them; trains what is missing.")
    ] = 1,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The page to write. Default: comparison.html in the runs.")
    ] = None,
    runs: Runs = None,
    trust: Trust = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare runs on the same images: which is better, how sure that is, and what each costs."""
    from lensmith.workflows.compare import compare as workflow

    set_screen(quiet)
    record = workflow(names, split=split, seeds=seeds, output=output, root=runs, trust=trust)
    if not print_record(record, json):
        from lensmith.rendering.comparison import comparison_text
        from lensmith.rendering.terminal import stdout

        stdout().print(comparison_text(record))
