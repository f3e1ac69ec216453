import json
import threading
from pathlib import Path

import pytest

from lensmith.errors import RunError
from lensmith.runs import (
    Run,
    check_destination,
    create_run,
    find_run,
    list_runs,
    replacing,
    runs_root,
    write_text,
)


def test_the_runs_root_is_the_argument_else_the_environment_else_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LENSMITH_RUNS", "/somewhere")
    assert runs_root("here") == Path("here")
    assert runs_root() == Path("/somewhere")
    monkeypatch.delenv("LENSMITH_RUNS")
    assert runs_root() == Path("runs")


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


def test_runs_are_found_by_folder_name_and_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first, second = create_run("x", "first", tmp_path), create_run("x", "second", tmp_path)
    assert find_run("first", tmp_path) == first
    assert find_run(str(first.path)) == first
    assert find_run(second.path) == second
    assert find_run("latest", tmp_path) == second
    first.update(started="2999-01-01T00:00:00")
    assert find_run("latest", tmp_path) == first
    assert [run.name for run in list_runs(tmp_path)] == ["second", "first"]


def test_an_unknown_run_is_answered_with_the_nearest_name(tmp_path: Path):
    create_run("digits-auto", None, tmp_path)
    with pytest.raises(RunError, match="Did you mean 'digits-auto-1'"):
        find_run("digit-auto-1", tmp_path)
    with pytest.raises(RunError, match="no runs"):
        find_run("latest", tmp_path / "empty")
    with pytest.raises(RunError, match="is not a run"):
        find_run(str(tmp_path / "nothing" / "here"))


def test_a_damaged_run_json_is_an_error_of_its_own_and_not_listed(tmp_path: Path):
    run = create_run("x", "broken", tmp_path)
    (run.path / "run.json").write_text("{")
    assert list_runs(tmp_path) == []
    with pytest.raises(RunError, match=r"run\.json cannot be read"):
        _ = find_run("broken", tmp_path).info


def test_a_run_without_a_model_says_its_state(tmp_path: Path):
    run = create_run("x", "new", tmp_path)
    with pytest.raises(RunError, match="no model yet: its state is 'running'"):
        _ = run.artifact


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


def test_a_reader_never_sees_half_a_run_json(tmp_path: Path):
    run = create_run("x", "busy", tmp_path)
    stop = threading.Event()

    def write() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            write_text(run.path / "run.json", json.dumps({"n": n, "padding": "x" * 20_000, "again": n}))

    writer = threading.Thread(target=write)
    run.update(n=0, again=0)
    writer.start()
    try:
        for _ in range(500):
            seen = Run(run.path).info
            assert seen["n"] == seen["again"]
    finally:
        stop.set()
        writer.join()


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


def test_what_cannot_be_written_is_named(tmp_path: Path):
    with pytest.raises(RunError, match=r"gone/file\.txt cannot be written: No such file"):
        write_text(tmp_path / "gone" / "file.txt", "x")


def test_a_damaged_model_is_named(tmp_path: Path):
    run = create_run("x", "damaged", tmp_path)
    run.keras_file.write_bytes(b"PK nonsense")
    with pytest.raises(RunError, match=r"model\.keras cannot be read"):
        _ = run.model


def test_a_run_shows_itself_in_a_notebook(tmp_path: Path):
    run = create_run("x", "<b>bold</b>".replace("/", "-"), tmp_path)
    run.update(result={"test": {"accuracy": 0.987}})
    shown = run._repr_html_()
    assert "0.987" in shown
    assert "running" in shown
    assert "<b>" not in shown
