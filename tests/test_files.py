import os
import subprocess
import sys
from pathlib import Path

import pytest

from lensmith.errors import RunError
from lensmith.files import (
    UNFINISHED,
    new_folder,
    not_written,
    remove_unfinished,
    replacing,
    take_away,
    write_bytes,
    write_text,
)


def test_a_folder_is_there_whole_or_not_at_all(tmp_path: Path):
    place = tmp_path / "new"

    def die_half_way() -> None:
        with new_folder(place) as folder:
            write_bytes(folder / "a", b"1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        die_half_way()
    assert list(tmp_path.iterdir()) == []
    with new_folder(place) as folder:
        write_bytes(folder / "a", b"1")
        assert not place.exists()
    assert (place / "a").read_bytes() == b"1"
    assert list(tmp_path.iterdir()) == [place]


@pytest.mark.parametrize("content", [[], ["old"]])
def test_a_folder_takes_the_place_of_the_one_before(content: list[str], tmp_path: Path):
    place = tmp_path / "new"
    place.mkdir()
    for name in content:
        (place / name).touch()
    with new_folder(place) as folder:
        write_bytes(folder / "a", b"1")
    assert [path.name for path in place.iterdir()] == ["a"]
    assert list(tmp_path.iterdir()) == [place]


def test_what_a_killed_process_was_writing_is_removed_and_nothing_else(tmp_path: Path):
    program = (
        "import os, signal, sys; from pathlib import Path; from lensmith.files import *\n"
        "with replacing(Path(sys.argv[1]) / 'deep' / 'file.txt') as t, new_folder(Path(sys.argv[1]) / 'folder') as f:\n"
        "    write_bytes(f / 'a', b'1'); t.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    (tmp_path / "deep").mkdir()
    (tmp_path / "kept").touch()
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert len(list(tmp_path.rglob(f"{UNFINISHED}*"))) == 2
    remove_unfinished(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["deep", "kept"]


def test_what_is_not_there_is_taken_away_without_a_word(tmp_path: Path):
    take_away(tmp_path / "nothing")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_said_with_the_room_there_is(tmp_path: Path):
    with pytest.raises(OSError, match="No space") as error:
        write_bytes(Path("/dev/full"), b"x" * 100)
    assert "takes 100 bytes" in not_written(tmp_path / "file", error.value, 100)
    assert f"{tmp_path} has " in not_written(tmp_path / "file", error.value, 100)


def test_another_reason_is_said_as_it_is(tmp_path: Path):
    assert not_written(tmp_path / "f", OSError(13, os.strerror(13)), 5) == (
        f"{tmp_path}/f cannot be written: Permission denied."
    )
    with pytest.raises(RunError, match=r"gone/f cannot be written: No such file"), replacing(tmp_path / "gone" / "f"):
        pass


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def die_half_way() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        die_half_way()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_named(tmp_path: Path):
    with pytest.raises(RunError, match=r"gone/file\.txt cannot be written: No such file"):
        write_text(tmp_path / "gone" / "file.txt", "x")
