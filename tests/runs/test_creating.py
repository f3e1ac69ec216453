from pathlib import Path

import pytest

from lensmith.errors import RunError
from lensmith.runs import check_destination, create_run, creating, find_run


def test_automatic_names_count_up_and_never_reuse_a_number(tmp_path: Path):
    names = [create_run("digits-auto", None, tmp_path).name for _ in range(3)]
    assert names == ["digits-auto-1", "digits-auto-2", "digits-auto-3"]
    (tmp_path / "digits-auto-2" / "run.json").unlink()
    assert create_run("digits-auto", None, tmp_path).name == "digits-auto-4"


def test_a_name_that_exists_is_refused_and_nothing_is_touched(tmp_path: Path):
    run = create_run("x", "mine", tmp_path)
    run.update(precious=1)
    with pytest.raises(RunError, match=r"'mine' exists.*--force"):
        create_run("x", "mine", tmp_path)
    assert run.info["precious"] == 1


def test_force_replaces_a_run_but_never_another_folder(tmp_path: Path):
    create_run("x", "mine", tmp_path).update(precious=1)
    assert "precious" not in create_run("x", "mine", tmp_path, force=True).info
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"x")
    with pytest.raises(RunError, match="not a run"):
        create_run("x", "photos", tmp_path, force=True)
    assert (tmp_path / "photos" / "a.jpg").exists()


@pytest.mark.parametrize("name", ["", " ", "a/b", "..", ".", "latest"])
def test_a_name_must_be_one_folder_s(name: str, tmp_path: Path):
    with pytest.raises(RunError, match="cannot be a run's name"):
        check_destination(name, tmp_path)


def test_a_root_that_cannot_be_written_is_said_before_any_work(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"is a file.*--runs"):
        check_destination(None, tmp_path / "file")
    with pytest.raises(RunError, match=r"cannot be written.*--runs"):
        check_destination(None, "/proc/lensmith-runs")


def test_an_automatic_name_never_takes_a_folder_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "Photos-auto-1").mkdir()
    assert create_run("photos-auto", None, tmp_path).name == "photos-auto-2"
    # Another process makes the folder between the look and the making.
    monkeypatch.setattr(Path, "iterdir", lambda self: iter(()))
    assert create_run("photos-auto", None, tmp_path).name in ("photos-auto-1", "photos-auto-3")
    assert (tmp_path / "photos-auto-2" / "run.json").exists()


def test_a_name_too_long_for_the_disk_is_an_error_of_its_own(tmp_path: Path):
    with pytest.raises(RunError):
        create_run("x", "n" * 300, tmp_path)
    with pytest.raises(RunError, match="No run named"):
        find_run("n" * 300, tmp_path)


def test_of_two_at_once_with_one_name_the_second_is_refused_and_the_first_untouched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def another_process(root: Path) -> None:
        monkeypatch.undo()
        create_run("x", "mine", root).update(precious=1)

    monkeypatch.setattr(creating, "remove_abandoned", another_process)
    with pytest.raises(RunError, match="'mine' exists"):
        create_run("x", "mine", tmp_path)
    assert find_run("mine", tmp_path).info["precious"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_empty_folder_of_that_name_is_used(tmp_path: Path):
    (tmp_path / "mine").mkdir()
    assert create_run("x", "mine", tmp_path).info["state"] == "running"
