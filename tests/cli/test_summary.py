"""`lensmith summary`."""

import json
import re
from pathlib import Path

import pytest
from tests.cli.commands import run_main


def test_it_prints_the_arithmetic_of_every_layer(monkeypatch: pytest.MonkeyPatch, capsys):
    assert run_main(monkeypatch, "summary", "mnist-3conv") == 0
    said = capsys.readouterr().out
    assert "floor((28 + 0 + 0 − 2 − 1)/1) + 1 = 26" in said
    assert "3·3·32·64 + 64 = 18,496" in said
    assert "93,322 parameters." in said
    assert "max(" not in said


def test_json_is_the_record(monkeypatch: pytest.MonkeyPatch, capsys, tmp_path: Path):
    page = tmp_path / "page.html"
    assert run_main(monkeypatch, "summary", "mnist-3conv", "--convolutional", "--json", "-o", page) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["parameters"] == 55_744
    assert record["layers"][-1]["output_shape"] == [3, 3, 64]
    assert page.is_file()


def test_a_network_that_cannot_be_built_is_an_error_of_the_layer(monkeypatch: pytest.MonkeyPatch, capsys):
    assert run_main(monkeypatch, "summary", "mnist-3conv", "--input", "9x9x1") == 2
    said = capsys.readouterr().err
    assert said.startswith("Error: Layer ")
    assert "padding" in said
    assert "larger images" in said


def test_what_the_docs_show_is_what_is_printed(monkeypatch: pytest.MonkeyPatch, capsys):
    page = (Path(__file__).parents[2] / "docs" / "summary.md").read_text(encoding="utf-8")
    shown = page.split("```text\n")[1].split("\n```")[0]
    assert run_main(monkeypatch, "summary", "mnist-3conv") == 0
    printed = capsys.readouterr().out
    names = r"(conv2d|max_pooling2d)(_\d+)? "  # Keras numbers them through
    assert re.sub(names, r"\1 ", shown) in re.sub(names, r"\1 ", printed)
