"""`lensmith show`."""

from pathlib import Path
from typing import Annotated

import typer

from lensmith.cli.options import Data, Json, Quiet, Seed
from lensmith.cli.printing import print_record, set_screen


def show(
    data: Data,
    n: Annotated[int, typer.Option("--n", help="How many images, 1 to 100.")] = 8,
    augment: Annotated[
        str | None,
        typer.Option("--augment", metavar="PRESET", help="Draw what this does: none, light, standard or strong."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The PNG to write. Default: <data>-samples.png or -PRESET.png."),
    ] = None,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw labelled random samples of a data set with its class balance."""
    from lensmith.workflows.show import show as workflow

    set_screen(quiet)
    record = workflow(data, n=n, augment=augment, output=output, seed=seed)
    if not print_record(record, json):
        from lensmith.rendering.terminal import dataset_table, skipped_sentence, stdout

        stdout().print(dataset_table(record.dataset))
        print(skipped_sentence(record.dataset) or f"{len(record.dataset.class_names)} classes, nothing skipped.")
        print(f"Picture: {record.path}")
