"""What each step from an MLP to a tuned network gains on CIFAR-10: writes what is measured in `docs/ladder.md`.

    LENSMITH_DATA=… python -m benchmarks.ladder PART [FOLDER]

PART is one of the ladders of `lensmith ladder`, or `settings`: tutorial C's two networks, trained in several ways. What
was trained at an earlier time is taken from FOLDER. Each of a ladder's trainings has the same time, so nothing else
should run beside it: two hours for the steps, less than one for the others. What is compared are the answers that each
training gave to its test images at its end: validation images chose its best epoch, and so flatter the longer ones.
Steps and settings were fixed before any of it.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lensmith
from benchmarks.contestants import ROOT
from benchmarks.harness import say
from benchmarks.marked import write_measured
from benchmarks.sections import table
from lensmith.comparison import Comparison, Ladder
from lensmith.rendering.comparison import adjusting_sentence
from lensmith.rendering.ladder import COLUMNS, gain_sentence, ladder_rows, ladder_title
from lensmith.rendering.ladder_page import gain_chart
from lensmith.rendering.progress import Screen
from lensmith.rendering.wording import percent, points
from lensmith.runs import Run
from lensmith.workflows.compare import Group, compare_groups
from lensmith.workflows.provenance import machine

PAGE, PICTURES = ROOT / "docs" / "ladder.md", ROOT / "docs" / "images" / "ladder"
COMMAND = "python -m benchmarks.ladder"
BUDGETS = {"steps": "5m", "activations": "4m", "optimizers": "4m"}
DATA, SEEDS, SPLIT = "cifar10", 3, "test"
NETWORKS = {"MLP": "cifar-mlp", "CNN": "cifar-2conv"}
RATE = "training.optimizer"
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "as the recipes have it": {},
    "5 epochs, Adam at a constant 0.001": {"training.epochs": 5, RATE: {"class_name": "Adam", "learning_rate": 0.001}},
    "5 epochs, Adam at 0.01": {"training.epochs": 5, RATE: {"class_name": "Adam", "learning_rate": 0.01}},
    "5 epochs, RMSprop at 0.01": {"training.epochs": 5, RATE: {"class_name": "RMSprop", "learning_rate": 0.01}},
    "5 epochs, SGD at 0.01": {"training.epochs": 5, RATE: {"class_name": "SGD", "learning_rate": 0.01}},
    "5 epochs, Adam at 0.00001": {"training.epochs": 5, RATE: {"class_name": "Adam", "learning_rate": 0.00001}},
    "1 epoch, SGD at 0.01": {"training.epochs": 1, RATE: {"class_name": "SGD", "learning_rate": 0.01}},
}
COLORS = {
    "--ink": "#17202b",
    "--muted": "#566373",
    "--line": "#dfe4ea",
    "--blue": "#0072b2",
    "--light-blue": "#8cc1de",
    "--page": "#ffffff",
}


def main() -> None:
    """Train what is not there, compare, write one part of the page and its picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=[*BUDGETS, "settings"])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("runs"))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    PICTURES.mkdir(parents=True, exist_ok=True)
    if given.part == "settings":
        compared = [(words, _both(words, settings, given.folder)) for words, settings in SETTINGS.items()]
        parts = [settings_table(compared)]
    else:
        found = lensmith.ladder(
            DATA, of=given.part, budget=BUDGETS[given.part], seeds=SEEDS, split=SPLIT, runs=given.folder
        )
        parts = part_of(given.part, found)
    where, command = machine(), f"{COMMAND} {given.part}"
    parts.append(f"{where['cores']} cores, {where['processor']}. Command: `{command}`.")
    write_measured(PAGE, command, "\n\n".join(parts))


def part_of(name: str, ladder: Ladder) -> list[str]:
    """Write one ladder: title, picture, table, sentences."""
    picture = PICTURES / f"{name}.svg"
    picture.write_text(standing_alone(str(gain_chart(ladder))), encoding="utf-8")
    return [
        f"{ladder_title(ladder)}.",
        f"![What each gains, in points](images/ladder/{picture.name})",
        "\n".join(table(COLUMNS, ladder_rows(ladder), words=2)),
        # "+ dropout" at the beginning would be a list within the list.
        "\n".join(
            f"- {gain_sentence(its, ladder.comparison.n)}".replace("- +", "- \\+") for its in ladder.comparison.pairs
        ),
        *filter(None, [adjusting_sentence(ladder.comparison.pairs)]),
        *(f"{step} is left out: {reason}" for step, reason in ladder.left_out.items()),
        *ladder.comparison.notices,
    ]


def settings_table(compared: Sequence[tuple[str, Comparison]]) -> str:
    """Write the accuracies of both networks under each setting, and their difference with its interval."""
    rows = []
    for words, its in compared:
        [pair], (mlp, cnn) = its.pairs, its.runs
        bounds = f"{points(pair.low)} to {points(pair.high)}"
        accuracies = (percent(mlp.standing.accuracy), percent(cnn.standing.accuracy))
        rows.append((words, *accuracies, points(pair.difference), bounds))
    return "\n".join(table(("settings", "MLP", "CNN", "CNN − MLP, points", "95 % interval"), rows, words=1))


def standing_alone(svg: str) -> str:
    """Make a page's chart a file: with the page's rules, and its light colours for any background."""
    rules = (ROOT / "src" / "lensmith" / "rendering" / "charts.css").read_text(encoding="utf-8")
    rules += ".tick { fill: var(--muted); font-size: 12.5px; } .grid { stroke: var(--line); }"
    rules += "text { font-family: sans-serif; }"
    for name, color in COLORS.items():
        rules = rules.replace(f"var({name})", color)
    head, rest = svg.split(">", 1)
    ground = f'<rect width="100%" height="100%" fill="{COLORS["--page"]}"/>'
    return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{rules}</style>{ground}{rest}\n'


def _both(words: str, settings: Mapping[str, Any], runs: Path) -> Comparison:
    slug = "".join(its if its.isalnum() else "-" for its in words)
    groups = [
        Group(
            name, [_trained(f"{name}-{slug}-{seed}", recipe, {**settings, "seed": seed}, runs) for seed in range(SEEDS)]
        )
        for name, recipe in NETWORKS.items()
    ]
    return compare_groups(groups, [(0, 1)], SPLIT, runs / "unused.html", Screen(quiet=True))


def _trained(name: str, recipe: str, settings: Mapping[str, Any], runs: Path) -> Run:
    run = Run(runs / name)
    if not (run.path / "run.json").exists() or run.state != "finished":
        say(f"ladder: training {name}")
        lensmith.train(DATA, recipe, set=settings, name=name, runs=runs, force=True)
    return run


if __name__ == "__main__":
    main()
