import json

import pytest
from tests.cli.commands import run_main

from lensmith.runs import Run


def test_what_is_said_is_printed_or_is_one_document(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    assert run_main(monkeypatch, "diagnose", tiny_run.path) == 0
    printed = capsys.readouterr().out
    assert run_main(monkeypatch, "diagnose", tiny_run.path, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["state"] == "finished"
    assert record["epochs"] == 3
    assert record["diagnoses"]
    assert [its["kind"].upper() in printed for its in record["diagnoses"]] == [True] * len(record["diagnoses"])
    assert record["looked_at"] in printed


def test_no_run_of_that_name_is_said_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    assert run_main(monkeypatch, "diagnose", "nothing-like-it") == 2
    assert "No run named" in capsys.readouterr().err
