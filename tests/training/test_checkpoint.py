import json
from pathlib import Path

import keras
import numpy as np
import pytest

from lensmith.errors import RunError
from lensmith.training.checkpoint import TrainingState, load_variables, read_state, save_checkpoint


def small_model(units: int = 3, seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dropout(0.5)])
    model.compile("adam", "mse")
    model.fit(np.ones((8, 4)), np.ones((8, units)), verbose=0)
    return model


def values(model: keras.Model) -> list[np.ndarray]:
    return [its.numpy() for its in (*model.variables, *model.optimizer.variables)]


def test_a_checkpoint_holds_weights_dropout_seeds_and_optimizer_slots(tmp_path: Path):
    model, other = small_model(seed=0), small_model(seed=1)
    state = TrainingState(epoch=2, step=20, history=[{"epoch": 1, "loss": 0.5}], best_epoch=1)
    save_checkpoint(tmp_path, model, state)
    load_variables(tmp_path, 2, other)
    assert len(values(model)) > 6  # kernel, bias, dropout's seed, Adam's slots
    for ours, theirs in zip(values(model), values(other), strict=True):
        assert (ours == theirs).all()
    assert read_state(tmp_path) == state


def test_the_two_newest_and_the_best_are_kept(tmp_path: Path):
    model = small_model()
    for epoch in range(6):
        save_checkpoint(tmp_path, model, TrainingState(epoch=epoch, best_epoch=min(epoch, 2)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch-0002", "epoch-0004", "epoch-0005"]


def test_a_failed_write_leaves_earlier_checkpoints_and_no_remains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = small_model()
    save_checkpoint(tmp_path, model, TrainingState(epoch=1))

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(RunError, match=r"epoch 2 cannot be written.*No space left"):
        save_checkpoint(tmp_path, model, TrainingState(epoch=2))
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-0001"]


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path):
    save_checkpoint(tmp_path, small_model(units=3), TrainingState(epoch=1))
    with pytest.raises(RunError, match="another network or optimizer"):
        load_variables(tmp_path, 1, small_model(units=4))


def test_a_damaged_checkpoint_is_named(tmp_path: Path):
    model = small_model()
    save_checkpoint(tmp_path, model, TrainingState(epoch=1))
    file = tmp_path / "epoch-0001" / "state.npz"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(RunError, match="epoch-0001"):
        load_variables(tmp_path, 1, model)
    (tmp_path / "epoch-0001" / "state.json").write_text("{")
    with pytest.raises(RunError, match=r"epoch-0001.*damaged"):
        read_state(tmp_path)


def test_without_a_checkpoint_there_is_nothing_to_go_on_from(tmp_path: Path):
    with pytest.raises(RunError, match="no checkpoint"):
        read_state(tmp_path)


def test_state_is_plain_json_without_nan(tmp_path: Path):
    save_checkpoint(tmp_path, small_model(), TrainingState(epoch=1, history=[{"loss": float("nan")}]))
    text = (tmp_path / "epoch-0001" / "state.json").read_text()
    assert json.loads(text)["history"] == [{"loss": None}]
