"""The commands together, and what every one of them ends with: an exit code, and one message where it went wrong."""

import platform
import signal
import sys
import traceback
from types import FrameType
from typing import Annotated

import typer

from lensmith import __version__
from lensmith.cli.calibrate import calibrate
from lensmith.cli.check import check
from lensmith.cli.compare import compare
from lensmith.cli.diagnose import diagnose
from lensmith.cli.evaluate import evaluate
from lensmith.cli.explain import explain
from lensmith.cli.ladder import ladder
from lensmith.cli.lists import datasets, models, runs
from lensmith.cli.predict import predict
from lensmith.cli.robustness import robustness
from lensmith.cli.serve import serve
from lensmith.cli.show import show
from lensmith.cli.summary import summary
from lensmith.cli.train import train
from lensmith.errors import Interrupted, LensmithError, StopSignal, Terminated

BUG = 70
EXIT_CODES = (
    "Exit codes: 0 done; 1 found a problem it was asked to look for; 2 the input is wrong; "
    "3 training diverged; 70 a bug; 130 interrupted, 143 stopped by SIGTERM, both resumable."
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="From images to a classifier you can trust, see inside, and ship, on the machine you have.",
    epilog=EXIT_CODES,
)

for command in (
    train,
    evaluate,
    predict,
    serve,
    check,
    show,
    summary,
    explain,
    diagnose,
    compare,
    ladder,
    calibrate,
    robustness,
    datasets,
    models,
    runs,
):
    app.command()(command)


@app.callback(invoke_without_command=True)
def _common(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(f"lensmith {__version__}, Python {platform.python_version()}")
        raise typer.Exit


def main() -> None:
    """Run the command line: turn errors into one message and an exit code."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        app()
    except LensmithError as error:
        print(f"{'Stopped' if isinstance(error, Interrupted) else 'Error'}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except StopSignal:
        print("Stopped: by the system.", file=sys.stderr)
        sys.exit(Terminated.exit_code)
    except Exception:
        traceback.print_exc()
        print(
            f"This is a bug in lensmith {__version__}. Please report it with the lines above and the command.",
            file=sys.stderr,
        )
        sys.exit(BUG)


def _stop(number: int, frame: FrameType | None) -> None:
    """End by an exception, as by Ctrl-C, so that what is open is closed and what is unfinished removed."""
    raise StopSignal
