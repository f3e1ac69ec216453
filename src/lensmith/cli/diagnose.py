"""`lensmith diagnose`."""

from lensmith.cli.options import Json, RunArgument, Runs, Trust
from lensmith.cli.printing import print_record


def diagnose(run: RunArgument = "latest", runs: Runs = None, trust: Trust = False, json: Json = False) -> None:
    """Say what a run's curves show: what is wrong, the evidence, and what to try."""
    from lensmith.workflows.diagnose import diagnose as workflow

    found = workflow(run, runs=runs, trust=trust)
    if not print_record(found, json):
        from lensmith.rendering.diagnosis import diagnose_text

        print(diagnose_text(found))
