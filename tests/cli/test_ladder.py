"""`lensmith ladder`; that it trains is tested in tests/workflows/test_ladder.py."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.commands import run_main
from tests.rendering.made_ladders import a_ladder


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """What the command asks for; a made ladder is what it gets."""
    found: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    made = a_ladder({"MLP": [range(60), range(62)], "CNN": [range(20), range(22)]}, left_out={"transfer": "too short."})

    def workflow(*arguments: Any, **named: Any) -> Any:
        found.append((arguments, named))
        return made

    monkeypatch.setattr("lensmith.workflows.ladder.ladder", workflow)
    return found


def test_json_is_one_document_with_steps_and_gains(asked: list, monkeypatch: pytest.MonkeyPatch, capsys):
    assert run_main(monkeypatch, "ladder", "digits", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert {"data", "budget", "steps", "comparison", "left_out"} <= set(record)
    assert [its["name"] for its in record["steps"]] == ["MLP", "CNN"]
    assert set(record["steps"][0]) == {"name", "what", "epochs"}
    [pair] = record["comparison"]["pairs"]
    assert {"a", "b", "difference", "low", "high", "p_value", "p_adjusted", "verdict"} <= set(pair)
    assert (pair["a"], pair["b"], record["left_out"]) == ("MLP", "CNN", {"transfer": "too short."})


def test_text_says_what_each_step_gains(asked: list, monkeypatch: pytest.MonkeyPatch, capsys):
    assert run_main(monkeypatch, "ladder", "digits") == 0
    said = capsys.readouterr().out
    for part in ("200 validation images, 2 seeds", "CNN against MLP: +20.0 points", "transfer is left out: too short."):
        assert part in said
    assert "Page: /runs/ladder.html" in said


def test_options_are_those_of_the_workflow(asked: list, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys):
    assert run_main(monkeypatch, "ladder", "digits") == 0
    given = ("--of", "optimizers", "--seeds", 5, "--budget", "5m", "--split", "test", "-o", "x.html")
    assert run_main(monkeypatch, "ladder", "mnist", *given, "--runs", tmp_path) == 0
    plain = {"of": "steps", "seeds": 3, "budget": "60s", "split": "validation", "output": None, "runs": None}
    chosen = {"of": "optimizers", "seeds": 5, "budget": "5m", "split": "test"}
    chosen |= {"output": Path("x.html"), "runs": str(tmp_path)}
    assert asked == [(("digits",), plain), (("mnist",), chosen)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["digits", "--of", "step"], "Did you mean 'steps'"),
        (["digits", "--seeds", 1], "at least 2"),
        (["digits", "--budget", "soon"], "is no time"),
        (["digits", "--split", "train"], "Known: test, validation"),
        (["digits", "-o", "page.pdf"], "must end in .html"),
        (["digts"], "Did you mean"),
        (["digits", "--seeds", "many"], "many"),
    ],
)
def test_bad_input_ends_with_2_before_anything_is_trained(
    arguments: list[object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    assert run_main(monkeypatch, "ladder", *arguments, "--runs", tmp_path / "runs", "--json") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in " ".join(printed.err.split())
    assert not list(tmp_path.glob("runs/*/"))
