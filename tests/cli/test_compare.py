"""`lensmith compare`."""

import json
from pathlib import Path

import pytest
from tests.cli.commands import lensmith_process, run_main


def test_the_command_prints_a_table_sentences_and_json(runs: Path, capsys, monkeypatch: pytest.MonkeyPatch):
    assert run_main(monkeypatch, "compare", "good", "weak", "--runs", runs, "-q") == 0
    said = capsys.readouterr().out
    assert "validation split, 8 images" in said
    assert "points" in said
    assert "(95 % interval" in said
    done = lensmith_process("compare", "good", "weak", "--runs", runs, "--json", "-q", cwd=runs)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert {"a", "b", "difference", "low", "high", "p_value", "p_adjusted", "verdict"} <= set(record["pairs"][0])
    assert [its["name"] for its in record["runs"]] == ["good", "weak"]
    assert run_main(monkeypatch, "compare", "good", "--runs", runs) == 2
    assert "one run only" in capsys.readouterr().err
