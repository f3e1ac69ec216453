"""`lensmith calibrate`."""

import json
import shutil
from pathlib import Path

import pytest
from tests.cli.commands import lensmith_process, run_main

from lensmith.runs import Run


@pytest.fixture
def own(tiny_run: Run, tmp_path: Path) -> Run:
    return Run(Path(shutil.copytree(tiny_run.path, tmp_path / "own")))


def test_json_is_one_document_that_says_what_was_chosen(own: Run):
    done = lensmith_process("calibrate", "own", "--runs", own.path.parent, "--coverage", 0.5, "--json", cwd=own.path)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert set(record) == {
        "run", "n", "temperature", "fitted", "calibration", "rejection", "rejection_threshold", "taken_away",
    }  # fmt: skip
    assert (record["run"], record["n"], record["temperature"]) == (str(own.path), 8, None)
    assert record["rejection"]["threshold"] == record["rejection_threshold"] == own.artifact["rejection_threshold"]
    assert (record["rejection"]["target"], record["rejection"]["target_value"]) == ("coverage", 0.5)
    assert {"ece", "adaptive_ece", "brier", "bins"} <= set(record["calibration"])


def test_text_says_what_matters(own: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    assert run_main(monkeypatch, "calibrate", own.path, "--coverage", 0.5, "-q") == 0
    said = capsys.readouterr().out
    for part in (f"{own.path}, 8 validation images.", "No temperature was fitted", "Brier score", "are “unknown”"):
        assert part in said
    assert run_main(monkeypatch, "calibrate", own.path, "-q") == 0
    assert "as chosen before" in capsys.readouterr().out
    assert run_main(monkeypatch, "calibrate", own.path, "--answer-all", "-q") == 0
    assert "Every image is answered" in capsys.readouterr().out
    assert own.artifact["rejection_threshold"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--accuracy", 0.99], "cannot be promised"),
        (["--accuracy", 0.9, "--coverage", 0.9], "Give one of"),
        (["--coverage", 1.1], "at most 1"),
        (["--coverage", "most"], "most"),
        (["--accurcy", 0.9], "accurcy"),
    ],
)
def test_bad_input_ends_with_2_and_changes_nothing(
    own: Run, arguments: list[object], message: str, monkeypatch: pytest.MonkeyPatch, capsys
):
    before = {file.name: file.read_bytes() for file in own.path.glob("*.*")}
    assert run_main(monkeypatch, "calibrate", own.path, *arguments, "--json") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert {name: (own.path / name).read_bytes() for name in before} == before


def test_a_run_that_is_not_there_ends_with_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    assert run_main(monkeypatch, "calibrate", "nothing", "--runs", tmp_path) == 2
    assert "No run named 'nothing'" in capsys.readouterr().err
