"""Choose the settings of the fast recipes, and of fine-tuning, on validation images only.

    LENSMITH_DATA=… python -m benchmarks.choose_fast [RECIPE …]

Each recipe is trained as it is and with one setting changed, on the training images less a validation split of 10,000
(of the flowers, 240), with three seeds, the long ones with one; the test images are not read. One file a training
in `results/choose_fast/`; what is there is not trained again. Prints the mean validation accuracy of each setting, and
how long a training took.
"""

import argparse
import hashlib
import json
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.contestants import ROOT
from benchmarks.flowers import link_different_photos
from lensmith.backend import make_deterministic, start_keras
from lensmith.config import Recipe, load_recipe, to_toml
from lensmith.data import Dataset, open_dataset
from lensmith.files import write_text
from lensmith.runs import create_run

RESULTS = ROOT / "benchmarks" / "results" / "choose_fast"
SEEDS, SEEDS_OF_LONG = (0, 1, 2), (0,)
HELD_OUT = {"transfer": 240}
MOSTLY_HELD_OUT = 10_000
RATE = "training.optimizer.learning_rate.initial_learning_rate"
WIDTHS = "model.arguments.widths"
UNFROZEN = "training.transfer.unfrozen"
ACTIVATION = "model.arguments.activation"
SMALLER_FIRST = [{"until": 0.4, "size": 24}]
DATA = {"speedrun-mnist": "mnist", "fashion-94": "fashion-mnist"}

Settings = Mapping[str, Any]
TRIED: dict[str, list[Settings]] = {
    "speedrun-mnist": [
        {RATE: 0.06},
        {RATE: 0.1},
        {RATE: 0.24},
        {WIDTHS: [16, 48]},
        {WIDTHS: [24, 48]},
        {"training.epochs": 0.8},
        {"training.loss.label_smoothing": 0.05},
        {"model.arguments.patch": 4, "model.arguments.whitening": 12},
    ],
    "speedrun-cifar10": [
        {RATE: 0.17},
        {RATE: 0.34},
        {WIDTHS: [64, 128]},
        {"training.epochs": 1},
        {"training.batch_size": 200},
        {"training.loss.label_smoothing": 0.1},
    ],
    "cifar10-94": [{"training.epochs": 10}, {ACTIVATION: "relu"}, {"training.progressive_resizing": SMALLER_FIRST}],
    "fashion-94": [{WIDTHS: [64, 128, 128]}, {"training.epochs": 10}],
    "transfer": [
        {"training.epochs": 2},
        {"training.epochs": 6},
        {"training.epochs": 6, RATE: 0.0001},
        {"training.epochs": 6, RATE: 0.001},
        {"training.epochs": 6, UNFROZEN: 5},
        {"training.epochs": 6, UNFROZEN: 30},
    ],
}
LONG = ("cifar10-94", "fashion-94")


def main() -> None:
    """Train what is not there yet, and print what came of all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", choices=[*TRIED, []], metavar="RECIPE")
    wanted = parser.parse_args().recipes or TRIED
    start_keras()
    with tempfile.TemporaryDirectory() as flowers:
        link_different_photos(Path(flowers))
        for name in wanted:
            source = flowers if name == "transfer" else DATA.get(name, "cifar10")
            for settings in ({}, *TRIED[name]):
                seeds = SEEDS_OF_LONG if name in LONG else SEEDS
                _print(name, settings, [_stored(name, source, settings, seed) for seed in seeds])


def _print(name: str, settings: Settings, found: list[dict[str, Any]]) -> None:
    accuracies = [its["val_accuracy"] for its in found]
    spread = f" ± {statistics.stdev(accuracies):.4f}" if len(found) > 1 else ""
    seconds = statistics.median(its["seconds"] for its in found)
    print(
        f"{name} {dict(settings) or 'as it is'}: {statistics.mean(accuracies):.4f}{spread} "
        f"(n = {len(found)}), {seconds:.1f} s",
        flush=True,
    )


def _stored(name: str, source: str, settings: Settings, seed: int) -> dict[str, Any]:
    recipe = load_recipe(name, {**settings, "seed": seed})
    data = open_dataset(source, recipe.data)
    share = HELD_OUT.get(name, MOSTLY_HELD_OUT) / (len(data.train) + len(data.validation or ()))
    recipe = load_recipe(name, {**settings, "seed": seed, "data.validation": share})
    file = RESULTS / f"{name}-{hashlib.sha256(to_toml(recipe).encode()).hexdigest()[:16]}.json"
    if not file.exists():
        RESULTS.mkdir(parents=True, exist_ok=True)
        write_text(file, json.dumps(_measure(data, recipe, settings), indent=2) + "\n")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _measure(whole: Dataset, recipe: Recipe, settings: Settings) -> dict[str, Any]:
    """Train once; the split has a seed of its own, so that all settings are judged on the same images."""
    from lensmith.training import fit, fit_last_layer, prepare

    dataset = open_dataset(whole.source, recipe.data)
    make_deterministic(recipe.seed)
    with tempfile.TemporaryDirectory() as runs:
        prepared = prepare(dataset, recipe)
        transfer = recipe.training.transfer
        epoch_0 = fit_last_layer(prepared.network, dataset, recipe, lambda *_: None) if transfer else None
        result = fit(create_run("choose", None, Path(runs)), dataset, recipe, prepared, epoch_0=epoch_0)
    last = result.history[-1]
    return {
        "recipe": recipe.name,
        "settings": dict(settings),
        "seed": recipe.seed,
        "val_accuracy": last["val_accuracy"],
        "seconds": sum(float(row["seconds"] or 0) for row in result.history),
        "steps": result.steps,
    }


if __name__ == "__main__":
    main()
