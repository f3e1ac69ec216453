"""`lensmith serve`."""

import signal
from typing import Annotated

import typer

from lensmith.cli.options import RunArgument, Runs, Trust


def serve(
    run: RunArgument = "latest",
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 takes requests of other computers, too.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes one that is free.")] = 8000,
    runs: Runs = None,
    trust: Trust = False,
) -> None:
    """Answer images over HTTP, with the exported model: neither Keras nor TensorFlow is loaded."""
    from lensmith.web.serving import serve as answer

    # A background job of a script ignores it, and uvicorn, which does not, would then end as if all were said and done.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    answer(run, host=host, port=port, runs=runs, trust=trust)
