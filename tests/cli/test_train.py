"""`lensmith train` in real processes: what goes to stdout, exit codes, signals."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.commands import lensmith_process, run_main

from lensmith.runs import Run


def test_json_is_one_document_on_stdout_and_progress_goes_to_stderr(stripes_folder: Path, tmp_path: Path):
    done = lensmith_process("train", stripes_folder, "--epochs", 1, "--batch-size", 8, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["name"] == "stripes-auto-1"
    assert record["epochs"] == 1
    assert record["test"]["n"] == 16
    assert record["train_seconds"] < record["total_seconds"]
    assert "Epoch 1/1" in done.stderr
    names = {path.name for path in (tmp_path / "runs" / "stripes-auto-1").iterdir()}
    assert names == {
        "run.json", "recipe.toml", "history.csv", "history.png", "checkpoints", "model.keras", "model.onnx",
        "artifact.json", "evaluation", "report.html", ".lock",
    }  # fmt: skip


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_asked_to_stop_it_does_so_cleanly_and_the_resumed_run_is_the_uninterrupted_one(
    number: int, code: int, stripes_folder: Path, tmp_path: Path
):
    settings = ["--epochs", "30", "--batch-size", "4"]
    command = [sys.executable, "-m", "lensmith", "train", str(stripes_folder), *settings]
    process = subprocess.Popen([*command, "--name", "stopped"], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    history = tmp_path / "runs" / "stopped" / "history.csv"
    while not history.exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == code, errors
    assert "--resume" in errors
    assert "Traceback" not in errors
    stopped = Run(tmp_path / "runs" / "stopped")
    assert stopped.info["state"] == "interrupted"
    assert 1 <= len(history.read_text().splitlines()) - 1 < 30

    assert lensmith_process("train", "--resume", "stopped", cwd=tmp_path).returncode == 0
    assert lensmith_process("train", stripes_folder, *settings, "--name", "whole", cwd=tmp_path).returncode == 0
    assert stopped.info["state"] == "finished"
    for ours, theirs in zip(
        stopped.model.get_weights(), Run(tmp_path / "runs" / "whole").model.get_weights(), strict=True
    ):
        assert (ours == theirs).all()


def test_divergence_exits_3_and_says_so_in_run_json(stripes_folder: Path, tmp_path: Path, monkeypatch, capsys):
    wild = ["--set", "training.optimizer=SGD", "--learning-rate", "1e30"]
    assert run_main(monkeypatch, "train", stripes_folder, *wild, "--runs", tmp_path, "-q", "--name", "wild") == 3
    assert "--learning-rate" in capsys.readouterr().err
    assert Run(tmp_path / "wild").info["state"] == "diverged"
