"""`lensmith explain`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from lensmith.cli.options import Json, Quiet, RunArgument, Runs, Trust
from lensmith.cli.printing import print_record, set_screen


def explain(
    run: RunArgument,
    images: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[IMAGE…]", help="Image files, and folders of them. Without any: what the network has learned."
        ),
    ] = None,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="For which to say why; repeatable. Default: the likeliest.")
    ] = None,
    methods: Annotated[
        list[str] | None, typer.Option("--method", help="gradcam, occlusion or integrated; repeatable. Default: all.")
    ] = None,
    layer: Annotated[str | None, typer.Option("--layer", help="Of Grad-CAM. Default: the last with height.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write into. Default: explanations/ in the run.")
    ] = None,
    runs: Runs = None,
    trust: Trust = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show what a network has learned; or what every layer makes of a picture, and which places speak for its class."""
    from lensmith.workflows.explain import explain as workflow

    set_screen(quiet)
    record = workflow(
        run,
        images or (),
        classes=classes or (),
        methods=methods or (),
        layer=layer,
        output=output,
        runs=runs,
        trust=trust,
    )
    if not print_record(record, json):
        from lensmith.data import printable

        if record.network:
            print(f"What the network has learned: {printable(record.network.outputs[0])}")
        for its in record.explanations:
            label, probability = its.predicted[0]
            print(f"{its.image}: {label}, {probability:.1%}. Page: {printable(its.outputs[0])}")
        for skipped in record.skipped:
            print(f"{skipped.path}: {skipped.detail}", file=sys.stderr)
