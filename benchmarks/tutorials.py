"""Measure every tutorial recipe at its own settings, and write `docs/tutorials.md`.

    LENSMITH_DATA=… python benchmarks/tutorials.py

Each recipe is trained with three seeds, each in a process of its own. What a training gave is stored in
`results/tutorials/`, so the benchmark can be stopped and started again; a stored result is trained again only when
its recipe has changed since.
"""

import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from lensmith.config import Recipe, load_recipe, to_toml
from lensmith.files import write_text
from lensmith.runs import Run
from lensmith.workflows.provenance import machine

RESULTS = Path(__file__).parent / "results" / "tutorials"
PAGE = Path(__file__).parents[1] / "docs" / "tutorials.md"
SEEDS = (0, 1, 2)
# Right after the training before, the load average of a two-core machine is still about that training's own.
IDLE_LOAD = 2.5
RECIPES = {
    "mnist-2conv": "mnist",
    "mnist-3conv": "mnist",
    "cifar-2conv": "cifar10",
    "cifar-2conv-bn-dropout": "cifar10",
    "cifar-mlp": "cifar10",
    "cifar-3conv": "cifar10",
    "cifar-bn-dropout": "cifar10",
}
KEPT = (
    "parameters",
    "epochs",
    "best_epoch",
    "steps",
    "train_seconds",
    "total_seconds",
    "images_per_second",
    "val_accuracy",
)


def main() -> None:
    """Train what is not there yet; write the page from all there is after each training."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    for seed in SEEDS:
        for recipe in RECIPES:
            if _stored(recipe, seed) is None:
                print(f"{recipe}, seed {seed}", flush=True)
                write_text(_file(recipe, seed), json.dumps(_measure(recipe, seed), indent=2) + "\n")
            write_text(PAGE, page(stored()))


def stored() -> dict[str, list[dict[str, Any]]]:
    """Return what has been measured so far, by recipe; the page says with which n."""
    found = {recipe: [_stored(recipe, seed) for seed in SEEDS] for recipe in RECIPES}
    return {recipe: [its for its in results if its] for recipe, results in found.items() if any(results)}


def _file(recipe: str, seed: int) -> Path:
    return RESULTS / f"{recipe}-seed{seed}.json"


def _recipe_hash(recipe: str) -> str:
    return hashlib.sha256(to_toml(load_recipe(recipe)).encode()).hexdigest()


def _stored(recipe: str, seed: int) -> dict[str, Any] | None:
    file = _file(recipe, seed)
    if not file.exists():
        return None
    result: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return result if result["recipe_hash"] == _recipe_hash(recipe) else None


def _command(recipe: str, seed: int | str) -> str:
    return f"lensmith train {RECIPES[recipe]} --recipe {recipe} --seed {seed}"


def _measure(recipe: str, seed: int) -> dict[str, Any]:
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as runs:
        arguments = [*_command(recipe, seed).split()[1:], "--json", "--quiet", "--runs", runs]
        done = subprocess.run(
            [sys.executable, "-m", "lensmith", *arguments], capture_output=True, text=True, check=True
        )
        record = json.loads(done.stdout)
        info = Run(Path(record["run"])).info
    return {
        "recipe": recipe,
        "recipe_hash": _recipe_hash(recipe),
        "seed": seed,
        "command": _command(recipe, seed),
        "test_accuracy": record["test"]["accuracy"],
        "test_images": record["test"]["n"],
        **{name: record[name] for name in KEPT},
        "load_average_before": load,
        "machine": machine(),
        "versions": info["versions"],
    }


def page(results: dict[str, list[Any]]) -> str:
    """Write the page: published beside measured."""
    first = next(iter(results.values()))[0]
    host, versions = (
        first["machine"],
        ", ".join(f"{name} {value}" for name, value in first["versions"].items()),
    )
    rows = [_row(load_recipe(recipe), its) for recipe, its in results.items()]
    return "\n".join(
        [
            "# The tutorials, measured",
            "",
            "This page is written by `python benchmarks/tutorials.py`; nothing in it is typed by hand.",
            "",
            f"Each recipe was trained with seeds {', '.join(map(str, SEEDS))} at its own settings "
            "(`lensmith models`), on 90 % of the training images; the other 10 % chose the best epoch. The test images "
            "were looked at once, by that epoch's model. Accuracy is the mean over seeds ± the standard deviation "
            f"between them (n − 1), in per cent of {first['test_images']:,} test images; seconds are the median of "
            "training (validation and checkpoints included) and of the whole process.",
            "",
            *_other_work(results),
            f"Machine: {host['cores']} cores, {host['processor']}, {host['memory_bytes'] / 2**30:.0f} GiB, "
            f"{host['system']}. Python {host['python']}, {versions}.",
            "",
            "| recipe | parameters | published | measured | each seed | n | training s | whole s | images/s |",
            "|---|---|---|---|---|---|---|---|---|",
            *rows,
            "",
            "Commands, with SEED 0, 1, 2:",
            "",
            *(f"- `{_command(recipe, 'SEED')}`" for recipe in RECIPES),
            "",
            "## What the numbers say",
            "",
            *_sentences(results),
            "",
        ]
    )


def _other_work(results: dict[str, list[Any]]) -> list[str]:
    """Warn of seconds that were measured on a machine that was not idle, or not known to be."""
    loads = [its.get("load_average_before") for found in results.values() for its in found]
    busy = sum(load is None or load > IDLE_LOAD for load in loads)
    if not busy:
        return []
    return [
        f"The machine was not known to be idle for {busy} of {len(loads)} trainings: their seconds are too high.",
        "",
    ]


def _row(recipe: Recipe, results: list[Any]) -> str:
    accuracies = [100 * its["test_accuracy"] for its in results]
    published = f"{100 * recipe.published_test_accuracy:.2f} %" if recipe.published_test_accuracy else "–"
    cells = [
        f"`{recipe.name}`",
        f"{results[0]['parameters']:,}",
        published,
        f"**{statistics.mean(accuracies):.2f}**{_spread(accuracies)} %",
        ", ".join(f"{value:.2f}" for value in accuracies),
        str(len(results)),
        f"{statistics.median(its['train_seconds'] for its in results):.0f}",
        f"{statistics.median(its['total_seconds'] for its in results):.0f}",
        f"{statistics.median(its['images_per_second'] for its in results):,.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _spread(values: list[float]) -> str:
    return f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""


def _sentences(results: dict[str, list[Any]]) -> list[str]:
    means = {recipe: 100 * statistics.mean(its["test_accuracy"] for its in found) for recipe, found in results.items()}
    sentences = []
    for recipe, mean in means.items():
        published = load_recipe(recipe).published_test_accuracy
        if published:
            difference = mean - 100 * published
            verdict = "above" if difference >= 0 else "below"
            sentences.append(f"- `{recipe}`: {abs(difference):.2f} points {verdict} the published accuracy.")
    if not {"cifar-2conv-bn-dropout", "cifar-2conv", "cifar-mlp"} <= means.keys():
        return sentences
    better, plain, mlp = means["cifar-2conv-bn-dropout"], means["cifar-2conv"], means["cifar-mlp"]
    sentences += [
        f"- `cifar-2conv-bn-dropout` is {better - mlp:+.2f} points from `cifar-mlp` and {better - plain:+.2f} points "
        "from `cifar-2conv`, at the same epochs, batch size and optimizer.",
        "- Tutorial C's code is not given. It reports its convolutional network behind the plain one; with the "
        f"settings here `cifar-2conv` is {plain - mlp:+.2f} points from `cifar-mlp`. What made the difference there "
        "was not measured.",
    ]
    return sentences


if __name__ == "__main__":
    main()
