import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.made_images import stripes, write_folder

import lensmith
from lensmith.comparison import Ladder
from lensmith.errors import Interrupted, LensmithError, RunError, StopSignal, Terminated
from lensmith.runs import Run
from lensmith.workflows.budget import BudgetTooShort
from lensmith.workflows.rungs import LADDERS, Rung

SMALL = "cifar-2conv"
STEPS = (
    Rung("one", "as it is", SMALL),
    Rung("+ two", "more of it", SMALL, {"training.batch_size": 8}),
    Rung("large", "what does not fit", "transfer"),
    Rung("wild", "what diverges", "mnist-2conv"),
    Rung("three", "against the first", SMALL, {"training.optimizer": "SGD"}, against="one"),
)


def spaced(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def train_unless_large(data: Path, recipe: str, **options: Any) -> Any:
    """Whether `transfer` fits depends on the machine, and on what has been computed before."""
    if recipe == "transfer":
        raise BudgetTooShort("A budget of 20 s is too short.")
    if recipe == "mnist-2conv":
        options["set"] = {**options["set"], "training.optimizer": {"class_name": "SGD", "learning_rate": 1e30}}
    return lensmith.train(data, recipe, **options)


@pytest.fixture(scope="module")
def made(stripes_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ladder, Path]]:
    """A small ladder, one of whose steps does not fit into the time, and one of which diverges."""
    root = tmp_path_factory.mktemp("ladder") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(LADDERS, "small", lambda: list(STEPS))
        patch.setattr("lensmith.workflows.ladder.train", train_unless_large)
        yield lensmith.ladder(stripes_folder, of="small", seeds=2, budget="20s", runs=root), root


def test_steps_that_fit_are_trained_with_each_seed_in_the_same_time(made: tuple[Ladder, Path]):
    ladder, root = made
    assert [its.name for its in ladder.steps] == ["one", "+ two", "three"]
    for its in ladder.comparison.runs:
        runs = [Run(Path(path)) for path in its.runs]
        assert [run.info["seed"] for run in runs] == [0, 1]
        assert all(run.info["result"]["total_seconds"] < 30 for run in runs)
    assert {path.name for path in root.glob("*/")} == {
        *(f"ladder-stripes-{name}-20s-seed{seed}" for name in ("one", "two", "three") for seed in (0, 1)),
        "ladder-stripes-wild-20s-seed0",
    }
    two = [Run(root / f"ladder-stripes-two-20s-seed{seed}") for seed in (0, 1)]
    assert two[0].info["settings"]["training.batch_size"] == 8
    steps = [run.info["result"]["steps"] for run in two]
    assert ladder.steps[1].epochs == pytest.approx(sum(steps) / 2 / 7)  # 56 images, 8 a step


def test_trainings_of_a_step_with_very_different_numbers_of_epochs_are_named(
    made: tuple[Ladder, Path], stripes_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(LADDERS, "small", lambda: list(STEPS[:2]))
    root = Path(shutil.copytree(made[1], tmp_path / "runs"))
    for seed, steps in enumerate((100, 126)):
        run = Run(root / f"ladder-stripes-two-20s-seed{seed}")
        run.update(result=run.info["result"] | {"steps": steps})
        one = Run(root / f"ladder-stripes-one-20s-seed{seed}")
        one.update(result=one.info["result"] | {"steps": 100})
    notices = lensmith.ladder(stripes_folder, of="small", seeds=2, budget="20s", runs=root).comparison.notices
    assert "+ two (14.3 to 18.0). Other work" in notices[-1]
    assert "one (" not in notices[-1]


@pytest.mark.parametrize(("sent", "error"), [(KeyboardInterrupt, Interrupted), (StopSignal, Terminated)])
def test_stopped_between_two_trainings_it_says_how_to_go_on(
    stripes_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: Any, error: Any
):
    def stop(*_: Any, **__: Any) -> None:
        raise sent

    monkeypatch.setattr("lensmith.workflows.ladder.train", stop)
    with pytest.raises(error, match=r"kept; the training that was stopped begins anew\. Give the same command again"):
        lensmith.ladder(stripes_folder, seeds=2, budget="20s", runs=tmp_path)


def test_it_says_how_much_is_there_already_and_how_long_the_rest_takes(
    made: tuple[Ladder, Path],
    stripes_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setitem(LADDERS, "small", lambda: list(STEPS[:2]))
    lensmith.ladder(stripes_folder, of="small", seeds=2, budget="20s", runs=made[1], output=tmp_path / "p.html")
    assert "2 steps, 2 trainings of each: 4 of 20s each. 4 of them are there already.\n" in capsys.readouterr().err
    monkeypatch.setattr("lensmith.workflows.ladder.train", lambda *_, **__: pytest.fail("is trained"))
    with pytest.raises(pytest.fail.Exception):
        lensmith.ladder(stripes_folder, of="small", seeds=3, budget="20s", runs=made[1], output=tmp_path / "p.html")
    assert "6 of 20s each. 4 of them are there already. The rest takes about 40.0 s.\n" in spaced(
        capsys.readouterr().err
    )


def test_a_step_that_does_not_fit_is_left_out_with_the_reason(made: tuple[Ladder, Path]):
    assert "too short" in made[0].left_out["large"]


def test_a_step_that_diverges_stops_no_other(made: tuple[Ladder, Path]):
    ladder, root = made
    assert list(ladder.left_out) == ["large", "wild"]
    assert ladder.left_out["wild"].startswith("Training diverged: ")
    assert Run(root / "ladder-stripes-wild-20s-seed0").state == "diverged"


def test_each_step_is_compared_with_the_one_before_it_or_the_one_it_names(made: tuple[Ladder, Path]):
    ladder, root = made
    assert [(its.a, its.b) for its in ladder.comparison.pairs] == [("one", "+ two"), ("one", "three")]
    page = (root / "ladder-stripes-small.html").read_text()
    assert "large is left out" in page
    assert ladder.comparison.report == str(root / "ladder-stripes-small.html")


def test_what_is_trained_is_not_trained_again(
    made: tuple[Ladder, Path], stripes_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    ladder, root = made
    monkeypatch.setitem(LADDERS, "small", lambda: [its for its in STEPS if its.name != "large"])
    started = {path: Run(path).info["started"] for path in root.glob("*/")}
    again = lensmith.ladder(stripes_folder, of="small", seeds=2, budget="20s", runs=root)
    assert {path: Run(path).info["started"] for path in root.glob("*/")} == started
    assert again.comparison.pairs == ladder.comparison.pairs


@pytest.mark.parametrize(
    "first",
    [
        Rung("one", "another recipe", "mnist-2conv"),
        Rung("one", "another setting", SMALL, {"training.batch_size": 16}),
    ],
)
def test_a_run_of_another_recipe_is_not_taken_for_a_step(
    made: tuple[Ladder, Path], stripes_folder: Path, monkeypatch: pytest.MonkeyPatch, first: Rung
):
    monkeypatch.setitem(LADDERS, "other", lambda: [first, Rung("+ two", "another", SMALL)])
    with pytest.raises(RunError, match="is in the way"):
        lensmith.ladder(stripes_folder, of="other", seeds=2, budget="20s", runs=made[1])


def test_runs_of_other_images_of_the_same_name_are_not_taken_for_steps(
    made: tuple[Ladder, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(LADDERS, "small", lambda: list(STEPS[:2]))
    other = write_folder(tmp_path / "stripes", *stripes(40), ("horizontal", "vertical"))
    with pytest.raises(RunError, match="is in the way"):
        lensmith.ladder(other, of="small", seeds=2, budget="20s", runs=made[1])


def test_images_that_have_changed_since_are_refused_before_anything_is_trained(
    made: tuple[Ladder, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(LADDERS, "small", lambda: list(STEPS[:2]))
    data = write_folder(tmp_path / "stripes", *stripes(40), ("horizontal", "vertical"))
    root = tmp_path / "runs"
    shutil.copytree(made[1] / "ladder-stripes-one-20s-seed0", root / "ladder-stripes-one-20s-seed0")
    run = Run(root / "ladder-stripes-one-20s-seed0")
    run.update(data=run.info["data"] | {"source": str(data.resolve())})
    with pytest.raises(RunError, match=r"has changed since: it had 80 usable images and has 40.*choose other --runs"):
        lensmith.ladder(data, of="small", seeds=2, budget="20s", runs=root)
    assert len(list(root.glob("*/"))) == 1


def test_data_without_the_split_are_refused_after_the_first_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(LADDERS, "small", lambda: list(STEPS[:2]))
    for split, count in (("train", 40), ("val", 20)):
        write_folder(tmp_path / "photos" / split, *stripes(count), ("horizontal", "vertical"))
    with pytest.raises(LensmithError, match="has no test split"):
        lensmith.ladder(tmp_path / "photos", of="small", split="test", seeds=2, budget="20s", runs=tmp_path / "runs")
    assert len(list((tmp_path / "runs").glob("*/"))) == 1
    assert not (tmp_path / "runs" / "test-looks.csv").exists()


@pytest.mark.parametrize(
    ("backend", "said"), [("jax", "To train in a given time needs TensorFlow, and Keras runs on jax")]
)
def test_a_backend_without_budgets_is_refused(
    stripes_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str, said: str
):
    monkeypatch.setattr("lensmith.workflows.budget.compiles_steps", lambda: False)
    monkeypatch.setattr("lensmith.workflows.budget.backend_name", lambda: backend)
    with pytest.raises(LensmithError, match=said):
        lensmith.ladder(stripes_folder, seeds=2, runs=tmp_path / "runs")
    assert not list((tmp_path / "runs").glob("*/"))


def test_a_run_that_was_trained_further_is_not_taken_for_a_step(
    made: tuple[Ladder, Path], stripes_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(LADDERS, "small", lambda: list(STEPS[:2]))
    root = Path(shutil.copytree(made[1], tmp_path / "runs"))
    Run(root / "ladder-stripes-one-20s-seed1").update(resumed=[{"at": "later"}])
    with pytest.raises(RunError, match="one-20s-seed1 is in the way"):
        lensmith.ladder(stripes_folder, of="small", seeds=2, budget="20s", runs=root)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"of": "step"}, "Did you mean 'steps'"),
        ({"seeds": 1}, "at least 2"),
        ({"budget": "soon"}, "is no time"),
        ({"split": "train"}, "Known: test, validation"),
        ({"output": "page.pdf"}, r"must end in \.html"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_trained(
    stripes_folder: Path, tmp_path: Path, options: dict[str, object], message: str
):
    with pytest.raises(LensmithError, match=message):
        lensmith.ladder(stripes_folder, runs=tmp_path / "runs", **options)
    assert not list(tmp_path.glob("runs/*/"))


def test_a_time_in_which_nothing_fits_is_an_error(
    stripes_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(LADDERS, "steps", lambda: list(STEPS[:2]))
    with pytest.raises(LensmithError, match="Fewer than two steps could be trained in 2s"):
        lensmith.ladder(stripes_folder, seeds=2, budget="2s", runs=tmp_path / "runs")
