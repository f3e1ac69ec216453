import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lensmith
from lensmith.errors import DataError, LensmithError, UnsafeFile
from lensmith.runs import Run
from lensmith.workflows import explain as module


def a_picture(path: Path, width: int = 40, height: int = 30) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = np.arange(height)[:, np.newaxis, np.newaxis]
    Image.fromarray(np.broadcast_to((rows // 2 % 2 * 200).astype(np.uint8), (height, width, 3))).save(path)
    return path


def test_a_picture_of_any_size_is_followed_through_the_layers_and_explained(tiny_run: Run, tmp_path: Path):
    path = a_picture(tmp_path / "dog.png")
    record = lensmith.explain(tiny_run.path, path, output=tmp_path / "out")
    (its,) = record.explanations
    assert its.size == (30, 40)
    assert its.predicted[0][0] in tiny_run.artifact["class_names"]
    assert sum(p for _, p in its.predicted) == pytest.approx(1, abs=1e-3)
    assert [found["method"] for found in its.maps] == ["gradcam", "integrated", "occlusion"]
    assert all(found["likeness"] is None or -1 <= found["likeness"] <= 1 for found in its.maps)
    assert its.layers[0].shape[:2] == (30, 40)
    assert all(Path(file).is_file() for file in its.outputs)
    page = (tmp_path / "out" / "dog" / "index.html").read_text()
    assert all(Path(file).name in page for file in its.outputs[1:])
    assert json.loads((tmp_path / "out" / "dog" / "explanation.json").read_text())["size"] == [30, 40]


def test_explanations_go_into_the_run_and_a_second_one_takes_the_place_of_the_first(tiny_run: Run, tmp_path: Path):
    import shutil

    shutil.copytree(tiny_run.path, tmp_path / "r")
    path = a_picture(tmp_path / "a.png")
    for _ in range(2):
        lensmith.explain("r", path, methods=["occlusion"], runs=tmp_path)
    assert sorted(its.name for its in (tmp_path / "r" / "explanations").iterdir()) == ["a"]


def test_pictures_of_one_name_get_folders_of_their_own_and_other_files_are_skipped(tiny_run: Run, tmp_path: Path):
    paths = [a_picture(tmp_path / folder / name) for folder, name in (("x", "a.png"), ("y", "a.png"), ("y", "A.png"))]
    (tmp_path / "y" / "notes.txt").write_text("no picture")
    record = lensmith.explain(
        tiny_run.path, [tmp_path / "x", tmp_path / "y"], methods=["occlusion"], output=tmp_path / "out"
    )
    assert len(record.explanations) == len(paths)
    assert len({Path(its.outputs[0]).parent.name.lower() for its in record.explanations}) == 3
    assert [Path(its.path).name for its in record.skipped] == ["notes.txt"]


def test_a_folder_of_the_users_own_is_not_replaced(tiny_run: Run, tmp_path: Path):
    path = a_picture(tmp_path / "cats.png")
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "dear.jpg").write_text("")
    with pytest.raises(LensmithError, match="exists and is no explanation"):
        lensmith.explain(tiny_run.path, path, output=tmp_path)
    assert (tmp_path / "cats" / "dear.jpg").exists()


def test_a_link_out_of_somebody_elses_run_is_not_followed(tiny_run: Run, tmp_path: Path):
    import shutil

    shutil.copytree(tiny_run.path, tmp_path / "r")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "r" / "explanations").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeFile, match="is a link"):
        lensmith.explain("r", a_picture(tmp_path / "a.png"), runs=tmp_path)


def test_a_folder_that_cannot_be_written_is_said(tiny_run: Run, tmp_path: Path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(LensmithError, match="out"):
        lensmith.explain(tiny_run.path, a_picture(tmp_path / "a.png"), output=tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": ["vertica"]}, "No class named 'vertica'. Did you mean 'vertical'"),
        ({"methods": ["gradcan"]}, "No method named 'gradcan'. Did you mean 'gradcam'"),
        ({"layer": "nowhere"}, "The network has no layer 'nowhere'"),
    ],
)
def test_mistyped_names_are_answered_before_anything_is_written(
    options: dict, message: str, tiny_run: Run, tmp_path: Path
):
    with pytest.raises(LensmithError, match=message):
        lensmith.explain(tiny_run.path, a_picture(tmp_path / "a.png"), output=tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_several_classes_stand_side_by_side(tiny_run: Run, tmp_path: Path):
    names = tiny_run.artifact["class_names"]
    record = lensmith.explain(
        tiny_run.path, a_picture(tmp_path / "a.png"), classes=names, methods=["gradcam"], output=tmp_path / "out"
    )
    assert [found["class"] for found in record.explanations[0].maps] == names


def test_a_picture_too_large_for_the_memory_is_refused_with_the_size_that_would_do(
    tiny_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "free_memory", lambda: 1_000_000)
    with pytest.raises(DataError, match=r"has 400x300 pixels.*About \d+x\d+ pixels would do"):
        lensmith.explain(tiny_run.path, a_picture(tmp_path / "a.png", 400, 300), output=tmp_path / "out")


def test_where_no_file_is_a_picture_it_says_so(tiny_run: Run, tmp_path: Path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(DataError, match=r"None of 1 files is a picture that can be read \(.*notes.txt: not an image"):
        lensmith.explain(tiny_run.path, tmp_path / "notes.txt", output=tmp_path / "out")
