"""Options and arguments that several commands share."""

from typing import Annotated

import typer

DATA_HELP = "A built-in name, a folder of class folders, a .csv or a .npz."

Data = Annotated[str, typer.Argument(metavar="DATA", help=DATA_HELP)]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run's folder or name, or `latest`.")]
Runs = Annotated[
    str | None, typer.Option("--runs", help="Folder the runs are in. Default: $LENSMITH_RUNS, else ./runs.")
]
Json = Annotated[
    bool, typer.Option("--json", help="Print the record as one JSON document on stdout, and nothing else.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
Trust = Annotated[
    bool, typer.Option("--trust", help="The run is your own: do not look into its files before they are used.")
]
Seed = Annotated[int, typer.Option("--seed", help="Of everything random.")]
