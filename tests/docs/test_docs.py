"""The docs are complete, and what they say to type works."""

import dataclasses
import doctest
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from PIL import Image
from pydantic import BaseModel

from lensmith.config import Recipe, TrainingConfig, load_recipe, recipe_names
from lensmith.data import BUILTINS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
USER_PAGES = [page for page in PAGES if page.name not in ("design.md", "CHANGELOG.md", "CONTRIBUTING.md")]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RECIPES_PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")

SET_UP = [
    "python3 -m venv .venv && . .venv/bin/activate && pip install . && lensmith train digits",
    "pip install '.[test]' && pytest",
]


def fences(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands() -> dict[str, Any]:
    from lensmith.cli import app

    group: Any = typer.main.get_command(app)
    return group.commands


def options_of(command: Any) -> set[str]:
    named = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return named | {"--help", "-h"}


def tables(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield dotted key, annotation and default of every key of a recipe."""
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if is_table(kind)]
        if not inner or type(None) in get_args(field.annotation):
            yield f"{prefix}{name}", field.annotation, None if field.is_required() else field.default
        for kind in inner:
            yield from tables(kind, f"{prefix}{name}.")


def is_table(kind: Any) -> bool:
    # A Keras object takes any key, so it is a value here.
    return isinstance(kind, type) and issubclass(kind, BaseModel) and kind.model_config.get("extra") == "forbid"


def words_in_code(pages: list[Path]) -> str:
    """What stands in backticks or in a fence."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    return "\n".join([*re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL), *re.findall(r"`[^`\n]+`", text)])


CODE = words_in_code(USER_PAGES)


@pytest.mark.parametrize("recipe", recipe_names())
def test_recipe_is_named_in_the_docs(recipe: str) -> None:
    assert f"| `{recipe}` |" in RECIPES_PAGE


@pytest.mark.parametrize("name", list(BUILTINS))
def test_built_in_data_set_is_named_in_the_docs(name: str) -> None:
    assert f"| `{name}` |" in (ROOT / "docs" / "data.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", list(commands()))
def test_command_is_named_in_the_readme(command: str) -> None:
    assert f"`lensmith {command}" in README


@pytest.mark.parametrize(("key", "default"), [(key, default) for key, _, default in tables(Recipe)])
def test_recipe_key_is_named_in_the_docs_with_its_default(key: str, default: Any) -> None:
    if isinstance(default, BaseModel):
        default = default.model_dump()["class_name"]
    shown = "–" if default is None else f"`{json.dumps(default)}`"
    assert f"| `{key}` | {shown} |" in RECIPES_PAGE


def test_docs_name_no_recipe_key_that_does_not_exist() -> None:
    named = set(re.findall(r"^\| `([\w.]+)` \| .*? \| .*? \|$", RECIPES_PAGE, re.MULTILINE))
    assert named - {key for key, *_ in tables(Recipe)} <= set(recipe_names())


def test_augmentations_are_named_in_the_docs_with_their_defaults() -> None:
    from lensmith.training import PRESETS
    from lensmith.training.augmentation import AUGMENTATIONS, make_augmentations

    section = RECIPES_PAGE.split("\n## Augmentation\n")[1].split("\n## ")[0]
    written = [tomllib.loads(f"it = {cell}")["it"] for cell in re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)]
    words = [its for its in written if isinstance(its, str) and its in PRESETS]
    assert words == list(PRESETS)
    described = TrainingConfig(augmentation=[its for its in written if its not in words]).augmentation
    assert sorted(its.class_name for its in described) == list(AUGMENTATIONS)
    for its, made in zip(described, make_augmentations(described), strict=True):
        fields = dataclasses.fields(made)
        assert set(its.arguments) == {field.name for field in fields}
        for field in fields:
            assert field.default in (dataclasses.MISSING, its.arguments[field.name]), field.name


def test_parameters_in_the_design_are_those_of_the_networks() -> None:
    from lensmith.workflows.models import list_models

    rows = re.findall(
        r"^\| `([\w-]+)` \| .* \| ([\d,]+) \| [^|]* \|$", (ROOT / "docs" / "design.md").read_text("utf-8"), re.MULTILINE
    )
    assert len(rows) == 7
    counted = {row.recipe: f"{row.parameters:,}" for row in list_models()}
    assert dict(rows) == {name: counted[name] for name, _ in rows}


def slug(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.replace("`", "").strip().lower()).replace(" ", "-")


def links(page: Path) -> list[str]:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]


def problem_with(link: str, page: Path) -> str:
    file, _, anchor = link.partition("#")
    target = (page.parent / file).resolve() if file else page
    if not target.is_relative_to(ROOT) or not target.exists():
        return f"{link}: no such file in the project"
    headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
    return "" if not anchor or anchor in map(slug, headings) else f"{link}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    assert [problem for link in links(page) if (problem := problem_with(link, page))] == []


def test_readme_has_exactly_the_two_set_up_commands() -> None:
    assert [fence.strip() for fence in fences(README, "sh")] == SET_UP


def run_python(code: str, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "LENSMITH_RUNS"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_five_lines_of_the_readme_run(tmp_path: Path) -> None:
    (code,) = fences(README, "python")
    assert len([line for line in code.splitlines() if line.strip()]) == 5
    (tmp_path / "photos").mkdir()
    Image.new("L", (8, 8), 40).save(tmp_path / "photos" / "dark.png")
    printed = run_python(code, tmp_path).splitlines()
    assert re.fullmatch(r"0\.\d{3}, 95 % interval 0\.\d{3} to [01]\.\d{3}", printed[0])
    assert printed[1].startswith("[('")
    assert any("Total params" in line for line in printed)
    assert (tmp_path / "runs" / "digits-auto-1" / "report.html").exists()


def test_python_page_runs_as_one_program(tmp_path: Path) -> None:
    code = "".join(fences((ROOT / "docs" / "python.md").read_text(encoding="utf-8"), "python"))
    printed = run_python(code, tmp_path)
    assert "(1, 10)" in printed
    assert "epoch 3:" in printed
    assert "Did you mean 'mnist-3conv'?" in printed


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "\n>>> " in page.read_text(encoding="utf-8")], ids=lambda page: page.name
)
def test_examples_with_results_give_them(page: Path) -> None:
    results = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize("example", fences(RECIPES_PAGE, "toml"), ids=["transfer", "layers", "builder"])
def test_recipe_in_the_docs_builds_a_network(example: str, tmp_path: Path) -> None:
    from lensmith.models import build_model

    assert tomllib.loads(example)
    (tmp_path / "mine.toml").write_text(example, encoding="utf-8")
    recipe = load_recipe(tmp_path / "mine.toml", {"model.weights": None})  # which wants a network
    assert build_model(recipe.model, (32, 32, 3), 4).output_shape == (None, 4)


def test_commands_in_the_docs_exist_with_their_options() -> None:
    known = commands()
    typed = [line for line in re.findall(r"lensmith [a-z][^`#\n|]*", CODE) if not line.startswith("lensmith import")]
    assert len(typed) > 20
    for line in typed:
        _, command, *words = line.split()
        assert command in known, line
        unknown = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)} - options_of(known[command])
        assert not unknown, line


@pytest.mark.parametrize("name", list(commands()))
def test_help_says_what_a_command_and_each_of_its_options_does(name: str) -> None:
    command = commands()[name]
    assert command.help
    assert command.help.strip().endswith(".")
    for parameter in command.params:
        if parameter.name != "help":
            assert getattr(parameter, "help", None), parameter.name


def test_benchmarks_page_is_what_the_stored_results_say() -> None:
    from benchmarks.page import PAGE, page, stored

    assert PAGE.read_text(encoding="utf-8") == page(stored())
