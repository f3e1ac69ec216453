"""`lensmith show`."""

from pathlib import Path

from tests.cli.commands import run_main


def test_show_draws_a_picture_and_counts(stripes_folder: Path, tmp_path: Path, monkeypatch, capsys):
    picture = tmp_path / "grid.png"
    assert run_main(monkeypatch, "show", stripes_folder, "-o", picture, "--n", 3) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "horizontal" in capsys.readouterr().out
