import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lensmith
from lensmith.architecture import View
from lensmith.errors import DataError, LensmithError
from lensmith.explanation import Exciting
from lensmith.runs import Run
from lensmith.workflows.explain_network import _excited


def test_without_a_picture_what_the_network_has_learned_is_shown(tiny_run: Run, tmp_path: Path):
    record = lensmith.explain(tiny_run.path, output=tmp_path / "out")
    found = record.network
    counts = tiny_run.info["data"]["counts"]["validation"]
    assert found.images == (sum(counts.values()), "validation")
    assert record.explanations == []
    assert found.layers[-1].activation == "softmax"
    assert found.layers[-1].units == 2
    assert all(sum(its.outputs.counts) > 0 for its in found.layers)
    page = Path(found.outputs[0]).read_text()
    assert "validation images" in page
    assert "What excites channel" in page
    stored = json.loads((tmp_path / "out" / "network" / "explanation.json").read_text())
    assert stored["layers"][0]["name"] == found.layers[0].name


def test_it_is_made_anew_but_never_in_the_place_of_something_else(tiny_run: Run, tmp_path: Path):
    for _ in range(2):
        lensmith.explain(tiny_run.path, output=tmp_path / "out")
    (tmp_path / "mine" / "network").mkdir(parents=True)
    (tmp_path / "mine" / "network" / "thesis.txt").write_text("all of it")
    with pytest.raises(LensmithError, match="is no explanation"):
        lensmith.explain(tiny_run.path, output=tmp_path / "mine")
    assert (tmp_path / "mine" / "network" / "thesis.txt").read_text() == "all of it"


def test_a_picture_of_that_name_gets_another_folder(tiny_run: Run, tmp_path: Path):
    Image.new("RGB", (12, 12)).save(tmp_path / "network.png")
    record = lensmith.explain(tiny_run.path, tmp_path / "network.png", methods=["occlusion"], output=tmp_path / "out")
    assert Path(record.explanations[0].outputs[0]).parent.name == "network-2"


def test_what_is_about_a_picture_wants_one(tiny_run: Run):
    with pytest.raises(LensmithError, match="are about a picture"):
        lensmith.explain(tiny_run.path, methods=["gradcam"])


def test_without_the_data_it_is_refused(tiny_run: Run, tmp_path: Path):
    shutil.copytree(tiny_run.path, tmp_path / "r")
    run = Run(tmp_path / "r")
    run.update(data=run.info["data"] | {"source": str(tmp_path / "gone")})
    with pytest.raises(DataError, match="gone"):
        lensmith.explain(run.path)


def test_patches_are_cut_where_the_unit_sees():
    images = np.arange(2 * 8 * 8, dtype=np.uint8).reshape(2, 8, 8, 1)
    places = {"images": [[1, 0]], "rows": [[2, 0]], "columns": [[1, 0]]}
    exciting = Exciting("c", 0, np.array([[3.0, 2.0]]), *(np.array(its) for its in places.values()))
    found = _excited(0, exciting, View((3, 3), (2.0, 2.0), (8, 8), (-1.0, -1.0)), images)
    assert found.highest == 3.0
    assert (found.patches[0] == images[1, 3:6, 1:4]).all()
    assert found.patches[1][1:, 1:].tolist() == images[0, :2, :2].tolist()
    whole = _excited(0, exciting, View((30, 3), (2.0, 2.0), (8, 8), (-14.0, -1.0)), images)
    assert (whole.patches[0] == images[1, :, 1:4]).all()
