"""`lensmith summary`."""

from pathlib import Path
from typing import Annotated

import typer

from lensmith.cli.options import Json, Runs
from lensmith.cli.printing import print_record


def summary(
    network: Annotated[
        str, typer.Argument(metavar="MODEL|RUN|RECIPE", help="A .keras file, a run's folder or name, or a recipe.")
    ],
    input: Annotated[
        str | None, typer.Option("--input", metavar="HxWxC", help="The picture, such as 32x32x3. Default: its own.")
    ] = None,
    classes: Annotated[int | None, typer.Option("--classes", help="Of a recipe's network. Default: 10.")] = None,
    convolutional: Annotated[
        bool, typer.Option("--convolutional", help="Only the layers that see a picture, not those after them.")
    ] = False,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", help="For the memory of training. Default: the recipe's, else 64.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A page (.html) or a drawing (.svg) to write besides.")
    ] = None,
    runs: Runs = None,
    trust: Annotated[bool, typer.Option("--trust", help="The model is your own: do not look into its files.")] = False,
    json: Json = False,
) -> None:
    """Show a network layer by layer: how shapes and parameters come about, costs, and what each layer is for."""
    from lensmith.workflows.summary import summary as workflow

    found = workflow(
        network,
        input=input,
        classes=classes,
        convolutional=convolutional,
        batch_size=batch_size,
        output=output,
        runs=runs,
        trust=trust,
    )
    if not print_record(found, json):
        from lensmith.rendering.summary import summary_text

        print(summary_text(found))
        if output:
            print(f"Written: {output}")
