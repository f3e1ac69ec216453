"""The command line in real processes: exit codes, what goes to stdout, and what is never imported."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import lensmith
from lensmith import cli
from lensmith.runs import Run


def lensmith_process(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lensmith", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


def run_main(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """Run the command line in this process, where Keras has started already."""
    monkeypatch.setattr(sys, "argv", ["lensmith", *map(str, arguments)])
    try:
        cli.main()
    except SystemExit as done:
        return int(done.code or 0)
    return 0


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
        "artifact.json", "evaluation", "report.html",
    }  # fmt: skip


def test_ctrl_c_stops_cleanly_and_the_resumed_run_is_the_uninterrupted_one(stripes_folder: Path, tmp_path: Path):
    settings = ["--epochs", "30", "--batch-size", "4"]
    command = [sys.executable, "-m", "lensmith", "train", str(stripes_folder), *settings]
    process = subprocess.Popen([*command, "--name", "stopped"], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    history = tmp_path / "runs" / "stopped" / "history.csv"
    while not history.exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
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


def test_predict_prints_a_table_json_and_csv(tiny_run: Run, stripes_folder: Path, monkeypatch, capsys):
    files = sorted((stripes_folder / "vertical").iterdir())[:2]
    assert run_main(monkeypatch, "predict", tiny_run.path, *files, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert [its["path"] for its in record["predictions"]] == [str(file) for file in files]
    assert run_main(monkeypatch, "predict", tiny_run.path, *files, "--csv", "--top", 1) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["label"] for row in rows] == [its["label"] for its in record["predictions"]]
    assert list(rows[0]) == ["path", "label", "probability", "class_1", "p_1", "error"]
    assert run_main(monkeypatch, "predict", tiny_run.path, *files) == 0
    assert record["predictions"][0]["label"] in capsys.readouterr().out


@pytest.mark.parametrize("command", ["help", "predict"])
def test_help_and_predict_never_import_keras_or_tensorflow(command: str, tiny_run: Run, stripes_folder: Path):
    arguments = ["--help"] if command == "help" else ["predict", str(tiny_run.path), str(stripes_folder / "vertical")]
    program = (
        "import sys, atexit\n"
        "from lensmith.cli import main\n"
        f"sys.argv = ['lensmith', *{arguments!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as done:\n    assert not done.code\n"
        "heavy = {'keras', 'tensorflow', 'jax', 'torch', 'matplotlib', 'sklearn'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout
    assert done.stderr.strip() == "[]"


def test_lensmith_itself_imports_without_keras_or_numpy():
    program = "import sys, lensmith; print(sorted({'keras', 'numpy', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_public_names_are_all_there():
    for name in lensmith.__all__:
        assert getattr(lensmith, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'tarin'"):
        _ = lensmith.tarin


WRONG = {
    "no such path": (["train", "/no/such/folder"], "No such data: /no/such/folder"),
    "a misspelt built-in": (["train", "mnits"], "Did you mean 'mnist'"),
    "an unknown recipe": (["train", "digits", "--recipe", "mnist-3cnv"], "Did you mean 'mnist-3conv'"),
    "a misspelt key": (["train", "digits", "--set", "training.epoch=3"], "Did you mean 'epochs'"),
    "a mistyped value": (["train", "digits", "--epochs", "0"], "expected more than 0"),
    "a setting without a value": (
        ["train", "digits", "--set", "training.epochs"],
        "Expected section.key=value",
    ),
    "an unknown optimizer": (["train", "digits", "--set", "training.optimizer=Adamm"], "Did you mean 'Adam"),
    "an unknown layer": (
        ["train", "digits", "-r", "mnist-2conv", "--set", 'model.layers=[{class_name="Conv2DD"}]'],
        "Did you mean 'Conv2D'",
    ),
    "a network that shrinks to nothing": (
        ["train", "digits", "-r", "mnist-3conv", "--set", "data.image_size=8"],
        "before it have shrunk",
    ),
    "a loss that does not fit": (
        ["train", "digits", "--set", "training.loss=CTC"],
        "does not fit labels of 10 classes",
    ),
    "neither data nor run": (["train"], "Give DATA to train on, or --resume RUN"),
    "resume with another recipe": (
        ["train", "--resume", "latest", "--batch-size", "3"],
        "only --epochs can be changed",
    ),
    "an unknown backend": (["train", "digits", "--backend", "jaxx"], "Did you mean 'jax'"),
    "an unknown run": (["evaluate", "nothing"], "No run named 'nothing'"),
    "an unknown split": (["evaluate", "latest", "--split", "tset"], "Did you mean 'test'"),
    "an unknown test-time augmentation": (["evaluate", "latest", "--tta", "flp"], "Did you mean 'flip'"),
    "an unknown test-time augmentation in the recipe": (
        ["train", "digits", "--set", "evaluation.tta=flp"],
        "expected 'none', 'flip' or 'shift'",
    ),
    "images too small to be moved": (
        ["train", "digits", "-r", "cifar-mlp", "--set", "data.image_size=1", "--set", "evaluation.tta=shift"],
        "at least 2x2 pixels",
    ),
    "nothing to predict": (["predict", "latest", "/no/such.png"], "No such file or folder"),
    "too many samples": (["show", "digits", "--n", "1000"], "expected 1 to 100"),
    "a picture of another kind": (["show", "digits", "-o", "x.jpg"], "must end in .png"),
    "code of no recipe": (["models", "--python"], "name its recipe"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_gets_one_clear_error_exit_2_and_leaves_nothing(case, tmp_path, monkeypatch, capsys):
    arguments, message = WRONG[case]
    monkeypatch.chdir(tmp_path)
    assert run_main(monkeypatch, *arguments) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert len(printed.err.strip().splitlines()) == 1
    assert printed.out == ""
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_divergence_exits_3_and_says_so_in_run_json(stripes_folder: Path, tmp_path: Path, monkeypatch, capsys):
    wild = ["--set", "training.optimizer=SGD", "--learning-rate", "1e30"]
    assert run_main(monkeypatch, "train", stripes_folder, *wild, "--runs", tmp_path, "-q", "--name", "wild") == 3
    assert "--learning-rate" in capsys.readouterr().err
    assert Run(tmp_path / "wild").info["state"] == "diverged"


def test_a_bug_exits_70_with_a_traceback(monkeypatch: pytest.MonkeyPatch, capsys):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("lensmith.workflows.listing.list_runs", broken)
    assert run_main(monkeypatch, "runs") == 70
    errors = capsys.readouterr().err
    assert "RuntimeError: boom" in errors
    assert "bug in lensmith" in errors


def test_runs_and_datasets_are_listed(tiny_run: Run, monkeypatch, capsys):
    assert run_main(monkeypatch, "runs", "--runs", tiny_run.path.parent, "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["state"]) == ("tiny", "finished")
    assert run_main(monkeypatch, "datasets") == 0
    assert "cifar10" in capsys.readouterr().out


def test_show_draws_a_picture_and_counts(stripes_folder: Path, tmp_path: Path, monkeypatch, capsys):
    picture = tmp_path / "grid.png"
    assert run_main(monkeypatch, "show", stripes_folder, "-o", picture, "--n", 3) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "horizontal" in capsys.readouterr().out


def test_a_closed_pipe_is_no_error(tmp_path: Path):
    command = f"{sys.executable} -m lensmith datasets --json | head -c 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
        env=os.environ,
    )
    assert "Traceback" not in done.stderr


def test_predictions_csv_has_a_row_an_image(tiny_run: Run):
    rows = list(csv.DictReader((tiny_run.path / "evaluation" / "predictions.csv").read_text().splitlines()))
    assert len(rows) == 16
    for row in rows:
        probabilities = [float(row["p_horizontal"]), float(row["p_vertical"])]
        assert sum(probabilities) == pytest.approx(1, abs=1e-4)
        assert row["predicted"] == ("horizontal", "vertical")[int(np.argmax(probabilities))]
        assert row["path"].startswith(row["label"])
