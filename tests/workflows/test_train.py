from pathlib import Path

import numpy as np
import pytest
from tests.made_images import stripes, write_folder

import lensmith
from lensmith.config import load_recipe
from lensmith.errors import LensmithError
from lensmith.runs import Run

QUICK = {"epochs": 2, "batch_size": 8, "learning_rate": 0.001}


def weights(run: str | Path) -> list[np.ndarray]:
    return lensmith.load_run(Path(run)).model.get_weights()


def test_the_record_and_run_json_tell_the_same_story(tiny_run: Run, stripes_folder: Path):
    info = tiny_run.info
    result = info["result"]
    assert info["state"] == "finished"
    assert info["data"]["source"] == str(stripes_folder)
    assert info["data"]["counts"]["test"] == {"horizontal": 8, "vertical": 8}
    assert info["data"]["found"] == info["data"]["used"] == 80
    assert {"keras", "tensorflow", "numpy"} <= set(info["versions"])
    assert info["machine"]["cores"] >= 1
    assert (result["epochs"], result["steps"]) == (3, 3 * 7)
    assert 0 < result["train_seconds"] <= result["total_seconds"]
    assert result["images_per_second"] == pytest.approx(56 * 3 / result["train_seconds"], rel=0.01)
    assert result["parameters"] == tiny_run.model.count_params()


def test_the_resolved_recipe_makes_the_same_run_again(tiny_run: Run, stripes_folder: Path, tmp_path: Path):
    again = lensmith.train(stripes_folder, tiny_run.recipe_file, name="again", runs=tmp_path)
    for ours, theirs in zip(weights(tiny_run.path), weights(again.run), strict=True):
        assert (ours == theirs).all()


def test_auto_sets_epochs_and_flips_by_the_data_and_yields_to_the_user(tiny_run: Run):
    recipe = load_recipe(tiny_run.recipe_file)
    assert recipe.training.epochs == 3  # the user's
    assert [its.class_name for its in recipe.training.augmentation] == ["AlternatingFlip"]


def test_folder_csv_and_npz_of_the_same_images_give_the_same_weights(real_data: Path, tmp_path: Path):
    cifar = np.load(real_data / "cifar10.npz")
    labels = cifar["y_train"][:600].astype(np.int64)
    order = np.argsort(labels, kind="stable")  # the order of class folders
    images, labels = cifar["x_train"][:600][order], labels[order]
    names = tuple("abcdefghij")
    folder = write_folder(tmp_path / "pngs", images, labels, names)
    files = sorted(folder.rglob("*.png"))
    lines = ["path,label", *(f"pngs/{file.relative_to(folder)},{file.parent.name}" for file in files)]
    (tmp_path / "list.csv").write_text("\n".join(lines))
    np.savez(tmp_path / "arrays.npz", x_train=images, y_train=labels, class_names=np.array(names))
    settings = {"epochs": 1, "data.image_size": 32}
    trained = [
        weights(lensmith.train(tmp_path / data, "cifar-2conv-bn-dropout", set=settings, runs=tmp_path / "runs").run)
        for data in ("pngs", "list.csv", "arrays.npz")
    ]
    for one, two, three in zip(*trained, strict=True):
        assert (one == two).all()
        assert (one == three).all()


def test_where_images_cannot_be_made_smaller_the_run_says_so(
    stripes_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("lensmith.training.settling.compiles_steps", lambda: False)
    settings = {**QUICK, "epochs": 1, "training.progressive_resizing": [{"until": 0.5, "size": 8}]}
    run = lensmith.train(stripes_folder, "fast", set=settings, runs=tmp_path).run
    assert load_recipe(Run(Path(run)).recipe_file).training.progressive_resizing is None
    assert "All images are seen at full size: progressive resizing needs TensorFlow" in capsys.readouterr().err


def test_a_file_of_the_users_called_auto_is_theirs(stripes_folder: Path, tmp_path: Path):
    text = "[model]\nlayers = ['Flatten', {class_name = 'Dense', units = 'num_classes', activation = 'softmax'}]\n"
    (tmp_path / "auto.toml").write_text(text + "[training]\nepochs = 1\n")
    record = lensmith.train(stripes_folder, tmp_path / "auto.toml", runs=tmp_path)
    assert record.epochs == 1


def test_force_keeps_the_old_run_when_the_new_one_cannot_be_made(stripes_folder: Path, tmp_path: Path):
    lensmith.train(stripes_folder, "cifar-2conv", set=QUICK, name="mine", runs=tmp_path)
    before = weights(tmp_path / "mine")
    with pytest.raises(LensmithError):
        lensmith.train(stripes_folder, set={"model.builder": "nonsense"}, name="mine", runs=tmp_path, force=True)
    for ours, theirs in zip(before, weights(tmp_path / "mine"), strict=True):
        assert (ours == theirs).all()
    lensmith.train(stripes_folder, "cifar-2conv", set={**QUICK, "epochs": 1}, name="mine", runs=tmp_path, force=True)
    assert Run(tmp_path / "mine").info["result"]["epochs"] == 1


def test_skipped_files_are_counted_and_named(tmp_path: Path):
    folder = write_folder(tmp_path / "data", *stripes(40), ("a", "b"))
    (folder / "a" / "notes.txt").write_text("not an image")
    (folder / "b" / "empty.jpg").write_bytes(b"")
    record = lensmith.train(folder, "cifar-2conv", set={"epochs": 1}, name="r", runs=tmp_path / "runs")
    assert record.skipped == {"empty file": 1, "not an image": 1}
    data = Run(tmp_path / "runs" / "r").info["data"]
    assert data["found"] == data["used"] + 2 == 42
    assert {its["path"] for its in data["skipped"]} == {"a/notes.txt", "b/empty.jpg"}


def test_without_a_test_split_nothing_is_said_about_new_images(tmp_path: Path):
    images, labels = stripes(40)
    folder = write_folder(tmp_path / "data" / "train", images[:30], labels[:30], ("a", "b")).parent
    write_folder(folder / "val", images[30:], labels[30:], ("a", "b"))
    record = lensmith.train(folder, "cifar-2conv", set={"epochs": 1}, name="r", runs=tmp_path / "runs")
    assert record.test is None
    assert record.val_accuracy is not None
    assert (tmp_path / "runs" / "r" / "report.html").exists()


def test_mnist_3conv_has_its_parameters_on_mnist_images(real_data: Path, tmp_path: Path, monkeypatch):
    mnist = np.load(real_data / "mnist.npz")
    few = {f"{name}_{split}": mnist[f"{name}_{split}"][:400] for name in "xy" for split in ("train", "test")}
    np.savez(tmp_path / "few.npz", **few)
    record = lensmith.train(tmp_path / "few.npz", "mnist-3conv", set={"epochs": 1}, runs=tmp_path)
    assert record.parameters == 93_322


def test_a_network_against_a_rule_of_thumb_is_trained_with_a_warning(
    stripes_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "linear.toml").write_text(
        'description = "a."\nsource = "b"\n[model]\nlayers = [{ class_name = "Conv2D", filters = 2, kernel_size = 3, '
        'name = "first" }, { class_name = "Conv2D", filters = 2, kernel_size = 3, activation = "relu" }, '
        '{ class_name = "Flatten" }, { class_name = "Dense", units = "num_classes", activation = "softmax" }]\n'
    )
    lensmith.train(stripes_folder, tmp_path / "linear.toml", set={"epochs": 1}, runs=tmp_path / "runs")
    said = capfd.readouterr().err
    assert said.count("Against a rule of thumb") == 1
    assert "layer first: no activation between it and" in said
