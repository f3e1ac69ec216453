import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import lensmith
from lensmith.errors import LensmithError, RunError


def answers(run: Path) -> np.ndarray:
    text = (run / "evaluation" / "validation" / "predictions.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    return np.array([row["label"] == row["predicted"] for row in rows])


def test_runs_of_different_seeds_and_recipes_answer_the_same_images(runs: Path):
    found = lensmith.compare(["good", "same", "weak"], root=runs)
    assert [its.name for its in found.runs] == ["good", "same", "weak"]
    assert (found.split, found.n) == ("validation", 8)
    for its in found.runs:
        assert its.standing.accuracy == answers(runs / its.name).mean()
    assert [(its.a, its.b) for its in found.pairs] == [("good", "same"), ("good", "weak"), ("same", "weak")]
    for pair in found.pairs:
        a, b = answers(runs / pair.a), answers(runs / pair.b)
        assert (pair.only_a, pair.only_b) == ((a & ~b).sum(), (b & ~a).sum())
    assert any("8 images are few" in its for its in found.notices)
    page = (runs / "comparison.html").read_text()
    assert found.report == str(runs / "comparison.html")
    assert page.count('<svg class="chart') == 1 + 1 + 3 + 5  # accuracies, differences, classes of each pair, costs
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")


def test_the_test_split_is_for_confirming_and_looks_at_it_are_told(runs: Path):
    found = lensmith.compare(["good", "weak"], split="test", root=runs)
    assert found.n == 16
    assert "test accuracy of the one chosen is too high" in found.notices[0]
    looks = lensmith.evaluate("good", runs=runs).looks
    assert looks
    assert (looks.train, looks.evaluate, looks.compare, looks.compared) == (3, 1, 1, ["good", "weak"])
    by_validation, single, _ = lensmith.compare(["good", "weak"], root=runs).notices
    assert by_validation.startswith("Validation images also chose each run's best epoch")
    assert single.startswith("These are single trainings")


def test_a_look_is_noted_beside_every_run_that_was_looked_at(runs: Path, tmp_path: Path):
    elsewhere = Path(shutil.copytree(runs / "weak", tmp_path / "others" / "weak"))
    lensmith.compare([runs / "good", elsewhere], split="test", output=tmp_path / "page.html")
    looks = lensmith.evaluate(elsewhere).looks
    assert looks
    assert (looks.compare, looks.compared) == (1, ["good", "weak"])


def test_other_splits_are_refused_even_where_nothing_says_so(runs: Path):
    lensmith.compare(["good", "weak"], root=runs)
    file = runs / "weak" / "evaluation" / "validation" / "predictions.csv"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(RunError, match=r"answered different images \(8 and 7\)"):
        lensmith.compare(["good", "weak"], root=runs)


def test_recipes_that_differ_in_their_epochs_alone_are_two(runs: Path, stripes_folder: Path):
    settings = {"epochs": 2, "batch_size": 8}
    lensmith.train(stripes_folder, set=settings, name="shorter", runs=runs)
    found = lensmith.compare(["good", "shorter"], seeds=2, root=runs)
    assert [len(its.runs) for its in found.runs] == [2, 2]
    with pytest.raises(LensmithError, match="good and same differ in the seed alone"):
        lensmith.compare(["good", "same"], seeds=2, root=runs)


def test_repeats_on_two_backends_are_refused_before_any_is_trained(runs: Path):
    info = json.loads((runs / "weak" / "run.json").read_text())
    (runs / "weak" / "run.json").write_text(json.dumps(info | {"backend": "jax"}))
    with pytest.raises(LensmithError, match="were trained on tensorflow and jax"):
        lensmith.compare(["good", "weak"], seeds=2, root=runs)
    assert not list(runs.glob("*-seed*"))


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (["good"], {}, "one run only"),
        (["good", "good"], {}, "named twice"),
        (["good", "wek"], {}, "Did you mean 'weak'"),
        (["good", "weak"], {"split": "tset"}, "Did you mean 'test'"),
        (["good", "weak"], {"seeds": 0}, "at least 1"),
        (["good", "weak"], {"output": "page.txt"}, r"must end in \.html"),
        (["good", "weak"], {"output": "nowhere/page.html"}, "no folder"),
    ],
)
def test_what_cannot_be_compared_is_said(three: Path, names: list[str], options: dict[str, object], message: str):
    with pytest.raises(LensmithError, match=message):
        lensmith.compare(names, root=three, **options)
