"""`lensmith datasets`, `models` and `runs`: what there is."""

import sys
from typing import Annotated

import typer

from lensmith.cli.options import Json, Runs
from lensmith.cli.printing import print_rows
from lensmith.errors import LensmithError


def datasets(json: Json = False) -> None:
    """List the data sets known by name."""
    from lensmith.workflows.listing import dataset_rows

    print_rows(dataset_rows(), json)


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
        print_rows([row.to_dict() for row in rows], json)
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
    print_rows(shown, json)


def runs(runs: Runs = None, json: Json = False) -> None:
    """List the runs, oldest first."""
    from lensmith.runs import runs_root
    from lensmith.workflows.listing import run_rows

    rows = run_rows(runs)
    if not rows and not json:
        print(f"There are no runs in {runs_root(runs)} yet. Make one with: lensmith train DATA", file=sys.stderr)
    else:
        print_rows(rows, json)
