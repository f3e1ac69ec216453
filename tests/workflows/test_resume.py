import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import tomli_w
from PIL import Image
from tests.made_images import stripes, write_folder

import lensmith
from lensmith.config import load_recipe
from lensmith.data import Dataset, open_dataset
from lensmith.errors import RunError, UnsafeFile
from lensmith.files import UNFINISHED
from lensmith.runs import Run, create_run
from lensmith.training.checkpoint import read_checkpoint
from lensmith.workflows.provenance import check_unchanged, provenance

QUICK = {"epochs": 2, "batch_size": 8, "learning_rate": 0.001}


def weights(run: str | Path) -> list[np.ndarray]:
    return Run(Path(run)).model.get_weights()


def test_a_finished_run_is_trained_further(stripes_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    first = lensmith.train(stripes_folder, "cifar-2conv-bn-dropout", set=QUICK, name="short", runs=tmp_path)
    further = lensmith.resume("short", epochs=4, runs=tmp_path)
    assert "Going on in epoch 3.\n" in capsys.readouterr().err
    lensmith.resume("short", epochs=4, runs=tmp_path)
    assert "Going on" not in capsys.readouterr().err
    whole = lensmith.train(
        stripes_folder, "cifar-2conv-bn-dropout", set={**QUICK, "epochs": 4}, name="long", runs=tmp_path
    )
    assert (first.epochs, further.epochs, further.run) == (2, 4, first.run)
    assert further.images_per_second == pytest.approx(56 * 2 / further.train_seconds, rel=0.01)
    for ours, theirs in zip(weights(further.run), weights(whole.run), strict=True):
        assert (ours == theirs).all()
    assert Run(tmp_path / "short").info["resumed"]


def test_a_resume_that_cannot_work_leaves_the_run_as_it_was(stripes_folder: Path, tmp_path: Path):
    lensmith.train(stripes_folder, "cifar-2conv", set=QUICK, name="r", runs=tmp_path)
    run = Run(tmp_path / "r")
    before = (run.info, run.recipe_file.read_text())
    with pytest.raises(RunError, match="has 2 epochs already"):
        lensmith.resume("r", epochs=1, runs=tmp_path)
    shutil.rmtree(run.checkpoints)
    with pytest.raises(RunError, match="is finished and has no checkpoint to go on from"):
        lensmith.resume("r", epochs=9, runs=tmp_path)
    assert (run.info, run.recipe_file.read_text()) == before


def test_a_run_that_ended_within_an_epoch_is_not_trained_further(stripes_folder: Path, tmp_path: Path):
    lensmith.train(stripes_folder, "cifar-2conv", set={**QUICK, "epochs": 1.5}, name="r", runs=tmp_path)
    for epochs in (2, 3):
        with pytest.raises(RunError, match=rf"within an epoch, after 1\.5, .*Train anew: .*--epochs {epochs}"):
            lensmith.resume("r", epochs=epochs, runs=tmp_path)
    assert lensmith.resume("r", runs=tmp_path).epochs == 2


@pytest.fixture(scope="module")
def trained(stripes_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run that is copied by who changes it."""
    runs = tmp_path_factory.mktemp("runs")
    return Run(Path(lensmith.train(stripes_folder, "cifar-2conv", set=QUICK, name="r", runs=runs).run))


@pytest.fixture
def run(trained: Run, tmp_path: Path) -> Run:
    return Run(shutil.copytree(trained.path, tmp_path / "r"))


def test_a_run_that_a_callback_ended_within_an_epoch_is_not_trained_further(stripes_folder: Path, tmp_path: Path):
    import keras

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
            self.model.stop_training = True

    lensmith.train(stripes_folder, "cifar-2conv", set=QUICK, name="r", runs=tmp_path, callbacks=[Stop()])
    before = Run(tmp_path / "r").info
    for epochs in (None, 4):
        with pytest.raises(RunError, match=r"callback ended run r within epoch 1.*--epochs 1 for its model"):
            lensmith.resume("r", epochs=epochs, runs=tmp_path)
    assert Run(tmp_path / "r").info == before
    assert lensmith.resume("r", epochs=1, runs=tmp_path).epochs == 1


def test_killed_before_the_first_checkpoint_it_begins_anew(run: Run, trained: Run, capsys: pytest.CaptureFixture):
    for path in (*run.checkpoints.iterdir(), run.keras_file, run.onnx_file, run.path / "artifact.json"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (run.path / f"{UNFINISHED}half").touch()
    record = lensmith.resume(run.path)
    assert "has no checkpoint yet: it begins anew" in capsys.readouterr().err
    assert not list(run.path.glob(f"{UNFINISHED}*"))
    assert record.steps == trained.info["result"]["steps"]
    assert all((a == b).all() for a, b in zip(weights(run.path), weights(trained.path), strict=True))


def test_a_damaged_checkpoint_is_said_and_the_one_before_taken(run: Run, trained: Run, capsys: pytest.CaptureFixture):
    *_, before, newest = sorted(run.checkpoints.iterdir())
    (newest / "state.npz").write_bytes(b"")
    lensmith.resume(run.path)
    said = capsys.readouterr().err
    assert f"{newest} is damaged: state.npz is not what was written" in said
    assert f"Going on from {before.name}, the newest that is whole." in said
    assert all((a == b).all() for a, b in zip(weights(run.path), weights(trained.path), strict=True))


def test_an_edited_recipe_is_refused_with_what_it_was_and_is_and_nothing_is_changed(run: Run):
    run.recipe_file.write_text(run.recipe_file.read_text().replace("batch_size = 8", "batch_size = 16"))
    before = (run.info, run.recipe_file.read_text())
    for force in (False, True):
        with pytest.raises(RunError, match=r"recipe training\.batch_size was 8 and is 16"):
            lensmith.resume(run.path, force=force)
    assert (run.info, run.recipe_file.read_text()) == before


def test_other_versions_are_refused_unless_forced(run: Run, capsys: pytest.CaptureFixture):
    run.update(versions={**run.info["versions"], "keras": "3.15.0"})
    with pytest.raises(RunError, match=r"versions keras was 3\.15\.0 and is .*--force"):
        lensmith.resume(run.path)
    lensmith.resume(run.path, force=True)
    assert "Going on all the same: versions keras was 3.15.0" in capsys.readouterr().err
    lensmith.resume(run.path)  # it goes on from what it is now


def test_another_machine_is_said_and_kept(run: Run, capsys: pytest.CaptureFixture):
    run.update(machine={**run.info["machine"], "processor": "an abacus", "cores": 1000})
    lensmith.resume(run.path)
    assert "This is another machine: its processor was an abacus and is" in capsys.readouterr().err
    assert "its cores was 1000" in run.info["resumed"][-1]["notes"][0]


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ({"early_stopping": {"patience": 3}}, "training.early_stopping was None and is"),
        ({"weight_averaging": {"decay": 0.9}}, "training.weight_averaging was None and is"),
        (
            {"optimizer": {"class_name": "RMSprop", "weight_decay": 0.1}},
            r"optimizer\.weight_decay was None and is 0\.1",
        ),
    ],
)
def test_what_was_added_to_the_recipe_is_noticed(added: dict, said: str, run: Run):
    its = tomllib.loads(run.recipe_file.read_text())
    its["training"] |= added
    run.recipe_file.write_text(tomli_w.dumps(its))
    with pytest.raises(RunError, match=said):
        lensmith.resume(run.path)


def test_without_the_folder_of_checkpoints_it_begins_anew(run: Run, capsys: pytest.CaptureFixture):
    shutil.rmtree(run.checkpoints)
    run.keras_file.unlink()
    assert lensmith.resume(run.path).epochs == 2
    assert "it begins anew" in capsys.readouterr().err


def test_a_damaged_checkpoint_is_removed_once_it_was_said(run: Run):
    *_, newest = sorted(run.checkpoints.iterdir())
    damaged = run.checkpoints / "step-00000013"
    shutil.copytree(newest, damaged)
    (damaged / "state.npz").write_bytes(b"")
    lensmith.resume(run.path)
    assert not damaged.exists()
    assert read_checkpoint(newest).state.epoch == 2


def test_a_run_whose_files_are_elsewhere_is_refused_before_anything_is_done(run: Run, tmp_path: Path):
    run.checkpoints.rename(tmp_path / "elsewhere")
    run.checkpoints.symlink_to(tmp_path / "elsewhere")
    before = (sorted((tmp_path / "elsewhere").iterdir()), run.info)
    with pytest.raises(UnsafeFile, match="checkpoints is a link to"):
        lensmith.resume(run.path, epochs=3)
    assert (sorted((tmp_path / "elsewhere").iterdir()), run.info) == before
    assert lensmith.resume(run.path, epochs=3, trust=True).epochs == 3


@pytest.fixture
def changing(tmp_path: Path) -> tuple[Path, Run]:
    """A folder of training images, with one of test images beside it, and a run on them."""
    folder = write_folder(tmp_path / "data" / "train", *stripes(40), ("a", "b"))
    write_folder(tmp_path / "data" / "test", *stripes(10, seed=1), ("a", "b"))
    record = lensmith.train(folder.parent, "cifar-2conv", set=QUICK, name="r", runs=tmp_path / "runs")
    return folder, Run(Path(record.run))


def test_other_images_are_refused_unless_forced(changing: tuple[Path, Run]):
    folder, run = changing
    Image.new("RGB", (12, 12)).save(folder / "a" / "new.png")
    with pytest.raises(RunError, match=r"had 50 usable images and has 51.*--force"):
        lensmith.resume(run.path, epochs=3)
    assert run.info["state"] == "finished"
    assert lensmith.resume(run.path, epochs=3, force=True).epochs == 3


def test_other_images_are_refused_always_where_the_test_is_drawn_from_them(tmp_path: Path):
    folder = write_folder(tmp_path / "data", *stripes(40), ("a", "b"))
    record = lensmith.train(folder, "cifar-2conv", set=QUICK, name="r", runs=tmp_path / "runs")
    Image.new("RGB", (12, 12)).save(folder / "a" / "new.png")
    for force in (False, True):
        with pytest.raises(RunError, match=r"had 40 usable images and has 41, and its test split is drawn from them"):
            lensmith.resume(record.run, epochs=3, force=force)


def test_a_recipe_that_is_gone_is_named(run: Run):
    run.recipe_file.unlink()
    with pytest.raises(RunError, match=r"recipe\.toml is missing\. Put it back"):
        lensmith.resume(run.path)


@pytest.mark.parametrize("change", [40, -20])
def test_epochs_of_another_length_are_refused_even_when_forced(change: int, changing: tuple[Path, Run]):
    folder, run = changing
    if change > 0:
        for n in range(change):
            Image.new("RGB", (12, 12), (n, 0, 0)).save(folder / "a" / f"new{n}.png")
    else:
        for file in sorted(folder.rglob("*.png"))[:: 40 // -change]:
            file.unlink()
    before = (run.info, run.recipe_file.read_text())
    with pytest.raises(RunError, match=r"not even with --force: an epoch was \d+ steps and would be \d+"):
        lensmith.resume(run.path, epochs=4, force=True)
    assert (run.info, run.recipe_file.read_text()) == before


def test_other_classes_are_refused_always(changing: tuple[Path, Run]):
    folder, run = changing
    for split in folder.parent.iterdir():
        (split / "a").rename(split / "c")
    with pytest.raises(RunError, match="its classes were a, b and are b, c"):
        lensmith.resume(run.path, force=True)


def test_a_word_that_was_not_there_then_is_no_change(stripes_folder: Path, tmp_path: Path):
    recipe = load_recipe("cifar-2conv")
    dataset: Dataset = open_dataset(stripes_folder, recipe.data)
    info = provenance(dataset, recipe)
    del info["settings"]["training.batch_size"]
    assert check_unchanged(create_run("x", "a", tmp_path, info=info), recipe, dataset) == []


def test_a_run_that_another_process_trains_is_left_alone(run: Run):
    program = (
        "import sys, time; from pathlib import Path; from lensmith.locks import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(run.path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        before = json.dumps(run.info)
        with pytest.raises(RunError, match="is being trained by another process, number"):
            lensmith.resume(run.path)
        with pytest.raises(RunError, match="is being trained by another process"):
            create_run("x", run.name, run.path.parent, force=True)
        assert json.dumps(run.info) == before
        holder.kill()
    assert lensmith.resume(run.path).epochs == 2
