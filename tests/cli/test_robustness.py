"""`lensmith robustness`."""

import json
import shutil
from pathlib import Path

import pytest
from tests.cli.commands import run_main

from lensmith.runs import Run


def test_a_table_of_corruptions_and_one_of_foreign_images_are_printed(
    tiny_run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    run = shutil.copytree(tiny_run.path, tmp_path / "own")
    assert run_main(monkeypatch, "robustness", run, "-q") == 0
    said = capsys.readouterr().out
    assert "accuracy on 8 corrupted validation images" in said
    assert all(kind in said for kind in ("blur", "jpeg", "rotation", "noise", "blank"))
    assert run_main(monkeypatch, "robustness", run, "-q", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert {"run", "split", "robustness", "novelty", "report"} <= set(record)
    assert len(record["robustness"]["cells"]) == 35


def test_a_run_that_is_not_there_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    assert run_main(monkeypatch, "robustness", "nothing", "--runs", tmp_path) == 2
    assert "No run named 'nothing'" in capsys.readouterr().err
