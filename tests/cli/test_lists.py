"""`lensmith datasets`, `models` and `runs`."""

import json

from tests.cli.commands import run_main

from lensmith.runs import Run


def test_runs_and_datasets_are_listed(tiny_run: Run, monkeypatch, capsys):
    assert run_main(monkeypatch, "runs", "--runs", tiny_run.path.parent, "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["state"]) == ("tiny", "finished")
    assert run_main(monkeypatch, "datasets") == 0
    assert "cifar10" in capsys.readouterr().out
