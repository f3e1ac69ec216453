from pathlib import Path

import pytest
from benchmarks import contestants
from benchmarks.contestants import Contestant, lensmith, peer


def test_command_is_shown_as_it_is_typed() -> None:
    trained = lensmith("a", "mnist", "mnist-3conv", "--set", "training.augmentation=[]")
    assert trained.shown(3) == "lensmith train mnist --recipe mnist-3conv --set 'training.augmentation=[]' --seed 3"
    assert trained.command(3)[-4:] == ("--json", "--quiet", "--seed", "3")
    read = peer("b", "read_folder", "keras", "FOLDER", seeded=False, KERAS_BACKEND="jax")
    assert read.shown(0) == "KERAS_BACKEND=jax python -m benchmarks.peers.read_folder keras FOLDER"


def test_fingerprint_follows_command_environment_and_recipe() -> None:
    found = {
        its.fingerprint()
        for its in (
            lensmith("a", "mnist", "mnist-3conv"),
            lensmith("a", "mnist", "mnist-2conv"),
            lensmith("a", "mnist", "mnist-3conv", "--epochs", "1"),
            peer("a", "stock_keras", "mnist-3conv"),
            peer("a", "stock_keras", "mnist-3conv", KERAS_BACKEND="jax"),
            peer("a", "torch_loop", "mnist-3conv"),
        )
    }
    assert len(found) == 6
    assert lensmith("a", "mnist", "mnist-3conv").fingerprint() == lensmith("b", "mnist", "mnist-3conv").fingerprint()


def test_fingerprint_follows_the_content_of_recipe_and_peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contestants, "ROOT", tmp_path)
    (tmp_path / "benchmarks" / "peers").mkdir(parents=True)
    recipe = tmp_path / "mine.toml"
    recipe.write_text('[model]\nbuilder = "small-cnn"\n', encoding="utf-8")
    files = [tmp_path / "benchmarks" / "peers" / f"{name}.py" for name in ("arrays", "stock_keras")]
    for file in files:
        file.write_text("1\n", encoding="utf-8")
    ours, theirs = lensmith("a", "mnist", "mine.toml"), peer("a", "stock_keras")
    before = {ours.fingerprint(), theirs.fingerprint()}
    recipe.write_text('seed = 1\n[model]\nbuilder = "small-cnn"\n', encoding="utf-8")
    files[0].write_text("2\n", encoding="utf-8")
    assert not before & {ours.fingerprint(), theirs.fingerprint()}


def test_words_about_a_recipe_do_not_make_its_results_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contestants, "ROOT", tmp_path)
    recipe, ours = tmp_path / "mine.toml", lensmith("a", "mnist", "mine.toml")
    recipe.write_text('[model]\nbuilder = "small-cnn"\n', encoding="utf-8")
    before = ours.fingerprint()
    recipe.write_text('description = "Mine."\n# Quick.\n[model]\nbuilder = "small-cnn"\n', encoding="utf-8")
    assert ours.fingerprint() == before


def test_recipe_that_does_not_exist_has_no_fingerprint() -> None:
    assert lensmith("a", "mnist", "no-such-recipe").fingerprint() == ""
    assert Contestant("a", ("x",)).fingerprint()
