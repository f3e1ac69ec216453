"""The commands together: wrong input, exit codes, and what is never imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.commands import run_main

import lensmith
from lensmith.runs import Run


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
    "trust in a run that is not there yet": (["train", "digits", "--trust"], "give it with --resume RUN"),
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


def test_a_bug_exits_70_with_a_traceback(monkeypatch: pytest.MonkeyPatch, capsys):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("lensmith.workflows.listing.list_runs", broken)
    assert run_main(monkeypatch, "runs") == 70
    errors = capsys.readouterr().err
    assert "RuntimeError: boom" in errors
    assert "bug in lensmith" in errors


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
