import json
import os
from pathlib import Path

import keras
import numpy as np
import pytest

from lensmith.errors import RunError
from lensmith.training import checkpoint as module
from lensmith.training.checkpoint import (
    TrainingState,
    checkpoint_of_epoch,
    newest_checkpoint,
    read_checkpoint,
    save_checkpoint,
)


def small_model(units: int = 3, seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dropout(0.5)])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.ones((8, 4)), np.ones((8, units)), verbose=0)
    return model


def values(model: keras.Model) -> list[np.ndarray]:
    return [its.numpy() for its in (*model.variables, *model.optimizer.variables, *model.metrics_variables)]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def after(step: int, *epochs: int, best: int = 0) -> TrainingState:
    """A state after a step, with whole epochs that ended at these steps."""
    history = [{"epoch": place + 1, "step": end} for place, end in enumerate(epochs)]
    return TrainingState(epoch=len(epochs), step=step, history=history, best_epoch=best or len(epochs))


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return small_model()


def test_a_checkpoint_holds_weights_dropout_seeds_optimizer_slots_and_metrics(tmp_path: Path):
    model, other = small_model(seed=0), small_model(seed=1)
    state = TrainingState(
        1, 25, [{"epoch": 1, "step": 20, "loss": 0.1 + 0.2}], 1, 3, loss_sum=1 / 3, loss_images=5, seconds=0.7
    )
    save_checkpoint(tmp_path, model, state)
    found = read_checkpoint(tmp_path / "step-00000025")
    found.load(other, metrics=True)
    assert len(values(model)) > 8  # kernel, bias, dropout's seed, Adam's slots, means of loss and error
    for ours, theirs in zip(values(model), values(other), strict=True):
        assert (ours == theirs).all()
    assert found.state == state
    assert found.is_within_epoch


def test_the_two_newest_the_last_whole_epoch_and_the_best_are_kept(model: keras.Model, tmp_path: Path):
    for step, *epochs in [(0,), (10, 10), (20, 10, 20), (30, 10, 20, 30), (33, 10, 20, 30), (36, 10, 20, 30)]:
        save_checkpoint(tmp_path, model, after(step, *epochs, best=min(1, len(epochs))))
    assert names(tmp_path) == ["step-00000010", "step-00000030", "step-00000033", "step-00000036"]
    save_checkpoint(tmp_path, model, after(39, 10, 20, 30, best=1))
    assert names(tmp_path) == ["step-00000010", "step-00000030", "step-00000036", "step-00000039"]


def test_the_start_is_kept_as_the_second_best_where_it_is_an_epoch(model: keras.Model, tmp_path: Path):
    save_checkpoint(tmp_path, model, after(0))
    for step in (10, 13, 16):
        state = after(step, 10, best=1)
        state.history.insert(0, {"epoch": 0, "step": 0})
        save_checkpoint(tmp_path, model, state)
    assert names(tmp_path) == ["step-00000000", "step-00000010", "step-00000013", "step-00000016"]


def test_a_failed_write_leaves_earlier_checkpoints_and_no_remains(
    model: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    save_checkpoint(tmp_path, model, after(1))

    def full(path: Path, content: bytes) -> None:
        path.write_bytes(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_bytes", full)
    expected = r"step-00000002 cannot be written: No space.*takes [\d,]+ bytes, and .* has [\d,]+ free.*are kept"
    with pytest.raises(RunError, match=expected):
        save_checkpoint(tmp_path, model, after(2))
    assert names(tmp_path) == ["step-00000001"]


def test_too_little_room_is_said_before_anything_is_written(
    model: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 100})())
    with pytest.raises(RunError, match=r"takes [\d,]{4,} bytes, and .* has 100 free"):
        save_checkpoint(tmp_path, model, after(2))
    assert names(tmp_path) == []


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path):
    save_checkpoint(tmp_path, small_model(units=3), after(1))
    with pytest.raises(RunError, match="another network or optimizer"):
        read_checkpoint(tmp_path / "step-00000001").load(small_model(units=4))


def damages() -> list[tuple[str, int | None]]:
    """File and place of each damage: cut off there; `None` for a file that is gone."""
    places = [("state.npz", place) for place in range(0, 2000, 100)]
    return [*places, ("state.json", 0), ("state.json", 50), ("manifest.json", 0), ("manifest.json", 80)] + [
        (name, None) for name in ("state.json", "state.npz", "manifest.json")
    ]


def test_whatever_is_cut_off_or_missing_is_noticed_and_the_one_before_taken(model: keras.Model, tmp_path: Path):
    save_checkpoint(tmp_path, model, after(1))
    save_checkpoint(tmp_path, model, after(2))
    newest = tmp_path / "step-00000002"
    for name, place in damages():
        file = newest / name
        content = file.read_bytes()
        file.unlink() if place is None else os.truncate(file, place)
        found, said = newest_checkpoint(tmp_path)
        assert found is not None
        assert found.path.name == "step-00000001"
        assert len(said) == 1
        assert "step-00000002 is damaged" in said[0]
        assert name in said[0]
        file.write_bytes(content)
    assert newest_checkpoint(tmp_path)[1] == []


def test_every_flipped_byte_is_noticed(model: keras.Model, tmp_path: Path):
    save_checkpoint(tmp_path, model, after(1))
    path, random = tmp_path / "step-00000001", np.random.default_rng(0)
    for name, times in (("state.npz", 100), ("state.json", 40), ("manifest.json", 60)):
        content = (path / name).read_bytes()
        for place in random.choice(len(content), times, replace=False):
            flipped = bytearray(content)
            flipped[place] ^= int(random.integers(1, 256))
            (path / name).write_bytes(flipped)
            with pytest.raises(RunError, match="step-00000001 is damaged"):
                read_checkpoint(path)
        (path / name).write_bytes(content)
    assert read_checkpoint(path).state.step == 1


def test_none_after_the_wanted_end_is_taken(model: keras.Model, tmp_path: Path):
    save_checkpoint(tmp_path, model, after(10, 10))
    save_checkpoint(tmp_path, model, after(14, 10))
    assert newest_checkpoint(tmp_path, 2)[0].state.step == 14
    assert newest_checkpoint(tmp_path, 1)[0].state.step == 10


def test_a_damaged_one_is_replaced_when_training_comes_to_its_step_again(model: keras.Model, tmp_path: Path):
    for step in (1, 2):
        save_checkpoint(tmp_path, model, after(step))
    (tmp_path / "step-00000002" / "state.npz").write_bytes(b"")
    save_checkpoint(tmp_path, model, after(2))
    assert newest_checkpoint(tmp_path)[0].state.step == 2


def test_without_a_checkpoint_there_is_none(tmp_path: Path):
    assert newest_checkpoint(tmp_path) == (None, [])
    with pytest.raises(RunError, match=r"step-00000000 is damaged: .* cannot be read: No such file"):
        checkpoint_of_epoch(tmp_path, TrainingState(), 1)


def test_state_is_plain_json_without_nan(model: keras.Model, tmp_path: Path):
    save_checkpoint(tmp_path, model, TrainingState(1, 0, [{"epoch": 1, "step": 0, "loss": float("nan")}]))
    text = (tmp_path / "step-00000000" / "state.json").read_text()
    assert json.loads(text)["history"] == [{"epoch": 1, "step": 0, "loss": None}]
