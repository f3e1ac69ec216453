import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks import harness
from benchmarks.contestants import ROOT, Benchmark, Contestant
from benchmarks.harness import load, measure, pending, run, training_facts

from lensmith.config import load_recipe
from lensmith.runs import Run

PRINTING = "tests.benchmarks.printing"


@pytest.fixture(autouse=True)
def on_a_quiet_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(harness, "busy_cores", lambda: 0.0)
    monkeypatch.setenv("LENSMITH_DATA", str(tmp_path))


def printing(name: str, *arguments: str, repeats: int = 2) -> Contestant:
    return Contestant(name, (PRINTING, *arguments), repeats)


def started(results: dict[str, dict[int, Any]]) -> list[tuple[str, int]]:
    order = [(its["started"], name, repeat) for name, found in results.items() for repeat, its in found.items()]
    return [(name, repeat) for _, name, repeat in sorted(order)]


def test_contestants_run_in_turn_each_with_its_repeat_as_seed(tmp_path: Path) -> None:
    benchmark = Benchmark("both", (printing("a", repeats=3), printing("b")))
    assert run(benchmark, results=tmp_path)
    results = load(benchmark, tmp_path)
    assert started(results) == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2)]
    assert [its["seed"] for its in results["a"].values()] == [0, 1, 2]


def test_result_says_how_it_came_about(tmp_path: Path) -> None:
    benchmark = Benchmark("one", (printing("a", repeats=1),))
    run(benchmark, results=tmp_path)
    result = json.loads((tmp_path / "one" / "a-0.json").read_text(encoding="utf-8"))
    assert result["command"] == f"python -m {PRINTING} --seed 0"
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert result["revision"] is None if not commit else result["revision"].startswith(commit[:12])
    assert result["whole_seconds"] > 0
    assert result["machine"]["cores"] > 0
    assert "keras" in result["versions"]
    assert isinstance(result["load_average_before"], float)


def test_benchmark_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    run(Benchmark("both", (printing("a", repeats=1),)), results=tmp_path)
    before = (tmp_path / "both" / "a-0.json").read_bytes()
    benchmark = Benchmark("both", (printing("a"), printing("b")))
    assert [(repeat, its.name) for repeat, its in pending(benchmark, tmp_path)] == [(0, "b"), (1, "a"), (1, "b")]
    run(benchmark, results=tmp_path)
    assert (tmp_path / "both" / "a-0.json").read_bytes() == before
    assert pending(benchmark, tmp_path) == []


def test_result_of_another_command_is_measured_again(tmp_path: Path) -> None:
    run(Benchmark("one", (printing("a", repeats=1),)), results=tmp_path)
    changed = Benchmark("one", (printing("a", "--megabytes", "1", repeats=1),))
    assert load(changed, tmp_path) == {"a": {}}
    assert len(pending(changed, tmp_path)) == 1


def test_contestant_that_fails_is_left_out_with_its_own_words_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark = Benchmark("both", (printing("bad", "--fail"), printing("good")))
    assert not run(benchmark, results=tmp_path)
    assert {name: len(its) for name, its in load(benchmark, tmp_path).items()} == {"bad": 0, "good": 2}
    said = capsys.readouterr().err
    assert "no such recipe" in said
    assert said.count("FAILED") == 1


def test_missing_package_names_the_extra(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not run(Benchmark("one", (Contestant("a", (PRINTING,), needs="no_such_module"),)), results=tmp_path)
    assert "pip install '.[bench]'" in capsys.readouterr().err


PEAK = f"""
from benchmarks.contestants import Contestant
from benchmarks.harness import measure
for size in ("200", "0"):
    print(measure(Contestant("a", ("{PRINTING}", "--megabytes", size)), 0, {{}})["peak_bytes"])
"""


def test_peak_memory_is_that_of_the_one_process() -> None:
    # Started from here, it would be at least this process's, which has Keras in it.
    done = subprocess.run(
        [sys.executable, "-c", PEAK], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    much, little = map(int, done.stdout.split())
    assert much > 200 * 2**20 > little


def test_every_process_has_an_empty_home_of_its_own_and_places_are_filled_in() -> None:
    first, second = (measure(printing("a", "--folder", "FOLDER/x"), 0, {"FOLDER": "/somewhere"}) for _ in range(2))
    assert first["home"] != second["home"]
    assert not first["made"]
    assert first["folder"] == "/somewhere/x"
    assert "FOLDER/x" in first["command"]


def test_environment_of_a_contestant_wins() -> None:
    contestant = Contestant("a", (PRINTING,), environment={"LENSMITH_HOME": "WARM"})
    assert measure(contestant, 0, {"WARM": "/warm"})["home"] == "/warm"


def test_busy_machine_marks_the_result(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(harness, "busy_cores", lambda: 1.5)
    assert not measure(printing("a"), 0, {})["quiet"]
    assert "WARNING" in capsys.readouterr().err


def test_facts_of_a_training_are_those_of_its_run(tiny_run: Run) -> None:
    facts = training_facts(tiny_run.info["result"], tiny_run)
    assert facts["images"] == sum(tiny_run.info["data"]["counts"]["train"].values())
    assert facts["epochs"] == len(facts["epoch_images_per_second"]) == 3
    assert facts["accuracy"] == tiny_run.info["result"]["test"]["accuracy"]
    assert facts["tta_accuracy"] is None
    assert facts["plan"]["builder"] == load_recipe(tiny_run.recipe_file).model.builder
