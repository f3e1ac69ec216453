"""`lensmith explain`."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.commands import run_main

from lensmith.runs import Run


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path / "a.png"


def test_it_names_the_page_and_what_is_no_picture(tiny_run: Run, picture: Path, monkeypatch, capsys):
    out = picture.parent / "out"
    files = [picture, picture.parent / "notes.txt"]
    assert run_main(monkeypatch, "explain", tiny_run.path, *files, "--method", "occlusion", "-o", out) == 0
    said = capsys.readouterr()
    assert f"Page: {out}/a/index.html" in said.out
    assert "notes.txt: not an image" in said.err


def test_json_is_the_record(tiny_run: Run, picture: Path, monkeypatch, capsys):
    command = ["explain", tiny_run.path, picture, "--method", "gradcam", "-o", picture.parent / "out", "--json"]
    assert run_main(monkeypatch, *command) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["explanations"][0]["maps"][0]["method"] == "gradcam"
