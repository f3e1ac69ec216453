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
