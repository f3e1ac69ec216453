"""What the page says about where a model comes from: data, settings, machine, versions, ready for the template."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from typing import Any

from lensmith.config import Recipe
from lensmith.data import Dataset
from lensmith.export import ExportedModel
from lensmith.rendering.wording import SPACE, TIMES, counted, duration, file_size, percent
from lensmith.runs import Run
from lensmith.training import TrainingResult

RESIZED = {"stretch": "stretched", "crop": "cropped", "pad": "padded"}
SPLIT_USE = {
    "train": "the network learned from these",
    "validation": "these chose the best epoch",
    "test": "kept aside to measure with",
}
Facts = list[tuple[str, str]]
"""Terms with what there is to say about them; what is not known is left out."""


@dataclass(frozen=True)
class SplitRow:
    """A split: how many images it has and what for; `width` is per cent of all images."""

    name: str
    images: int
    use: str
    width: float


@dataclass(frozen=True)
class BalanceRow:
    """A class: its images in each split; `width` is per cent of the commonest class in training."""

    name: str
    counts: list[int]
    width: float


def split_rows(dataset: Dataset) -> list[SplitRow]:
    """List the splits in order."""
    total = sum(map(len, dataset.splits.values()))
    return [
        SplitRow(name, len(split), SPLIT_USE[name], round(100 * len(split) / total, 2))
        for name, split in dataset.splits.items()
    ]


def balance_rows(dataset: Dataset) -> list[BalanceRow]:
    """List the classes in their order."""
    columns = [list(counts.values()) for counts in dataset.class_counts.values()]
    most = max(columns[0])
    return [
        BalanceRow(name, list(counts), round(100 * counts[0] / most, 1))
        for name, *counts in zip(dataset.class_names, *columns, strict=True)
    ]


def balance_sentence(dataset: Dataset) -> str:
    """Say how even the classes are in training."""
    counts = dataset.class_counts["train"]
    most, least = max(counts.values()), min(counts.values())
    if most == least:
        return f"Every class has {counted(most, 'training image')}."
    if most < 1.1 * least:
        return f"Classes are about even: {least:,} to {most:,} training images each."
    between = f"Classes have {least:,} to {most:,} training images"
    return f"{between}: the largest has {most / least:.1f} times as many as the smallest." if least else f"{between}."


def image_facts(dataset: Dataset) -> str:
    """Say in a few words what the network gets to see."""
    height, width, channels = dataset.image_shape
    color = "in colour" if channels == 3 else "in shades of grey"
    return f"{width} {TIMES} {height} pixels, {color}"


def settings(recipe: Recipe, training: TrainingResult, dataset: Dataset, info: Mapping[str, Any]) -> Facts:
    """List what decided how the network was trained, and how long it took."""
    its = recipe.training
    facts = [
        ("Recipe", f"{recipe.name}: {recipe.description}" if recipe.description else recipe.name),
        ("Source", recipe.source),
        ("Epochs", _epochs(recipe, training)),
        ("Steps", f"{training.steps:,}, of {counted(its.batch_size, 'image')} each"),
        ("Optimizer", _call(its.optimizer.class_name, its.optimizer.arguments)),
        ("Loss", _call(its.loss.class_name, its.loss.arguments)),
        ("Augmentation", ", ".join(_call(layer.class_name, layer.arguments) for layer in its.augmentation) or "none"),
        ("Images", f"{image_facts(dataset)}; others are {RESIZED.get(dataset.resize, dataset.resize)} to this size"),
    ]
    if "train_seconds" in info:
        rate = info.get("images_per_second")
        speed = f", {rate:,.0f} images a second" if rate else ""
        part = f" for the last {counted(training.new_epochs, 'epoch')}" if training.new_epochs < training.epochs else ""
        facts.append(("Training time", f"{duration(info['train_seconds'])}{part}{speed}"))
    return [(term, text) for term, text in facts if text]


def trained(training: TrainingResult) -> str:
    """Say for how long, and which epoch's weights the model has."""
    text = counted(training.epochs, "epoch")
    alone = "the last layer was fitted alone to what the trained network before it makes of the images"
    if not training.best_row:
        return f"{text}."
    if not training.epochs:
        return f"{alone[:1].upper()}{alone[1:]}."
    if not training.best_epoch:
        return f"{text}, none better than what was before them: {alone}."
    return f"{text}; the model is that of epoch {training.best_epoch}."


def _epochs(recipe: Recipe, training: TrainingResult) -> str:
    text = f"{training.epochs} of {recipe.training.epochs}"
    if training.best_epoch and training.best_row:
        text += f"; the model is that of epoch {training.best_epoch}"
    if recipe.training.early_stopping:
        waited = counted(recipe.training.early_stopping.patience, "epoch")
        text += f"; stops after {waited} without progress"
    return text


def _call(name: str, arguments: Mapping[str, Any]) -> str:
    """Write a Keras object as its call; objects within it likewise.

    Example:
        >>> _call("Adam", {"learning_rate": {"class_name": "CosineDecay", "decay_steps": 10}})
        'Adam(learning_rate=CosineDecay(decay_steps=10))'
    """
    return (
        f"{name}({', '.join(f'{key}={_argument(value)}' for key, value in arguments.items())})" if arguments else name
    )


def _argument(value: Any) -> str:
    if isinstance(value, dict) and "class_name" in value:
        return _call(value["class_name"], {key: its for key, its in value.items() if key != "class_name"})
    return repr(value)


def provenance(run: Run, info: Mapping[str, Any], dataset: Dataset, exported: ExportedModel) -> Facts:
    """List what is needed to repeat the run, or to tell whether another one is comparable."""
    machine = info.get("machine") or {}
    facts = [
        ("Run", str(run.path)),
        ("Command", str(info.get("command") or "")),
        ("Seed", str(info.get("seed", ""))),
        ("Started", _time(info.get("started"))),
        ("Finished", _time(info.get("finished"))),
        ("Whole process", duration(info["total_seconds"]) if info.get("total_seconds") else ""),
        ("Data", dataset.source),
        ("Data fingerprint", f"SHA-256 {dataset.fingerprint}" if dataset.fingerprint else ""),
        ("Machine", _machine(machine)),
        ("Backend", str(info.get("backend") or "")),
        ("Versions", ", ".join(f"{name} {version}" for name, version in versions(info).items())),
        ("Both model files agree", _agreement(dataset, exported)),
    ]
    return [(term, text) for term, text in facts if text]


def versions(info: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions that decide what a run computes, ours first."""
    return {"lensmith": metadata.version("lensmith"), **(info.get("versions") or {})}


def _time(written: Any) -> str:
    try:
        return f"{datetime.fromisoformat(written):%d %b %Y, %H:%M:%S %Z}".lstrip("0").strip()
    except (TypeError, ValueError):
        return str(written or "")


def _machine(machine: Mapping[str, Any]) -> str:
    parts = [str(machine.get("processor") or "")]
    if machine.get("cores"):
        parts.append(counted(machine["cores"], "core"))
    if machine.get("memory_bytes"):
        parts.append(f"{file_size(machine['memory_bytes'])} of memory")
    parts.append(str(machine.get("system") or ""))
    if machine.get("python"):
        parts.append(f"Python {machine['python']}")
    return ", ".join(part for part in parts if part)


def _agreement(dataset: Dataset, exported: ExportedModel) -> str:
    held_out = "held-out" if dataset.test is not None or dataset.validation is not None else "training"
    same = round(exported.agreement * exported.n)
    return (
        f"model.keras and model.{exported.format} name the same class on {same:,} of {exported.n:,} {held_out} "
        f"images ({percent(exported.agreement)}); their probabilities differ by at most {exported.max_difference:.1e}"
    )


def commands(run: Run, dataset: Dataset) -> Sequence[tuple[str, str]]:
    """List what can be done with the model now: a sentence, and what to type."""
    path = shlex.quote(str(run.path))
    height, width, channels = dataset.image_shape
    python = (
        "import keras\n\n"
        f"model = keras.saving.load_model({str(run.keras_file)!r})\n"
        f"# pixels: uint8, (N, {height}, {width}, {channels}), raw values 0 to 255\n"
        "probabilities = model.predict(pixels)"
    )
    return [
        ("Name photos; this needs neither Keras nor TensorFlow:", f"lensmith predict {path} photo.jpg"),
        ("Measure it again:", f"lensmith evaluate {path}"),
        (f"Use it in Python; class names in order are in{SPACE}artifact.json:", python),
    ]
