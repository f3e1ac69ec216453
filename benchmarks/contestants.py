"""What a benchmark consists of: contestants, each the command of a whole process that prints one JSON document."""

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lensmith.config import load_recipe
from lensmith.errors import RecipeError

ROOT = Path(__file__).parents[1]
SHARED_BY_PEERS = "benchmarks.peers.arrays"


@dataclass(frozen=True)
class Contestant:
    """One way of doing a benchmark's work.

    Attributes:
        name: Of its results' files.
        words: What follows `python -m`; a word may hold a place, such as `FOLDER`, that is filled in when it runs.
        repeats: How often it runs; the number of a repeat, from 0 on, is its seed.
        seeded: Whether it takes `--seed`.
        recipe: A lensmith recipe's name or path, relative to the project; empty where none is named.
        environment: Variables it runs with beside ours; an empty value takes one away.
        needs: Module that must be installed, of the extra `bench`.
    """

    name: str
    words: tuple[str, ...]
    repeats: int = 3
    seeded: bool = True
    recipe: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    needs: str = ""

    def command(self, repeat: int) -> tuple[str, ...]:
        """Return all words after `python -m` of one repeat."""
        return (*self.words, "--seed", str(repeat)) if self.seeded else self.words

    def shown(self, repeat: int | str) -> str:
        """Return the command as a reader would type it; `repeat` may be a word in the place of a seed."""
        typed = [word for word in self.words if word not in ("--json", "--quiet")]
        program = typed if typed[0] == "lensmith" else ["python", "-m", *typed]
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        return " ".join([*variables, shlex.join(program), *(["--seed", str(repeat)] if self.seeded else [])])

    def fingerprint(self) -> str:
        """Hash what decides what is measured: command, variables, and the recipe or the peer's own source.

        Empty when the recipe does not exist, which no stored result's is.
        """
        digest = hashlib.sha256(repr([self.words, sorted(self.environment.items())]).encode())
        modules = [word for word in self.words[:1] if word.startswith("benchmarks.")]
        for module in [*modules, *([SHARED_BY_PEERS] if modules else [])]:
            digest.update((ROOT / f"{module.replace('.', '/')}.py").read_bytes())
        if self.recipe:
            its_file = self.recipe.endswith(".toml")
            try:
                recipe = load_recipe(ROOT / self.recipe if its_file else self.recipe)
            except RecipeError:
                return ""
            # Only what it says itself: a key that is new in the schema, at its default, changes nothing.
            values = recipe.model_dump(exclude_unset=True, exclude={"description", "source"})
            digest.update(json.dumps(values, sort_keys=True).encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class Benchmark:
    """Contestants that are measured in turn.

    Attributes:
        name: Of the folder of its results.
        contestants: In the order they run in.
    """

    name: str
    contestants: tuple[Contestant, ...]


def lensmith(name: str, data: str, recipe: str = "", *options: str, repeats: int = 3) -> Contestant:
    """Make a contestant of `lensmith train DATA --recipe RECIPE`; without a recipe, lensmith chooses (`auto`)."""
    named = ("--recipe", recipe) if recipe else ()
    words = ("lensmith", "train", data, *named, *options, "--json", "--quiet")
    return Contestant(name, words, repeats, recipe=recipe or "auto")


def peer(
    name: str, module: str, *arguments: str, repeats: int = 3, seeded: bool = True, needs: str = "", **environment: str
) -> Contestant:
    """Make a contestant of a module of `benchmarks.peers`, with environment variables as keywords."""
    words = (f"benchmarks.peers.{module}", *arguments)
    return Contestant(name, words, repeats, seeded, environment=environment, needs=needs)


def tool(name: str, module: str, *arguments: str, recipe: str, repeats: int = 3, seeded: bool = True) -> Contestant:
    """Make a contestant of a module of `benchmarks` that looks at lensmith's own training of a recipe."""
    return Contestant(name, (f"benchmarks.{module}", *arguments), repeats, seeded, recipe)
