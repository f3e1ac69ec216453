"""`lensmith predict`: three ways to print the same answers, and what is never imported for it."""

import csv
import io
import json
from pathlib import Path

from tests.cli.commands import run_main

from lensmith.runs import Run


def test_answering_none_of_the_files_is_an_error_and_answering_one_is_not(
    tiny_run: Run, stripes_folder: Path, tmp_path: Path, monkeypatch, capsys
):
    text = tmp_path / "a.png"
    text.write_text("no picture")
    assert run_main(monkeypatch, "predict", tiny_run.path, text, "--json") == 2
    printed = capsys.readouterr()
    assert json.loads(printed.out)["predictions"][0]["error"]
    assert "None of these files could be answered" in printed.err
    image = next((stripes_folder / "vertical").iterdir())
    assert run_main(monkeypatch, "predict", tiny_run.path, text, image, "--json") == 0


def test_predict_prints_a_table_json_and_csv(tiny_run: Run, stripes_folder: Path, monkeypatch, capsys):
    files = sorted((stripes_folder / "vertical").iterdir())[:2]
    assert run_main(monkeypatch, "predict", tiny_run.path, *files, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert [its["path"] for its in record["predictions"]] == [str(file) for file in files]
    assert run_main(monkeypatch, "predict", tiny_run.path, *files, "--csv", "--top", 1) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["label"] for row in rows] == [its["label"] for its in record["predictions"]]
    assert list(rows[0]) == ["path", "label", "probability", "class_1", "p_1", "error", "rejected"]
    assert run_main(monkeypatch, "predict", tiny_run.path, *files) == 0
    assert record["predictions"][0]["label"] in capsys.readouterr().out
