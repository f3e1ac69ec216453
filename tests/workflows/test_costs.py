from pathlib import Path

import lensmith
from lensmith.runs import Run


def test_costs_are_those_of_the_runs(runs: Path):
    found = lensmith.compare(["good", "weak"], root=runs)
    for its in found.runs:
        result = Run(runs / its.name).info["result"]
        assert (its.cost.train_seconds, its.cost.parameters) == (result["train_seconds"], result["parameters"])
        assert its.cost.model_bytes == (runs / its.name / "model.onnx").stat().st_size
        assert its.cost.multiply_adds == lensmith.summary(runs / its.name / "model.keras").multiply_adds
        assert its.cost.seconds_per_image > 0
    good, weak = found.runs
    assert good.cost.parameters == weak.cost.parameters
    assert "parameters" in good.on_front
    assert ("parameters" in weak.on_front) == (weak.standing.accuracy >= good.standing.accuracy)


def test_the_time_of_a_resumed_run_is_not_that_of_its_last_session(runs: Path):
    before = lensmith.compare(["good", "weak"], root=runs).runs[0].cost.train_seconds
    lensmith.resume("good", epochs=3, runs=runs)  # nothing is left to do, which takes no time
    history = [line.split(",") for line in (runs / "good" / "history.csv").read_text().splitlines()]
    seconds = history[0].index("seconds")
    after = lensmith.compare(["good", "weak"], root=runs).runs[0].cost.train_seconds
    assert after >= sum(float(row[seconds]) for row in history[1:])
    assert after <= before
