import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from lensmith.errors import DataError, RunError
from lensmith.inference import Prediction, Predictor, image_files
from lensmith.runs import Run


@pytest.fixture(scope="module")
def predictor(tiny_run: Run) -> Predictor:
    return Predictor.of_run(tiny_run)


def test_answers_are_those_of_the_keras_model(tiny_run: Run, predictor: Predictor, stripes_folder: Path):
    files = sorted((stripes_folder / "vertical").iterdir())[:20]
    pixels = np.stack([np.asarray(Image.open(file)) for file in files])
    expected = tiny_run.model.predict(pixels, verbose=0)
    for answer, probabilities in zip(predictor.predict_files(files), expected, strict=True):
        top = dict(answer.top)
        assert [top["horizontal"], top["vertical"]] == pytest.approx(probabilities, abs=1e-4)
        assert answer.label == max(top, key=top.__getitem__)
        assert answer.probability == max(top.values())
        assert answer.error is None


def test_other_sizes_and_modes_are_brought_to_the_models(predictor: Predictor, tmp_path: Path):
    for name, image in {
        "large.png": Image.new("RGB", (300, 200), "red"),
        "gray.png": Image.new("L", (12, 12), 128),
        "clear.png": Image.new("RGBA", (12, 12), (255, 0, 0, 0)),
    }.items():
        image.save(tmp_path / name)
        assert predictor.read(tmp_path / name).shape == (12, 12, 3)
    assert (predictor.read(tmp_path / "clear.png") == 255).all()


def test_a_file_that_cannot_be_read_has_an_error_and_keeps_its_place(
    predictor: Predictor, stripes_folder: Path, tmp_path: Path
):
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "empty.png").write_bytes(b"")
    good = next((stripes_folder / "vertical").iterdir())
    first, second, third = predictor.predict_files([tmp_path / "text.png", good, tmp_path / "empty.png"])
    assert (first.label, first.top) == (None, [])
    assert first.error is not None
    assert first.error.startswith("not an image")
    assert second.label is not None
    assert third.error == "empty file"


def test_more_files_than_a_batch_keep_their_order(predictor: Predictor, stripes_folder: Path):
    files = sorted(stripes_folder.rglob("*.png"))
    answers = predictor.predict_files(files)
    assert [answer.path for answer in answers] == [str(file) for file in files]
    assert (
        answers[70] == predictor.predict_files([files[70]])[0]
        or answers[70].label == predictor.predict_files([files[70]])[0].label
    )


def test_folders_are_searched_at_any_depth_without_hidden_files(tmp_path: Path):
    for name in ("b.png", "deep/er/a.png", ".hidden.png", ".git/x.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert image_files([tmp_path]) == [tmp_path / "b.png", tmp_path / "deep/er/a.png"]
    assert image_files([tmp_path / ".hidden.png"]) == [tmp_path / ".hidden.png"]


def test_a_path_that_does_not_exist_or_an_empty_folder_is_an_error(tmp_path: Path):
    with pytest.raises(DataError, match="No such file or folder"):
        image_files([tmp_path / "nothing.png"])
    with pytest.raises(DataError, match="no files in"):
        image_files([tmp_path])


def test_a_damaged_model_or_artefact_is_named(tiny_run: Run, tmp_path: Path):
    broken = tmp_path / "model.onnx"
    broken.write_bytes(tiny_run.onnx_file.read_bytes()[:500])
    with pytest.raises(RunError, match=r"model\.onnx cannot be opened as a model"):
        Predictor(broken, tiny_run.artifact)
    shutil.copy(tiny_run.onnx_file, broken)
    without = {name: value for name, value in tiny_run.artifact.items() if name != "color"}
    with pytest.raises(RunError, match="lacks 'color'"):
        Predictor(broken, without)


def test_what_a_system_leaves_in_a_folder_is_not_answered(tmp_path: Path):
    for name in ("a.png", "Thumbs.db", "desktop.ini"):
        (tmp_path / name).write_bytes(b"x")
    assert image_files([tmp_path]) == [tmp_path / "a.png"]


def test_a_file_name_that_is_not_utf8_is_answered_and_can_be_printed(predictor: Predictor, tmp_path: Path):
    import os

    place = os.fsencode(tmp_path) + b"/caf\xe9.png"
    with open(place, "wb") as file:
        Image.new("RGB", (12, 12)).save(file, "PNG")
    (answer,) = predictor.predict_files(image_files([tmp_path]))
    assert answer.label is not None
    assert "caf" in answer.path
    assert answer.path.encode("utf-8")


def with_threshold(run: Run, threshold: object) -> Predictor:
    return Predictor(run.onnx_file, run.artifact | {"rejection_threshold": threshold})


def test_an_answer_below_the_threshold_is_unknown_and_still_names_the_likeliest(
    tiny_run: Run, predictor: Predictor, stripes_folder: Path
):
    files = sorted(stripes_folder.rglob("*.png"))
    plain = predictor.predict_files(files)
    threshold = sorted(its.probability for its in plain)[40]
    for before, after in zip(plain, with_threshold(tiny_run, threshold).predict_files(files), strict=True):
        assert not before.rejected
        assert after.rejected == (before.probability < threshold)
        assert after.label == ("unknown" if after.rejected else before.label)
        assert after.top == before.top
        assert after.probability == before.probability == after.top[0][1]
        assert after.top[0][0] == before.label


def test_an_answer_as_probable_as_the_threshold_is_given(tiny_run: Run, predictor: Predictor, stripes_folder: Path):
    file = next((stripes_folder / "vertical").iterdir())
    (plain,) = predictor.predict_files([file])
    above = float(np.nextafter(plain.probability, 1))
    assert np.float32(above) == plain.probability  # so nothing may be rounded to single precision
    for threshold, label in (
        (plain.probability, plain.label),
        (above, "unknown"),
        (None, plain.label),
        (0, plain.label),
    ):
        assert with_threshold(tiny_run, threshold).predict_files([file])[0].label == label


def test_a_file_that_cannot_be_read_is_not_called_unknown(tiny_run: Run, tmp_path: Path):
    (tmp_path / "text.png").write_text("hello")
    (answer,) = with_threshold(tiny_run, 1.0).predict_files([tmp_path / "text.png"])
    assert (answer.label, answer.rejected) == (None, False)


@pytest.mark.parametrize(
    "threshold",
    [
        "0.5",
        -0.1,
        1.1,
        float("nan"),
        float("inf"),
        [0.5],
        {},
        True,
    ],
)
def test_a_threshold_that_is_no_probability_is_an_error(tiny_run: Run, threshold: object):
    with pytest.raises(RunError, match=r"rejection_threshold is .* no number from 0 to 1"):
        with_threshold(tiny_run, threshold)


def test_a_table_and_csv_carry_what_is_unknown(tiny_run: Run, stripes_folder: Path):
    import io

    from rich.console import Console

    from lensmith.rendering.terminal import predictions_csv, predictions_table

    answers = with_threshold(tiny_run, 1.0).predict_files([next((stripes_folder / "vertical").iterdir())])
    likeliest, probability = answers[0].top[0]
    header, row = (line.split(",") for line in predictions_csv(answers, 2).splitlines())
    cells = dict(zip(header, row, strict=True))
    assert (cells["label"], cells["class_1"], cells["p_1"]) == ("unknown", likeliest, str(probability))
    screen = Console(file=io.StringIO(), width=300)
    screen.print(predictions_table(Prediction("r", answers)))
    text = " ".join(screen.file.getvalue().split())
    assert "unknown" in text
    assert f"{likeliest} {100 * probability:.1f}" in text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("trust", [True, False])
def test_a_run_that_was_copied_without_its_model_says_what_is_missing(tiny_run: Run, tmp_path: Path, trust: bool):
    copy = Path(shutil.copytree(tiny_run.path, tmp_path / "copy", ignore=shutil.ignore_patterns("model.onnx")))
    with pytest.raises(RunError, match=r"model\.onnx is missing: run\.json, artifact\.json and model\.onnx of one run"):
        Predictor.of_run(Run(copy, trust))


def test_a_model_of_another_run_is_not_taken_for_this_ones(tiny_run: Run, tmp_path: Path):
    copy = Path(shutil.copytree(tiny_run.path, tmp_path / "copy"))
    other = onnx.load(copy / "model.onnx")
    other.doc_string = "of another run"
    onnx.save(other, copy / "model.onnx")
    with pytest.raises(RunError, match=r"model\.onnx is not the model that artifact\.json beside it is of"):
        Predictor.of_run(Run(copy))
