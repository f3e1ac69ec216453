"""`diagnose` reads what a run's folder says, and nothing else."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lensmith
from lensmith.errors import RunError, UnsafeFile
from lensmith.rendering.diagnosis import diagnose_text
from lensmith.runs import Run
from lensmith.workflows import session
from lensmith.workflows.diagnose import evidence_of


@pytest.fixture
def run(tiny_run: Run, tmp_path: Path) -> Run:
    """A copy that may be changed."""
    shutil.copytree(tiny_run.path, tmp_path / "tiny")
    return Run(tmp_path / "tiny")


def test_what_training_has_noted_is_what_diagnose_reads(tiny_run: Run):
    evidence = evidence_of(tiny_run)
    facts, data = evidence.facts, tiny_run.info["data"]
    assert evidence.class_counts == list(data["counts"]["train"].values())
    assert evidence.validation_images == sum(data["counts"]["validation"].values())
    assert [row["epoch"] for row in evidence.epochs] == [1, 2, 3]
    assert facts.answers.split == "validation"
    assert facts.answers.n == evidence.validation_images
    best = max(evidence.curve("val_accuracy"))
    assert facts.answers.accuracy == pytest.approx(best)
    assert 0 <= facts.waiting <= 1
    assert facts.training_accuracy > 0.5


def test_the_record_of_train_and_the_report_say_the_same(tiny_run: Run):
    record = lensmith.diagnose(tiny_run.path)
    kinds = [its.kind for its in record.diagnoses]
    assert "validation set too small" in kinds
    assert [its["kind"] for its in tiny_run.info["result"]["diagnoses"]] == kinds
    page = tiny_run.report_file.read_text()
    assert all(f"<dt>{kind}</dt>" in page for kind in kinds)
    assert "What the curves say" in page


def test_a_run_of_before_there_was_diagnosis_is_judged_by_its_curves(run: Run):
    run.update(facts=None, broken_rules=[])
    assert lensmith.diagnose(run.path).looked_at == "3 epochs"


def test_a_run_without_an_epoch_is_refused(run: Run):
    run.update(state="interrupted", facts=None)
    run.history_file.unlink()
    with pytest.raises(RunError, match=r"no epoch to look at yet.*--resume"):
        lensmith.diagnose(run.path)


NO_ANSWERS = {"split": "validation", "n": 0, "accuracy": 1, "labelled": [], "answered": [], "likelihood": 0}


@pytest.mark.parametrize(
    "said",
    [
        {"facts": {"answers": 3}},
        {"facts": [1]},
        {"facts": {"units": [{"layer": []}]}},
        {"facts": {"answers": {**NO_ANSWERS, "unevenness": 0}}},
        {"facts": {"training_accuracy": 1e300}},
        {"broken_rules": 3},
        {"broken_rules": [{"rule": "loss"}]},
        {"data": {}},
        {"data": {"counts": {"train": {"a": 10**400}}}},
        {"data": {"counts": {"train": {}}}},
    ],
)
def test_a_run_that_says_something_else_is_refused(run: Run, said: dict):
    run.update(**said)
    with pytest.raises(RunError, match="does not say what was trained"):
        lensmith.diagnose(run.path)


def test_orders_to_the_terminal_are_taken_out_of_names(run: Run):
    rule = {"rule": "loss", "layer": "a\x1b]0;title\x07", "problem": "b\x1b[2J", "advice": "c"}
    run.update(broken_rules=[rule])
    text = diagnose_text(lensmith.diagnose(run.path))
    assert "LOSS DOES NOT FIT" in text
    assert "\x1b" not in text


def test_a_history_that_is_damaged_or_elsewhere_is_refused(run: Run, tmp_path: Path):
    rows = ["epoch,loss\n1,many\n", "epoch,loss\n1,2\n", f"epoch,loss\n1,{'9' * 200_000}\n"]
    for damaged in (*rows, "epoch,loss,accuracy,learning_rate\n1,nan,0,0\n"):
        run.history_file.write_text(damaged)
        with pytest.raises(RunError, match="cannot be read"):
            lensmith.diagnose(run.path)
    run.history_file.rename(tmp_path / "history.csv")
    run.history_file.symlink_to(tmp_path / "history.csv")
    with pytest.raises(UnsafeFile):
        lensmith.diagnose(run.path)


def test_it_needs_neither_keras_nor_the_data(run: Run):
    code = f"import sys, lensmith; lensmith.diagnose({str(run.path)!r}); print('keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"


def test_what_cannot_be_looked_at_costs_no_training(
    stripes_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    def fail(*arguments: object) -> None:
        raise MemoryError("no room to look")

    monkeypatch.setattr(session, "note_facts", fail)
    record = lensmith.train(stripes_folder, set={"epochs": 1, "batch_size": 8}, runs=tmp_path)
    assert record.diagnoses == []
    assert lensmith.load_run(record.run).state == "finished"
    assert "no room to look" in capsys.readouterr().err


def test_images_in_the_order_of_their_classes_are_noted(tmp_path: Path):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 20)
    images = rng.integers(0, 255, (60, 12, 12, 3)).astype(np.uint8)
    np.savez(tmp_path / "images.npz", x_train=images, y_train=labels, x_val=images[::5], y_val=labels[::5])
    settings = {"epochs": 1, "training.shuffle": False}
    record = lensmith.train(tmp_path / "images.npz", "mnist-2conv", set=settings | LOOK, runs=tmp_path)
    assert record.diagnoses[0].kind == "not shuffled"


LOOK = {"data.image_size": [12, 12], "data.color": "rgb"}
