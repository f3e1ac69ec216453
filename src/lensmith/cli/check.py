"""`lensmith check`."""

from pathlib import Path
from typing import Annotated

import typer

from lensmith.cli.options import Data, Json, Quiet, Seed
from lensmith.cli.printing import print_record, set_screen

FOUND = 1


def check(
    data: Data,
    labels: Annotated[
        bool, typer.Option("--labels", help="Look for wrong labels, too: trains a classifier several times.")
    ] = False,
    fix: Annotated[
        Path | None, typer.Option("--fix", metavar="CSV", help="Write a list of what remains without what is wrong.")
    ] = None,
    group: Annotated[
        str, typer.Option("--group", help="What that list keeps together, too: files alike by `name` or by `time`.")
    ] = "none",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The page to write. Default: <data>-check.html.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if anything is found but notes.")] = False,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find what is wrong with a data set: files, sizes, duplicates, leaks between splits, classes, labels."""
    from lensmith.workflows.check import check as workflow

    set_screen(quiet)
    record = workflow(data, labels=labels, fix=fix, group=group, output=output, seed=seed)
    if not print_record(record, json):
        from lensmith.rendering.health import findings_lines

        print(findings_lines(record.health))
        if record.fixed:
            left_out = ", ".join(f"{count} {reason}" for reason, count in record.dropped.items()) or "nothing"
            print(f"List without {left_out}: {record.fixed}. Use it: lensmith train {record.fixed}")
        print(f"Page: {record.report}")
    if strict and not record.health.is_sound:
        raise typer.Exit(FOUND)
