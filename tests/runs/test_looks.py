from pathlib import Path

import pytest

from lensmith.errors import RunError
from lensmith.runs import Looks, count_looks, note_look


def test_looks_are_counted_by_data_and_command(tmp_path: Path):
    assert count_looks(tmp_path, "d") == Looks(0, 0, 0, [])
    for command, names in (("train", ["a"]), ("train", ["b c"]), ("evaluate", ["a"]), ("compare", ["a", "b c"])):
        note_look(tmp_path, "d", command, names)
    note_look(tmp_path, "other", "compare", ["x", "y"])
    found = count_looks(tmp_path, "d")
    assert (found.train, found.evaluate, found.compare, found.total) == (2, 1, 1, 4)
    assert found.compared == ["a", "b c"]
    assert (tmp_path / "test-looks.csv").read_text().count("\n") == 6  # with the columns' names


def test_a_damaged_file_is_counted_as_far_as_it_goes(tmp_path: Path):
    note_look(tmp_path, "d", "train", ["a"])
    with (tmp_path / "test-looks.csv").open("ab") as file:
        file.write(b"\xff\xfe no line of ours\n\n,,\n")
    note_look(tmp_path, "d", "train", ["b"])
    assert count_looks(tmp_path, "d").train == 2


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "test-looks.csv").mkdir()
    with pytest.raises(RunError, match=r"test-looks\.csv cannot be written"):
        note_look(tmp_path, "d", "train", ["a"])
    assert count_looks(tmp_path, "d").total == 0


def test_nothing_is_written_through_a_link_nor_read_from_one(tmp_path: Path):
    victim = tmp_path / "victim"
    victim.write_text("own\n")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "test-looks.csv").symlink_to(victim)
    with pytest.raises(RunError, match="cannot be written"):
        note_look(tmp_path / "runs", "d", "train", ["a"])
    assert victim.read_text() == "own\n"
    victim.write_text("time,data,command,runs\nnow,d,train,a\n")
    assert count_looks(tmp_path / "runs", "d").total == 0


@pytest.mark.parametrize("line", ['"never closed,d', "x" * 200_000, 'now,d,"train'])
def test_a_damaged_line_does_not_take_the_others_with_it(tmp_path: Path, line: str):
    note_look(tmp_path, "d", "train", ["a"])
    with (tmp_path / "test-looks.csv").open("a") as file:
        file.write(line + "\n")
    note_look(tmp_path, "d", "evaluate", ["a"])
    found = count_looks(tmp_path, "d")
    assert (found.train, found.evaluate) == (1, 1)
