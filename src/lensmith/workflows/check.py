"""`check`: what is wrong with a data set, by file, and what to do about it; with a page, and a cleaned list."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import numpy as np

from lensmith.backend import make_deterministic, start_keras
from lensmith.config import DataConfig
from lensmith.data import Dataset, Loaded, by_stem, by_time, kind_of, survey
from lensmith.errors import LensmithError, did_you_mean
from lensmith.files import write_text
from lensmith.health import Finding, Health, Whole, check_cleanlab, check_health, label_errors, manifest, mislabelled
from lensmith.health.files import read_facts
from lensmith.records import Record
from lensmith.rendering.health import render_health
from lensmith.rendering.pages import check_folder, check_page
from lensmith.rendering.progress import Screen, current_screen
from lensmith.training import predict_out_of_sample, settle
from lensmith.workflows.auto import choose_recipe, choose_settings, load_chosen

SIDE, SIDE_FOR_LABELS = 128, 224
"""Pixels a side that photos are looked at with: enough for what a classifier can tell, and what `transfer` wants."""
GROUPS = get_args(DataConfig.model_fields["group"].annotation)


@dataclass(frozen=True)
class CheckRecord(Record):
    """What `check` found, and what it wrote.

    Attributes:
        data: What the user gave.
        images: Files found, or images of arrays.
        readable: Of these, how many can be read.
        findings: The worst first.
        report: Path of the page.
        fixed: Path of the cleaned list; `None` where none was wanted.
        dropped: How many images it leaves out, by reason.
        health: All that was found, for Python.
    """

    data: str
    images: int
    readable: int
    findings: list[Finding]
    report: str
    fixed: str | None
    dropped: Mapping[str, int]
    health: Health = field(repr=False)


def check(
    data: str | Path,
    *,
    labels: bool = False,
    fix: str | Path | None = None,
    group: str = "none",
    output: str | Path | None = None,
    seed: int = 0,
) -> CheckRecord:
    """Find what is wrong with a data set; no image is touched.

    Args:
        data: A built-in name, a folder, a `.csv` or a `.npz`.
        labels: Look for wrong labels, too, which trains a classifier several times.
        fix: The CSV to write, with what remains once what is wrong is left out.
        group: What else that CSV keeps together: `name`, files whose names differ in a counter, or `time`, pictures
            taken right after each other.
        output: The page to write; `<name>-check.html` here by default.
        seed: Of the trainings for `labels`.

    Raises:
        LensmithError: The data cannot be read, cleanlab is missing, or a file cannot be written.
    """
    page = Path(output or f"{Path(str(data)).resolve().stem or 'data'}-check.html")
    _check_options(page, fix, group)
    if fix and kind_of(str(data)) not in ("folder", "csv"):
        raise LensmithError(f"--fix lists files, and {data} is none of folder and CSV. Save the images as files first.")
    if labels:
        check_cleanlab()
    with current_screen() as screen:
        loaded = survey(data, DataConfig(photo_size=SIDE_FOR_LABELS if labels else SIDE), screen.decoding())
        found = _wrong_labels(str(data), loaded, seed, screen) if labels else []
        health = check_health(str(data), loaded, found, screen.comparing())
    counts: Mapping[str, int] = {}
    write_text(page, render_health(health))
    if fix:
        text, counts = manifest(health, Path(fix), _together(health, group))
        write_text(Path(fix), text)
    fixed = str(fix) if fix else None
    return CheckRecord(
        str(data), health.images, health.readable, health.findings, str(page), fixed, dict(counts), health
    )


def _check_options(page: Path, fix: str | Path | None, group: str) -> None:
    check_page(page)
    if fix and Path(fix).suffix.lower() != ".csv":
        raise LensmithError(f"--fix {fix}: the list of what remains is a CSV, so its name must end in .csv.")
    if group not in GROUPS:
        raise LensmithError(f"--group {group!r} is none of {', '.join(GROUPS)}.{did_you_mean(group, GROUPS)}")
    if group != "none" and not fix:
        raise LensmithError("--group says what the list of --fix keeps together: give both.")
    if fix and os.path.lexists(fix):
        raise LensmithError(f"There is a file {fix} already. Give --fix another name, or remove it.")
    if fix:
        check_folder(Path(fix))


def _together(health: Health, group: str) -> list[list[int]]:
    whole = health.whole
    if group == "name":
        return by_stem(list(whole.images.names), whole.images.labels.tolist())
    if group == "time":
        facts = {its.place: its.facts.taken_at for its in read_facts(list(whole.images.names), whole.paths)}
        return by_time([facts.get(place) for place in range(len(whole.images))])
    return []


def _wrong_labels(data: str, loaded: Loaded, seed: int, screen: Screen) -> list[Finding]:
    """Let classifiers that have not seen them judge all images.

    Raises:
        LensmithError: There are too few classes, or images of one.
    """
    whole = Whole.of(loaded.splits, loaded.class_names)
    counts = np.bincount(whole.images.labels, minlength=len(whole.class_names))
    if len(counts) < 2 or counts.min() < 2:
        least = f"{whole.class_names[int(counts.argmin())]!r} has {counts.min()}"
        raise LensmithError(f"--labels needs two classes and two images of each that can be read; {least}.")
    screen.say("Training classifiers that judge the labels.")
    start_keras()
    make_deterministic(seed)
    dataset = Dataset(
        name=Path(data).stem,
        source=data,
        class_names=whole.class_names,
        train=whole.images,
        validation=None,
        test=None,
        fingerprint=loaded.fingerprint,
        color=loaded.color,
    )
    name = choose_recipe("auto", dataset)
    settings = choose_settings(name, dataset)
    recipe = settle(load_chosen(name, {"seed": seed, "data.validation": 0}, settings))
    probabilities = predict_out_of_sample(dataset, recipe, screen.judging())
    return mislabelled(whole, label_errors(whole.images.labels, probabilities))
