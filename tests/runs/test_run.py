import json
import shutil
import threading
from pathlib import Path

import pytest
from tests.safety import evil_runs

from lensmith.errors import LensmithError, RunError, UnsafeFile
from lensmith.files import write_text
from lensmith.locks import locked
from lensmith.runs import Run, create_run, find_run, list_runs


def test_a_damaged_run_json_is_an_error_of_its_own_and_not_listed(tmp_path: Path):
    run = create_run("x", "broken", tmp_path)
    (run.path / "run.json").write_text("{")
    assert list_runs(tmp_path) == []
    with pytest.raises(RunError, match=r"run\.json cannot be read"):
        _ = find_run("broken", tmp_path).info


def test_a_run_without_a_model_says_its_state(tmp_path: Path):
    run = create_run("x", "new", tmp_path)
    with locked(run.path), pytest.raises(RunError, match="no model yet: its state is 'running'"):
        _ = run.artifact


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


def test_a_damaged_model_is_named(tmp_path: Path):
    run = create_run("x", "damaged", tmp_path)
    run.keras_file.write_bytes(b"PK nonsense")
    with pytest.raises(UnsafeFile, match=r"model\.keras is no ZIP archive that can be read"):
        _ = run.model
    with pytest.raises(RunError, match=r"model\.keras cannot be read"):
        _ = Run(run.path, trusted=True).model


def test_a_run_shows_itself_in_a_notebook(tmp_path: Path):
    run = create_run("x", "<b>bold</b>".replace("/", "-"), tmp_path)
    run.update(result={"test": {"accuracy": 0.987}})
    assert "killed" in run._repr_html_()
    with locked(run.path):
        shown = run._repr_html_()
    assert "0.987" in shown
    assert "running" in shown
    assert "<b>" not in shown


@pytest.mark.parametrize("name", evil_runs.EVIL)
def test_a_foreign_run_that_was_changed_is_refused(name: str, tiny_run: Run, tmp_path: Path):
    change, use = evil_runs.EVIL[name]
    run = Run(shutil.copytree(tiny_run.path, tmp_path / "run"))
    use(run)
    change(run)
    with pytest.raises(LensmithError, match=str(run.path)):
        use(run)


def test_one_s_own_run_may_have_links(tiny_run: Run, tmp_path: Path):
    run = Run(shutil.copytree(tiny_run.path, tmp_path / "run"), trusted=True)
    run.keras_file.rename(tmp_path / "elsewhere.keras")
    run.keras_file.symlink_to(tmp_path / "elsewhere.keras")
    assert run.model.count_params() == tiny_run.model.count_params()
