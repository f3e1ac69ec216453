from pathlib import Path

import pytest

from lensmith.errors import RunError
from lensmith.runs import create_run, find_run, list_runs, runs_root


def test_the_runs_root_is_the_argument_else_the_environment_else_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LENSMITH_RUNS", "/somewhere")
    assert runs_root("here") == Path("here")
    assert runs_root() == Path("/somewhere")
    monkeypatch.delenv("LENSMITH_RUNS")
    assert runs_root() == Path("runs")


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
