"""Real processes, really killed: the quick part of `make faults`."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lensmith.files import UNFINISHED
from lensmith.locks import is_locked
from lensmith.runs import Run
from lensmith.training import newest_checkpoint
from lensmith.workflows.listing import run_rows

SETTINGS = ["--epochs", "12", "--batch-size", "4", "--set", "training.checkpoint_seconds=0.02"]


def start(folder: Path, *words: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "lensmith", "train", *words, "--quiet"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen) -> None:
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def answers(run: Path) -> tuple[bytes, list[dict]]:
    """Predictions on the test images, and the history but for its times."""
    found, _ = newest_checkpoint(run / "checkpoints")
    assert found
    history = [
        {key: its for key, its in row.items() if key not in ("seconds", "images_per_second")}
        for row in found.state.history
    ]
    return (run / "evaluation" / "predictions.csv").read_bytes(), history


@pytest.fixture(scope="module")
def whole(stripes_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    finish(start(folder, str(stripes_folder), *SETTINGS, "--name", "r"))
    return folder / "runs" / "r"


def is_there(name: str) -> Callable[[Path], bool]:
    return lambda run: (run / name).exists()


def is_within_an_epoch(run: Path) -> bool:
    steps = [int(path.name[5:]) for path in (run / "checkpoints").glob("step-*")]
    return any(step % 14 for step in steps)


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "before the first step": is_there("checkpoints/step-00000000"),
    "within an epoch": is_within_an_epoch,
    "while exporting": is_there("model.keras"),
    "while evaluating": is_there("artifact.json"),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_it_goes_on_and_ends_as_if_it_had_not_been_killed(
    moment: str, whole: Path, stripes_folder: Path, tmp_path: Path
):
    process, run = start(tmp_path, str(stripes_folder), *SETTINGS, "--name", "r"), tmp_path / "runs" / "r"
    while not MOMENTS[moment](run) and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert Run(run).info["state"] == "running"
    assert not is_locked(run)
    assert run_rows(tmp_path / "runs")[0]["state"] == "killed"
    finish(start(tmp_path, "--resume", "r"))
    assert answers(run) == answers(whole)
    assert json.loads((run / "run.json").read_text())["state"] == "finished"
    assert not list(run.rglob(f"{UNFINISHED}*"))


@pytest.mark.parametrize("moment", ["within an epoch", "while exporting"])
def test_asked_to_end_it_does_so_within_five_seconds_and_says_how_to_go_on(
    moment: str, stripes_folder: Path, tmp_path: Path
):
    process, run = start(tmp_path, str(stripes_folder), *SETTINGS, "--name", "r"), tmp_path / "runs" / "r"
    while not MOMENTS[moment](run) and process.poll() is None:
        time.sleep(0.001)
    process.terminate()
    _, errors = process.communicate(timeout=5)
    assert process.returncode == 143, errors
    assert "lensmith train --resume" in errors
    assert Run(run).info["state"] == "interrupted"
