import shutil
from pathlib import Path

import pytest

import lensmith
from lensmith.runs import Run


@pytest.fixture
def own_run(tiny_run: Run, tmp_path: Path) -> Run:
    """A copy of the tiny run, to be changed."""
    return Run(Path(shutil.copytree(tiny_run.path, tmp_path / "own")))


def test_the_run_has_a_page_about_itself_and_its_curves(tiny_run: Run):
    page = tiny_run.report_file.read_text(encoding="utf-8")
    result = tiny_run.info["result"]
    for part in ("tiny", "horizontal", "vertical", f"{result['parameters']:,}", "lensmith predict", "Conv2D"):
        assert part in page
    assert (tiny_run.path / "history.png").read_bytes().startswith(b"\x89PNG")


def without_evaluation(page: str) -> str:
    """What of a page has nothing to do with the evaluation nor with where the run lies."""
    return page.partition('<section id="data">')[2].partition('<section id="use">')[0]


def test_the_page_written_anew_says_the_same_of_the_training_and_what_is_new_of_the_test(own_run: Run):
    before = own_run.report_file.read_text(encoding="utf-8")
    assert "are “unknown”" not in before
    lensmith.calibrate(own_run.path, coverage=0.5)
    lensmith.evaluate(own_run.path)
    after = own_run.report_file.read_text(encoding="utf-8")
    assert without_evaluation(after) == without_evaluation(before)
    assert "are “unknown”" in after
    lensmith.evaluate(own_run.path, split="validation")
    assert own_run.report_file.read_text(encoding="utf-8") == after


def test_a_page_that_cannot_be_written_anew_does_not_cost_the_numbers(own_run: Run, capsys: pytest.CaptureFixture[str]):
    own_run.update(result=None)
    before = own_run.report_file.read_text(encoding="utf-8")
    assert lensmith.evaluate(own_run.path).n == 16
    assert "The report is as it was" in capsys.readouterr().err
    assert own_run.report_file.read_text(encoding="utf-8") == before
