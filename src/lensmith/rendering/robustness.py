"""How a classifier does on corrupted and on foreign images: as lines, and as one page of pictures and numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Group, RenderableType
from rich.text import Text

from lensmith.evaluation import SEVERITIES, Novelty, Robustness, corrupt
from lensmith.rendering.pages import render_page
from lensmith.rendering.pictures import picture
from lensmith.rendering.terminal import table
from lensmith.rendering.wording import MISSING, SPACE, counted, decimals_for, percent, percent_range

SIDE = 96
"""CSS pixels of an example."""
NOVELTY_COLUMNS = (
    "data",
    "images",
    "AUROC by probability",
    "AUROC by energy",
    "accepted",
    "unknown",
    "surer than 90 %",
    "taken for",
)


def robustness_text(record: Any) -> RenderableType:
    """Draw what `robustness` returns for a terminal."""
    robustness = record.robustness
    columns = ("corruption", *(f"severity {its}" for its in SEVERITIES), "mean")
    rows = [(kind, *(percent(its.accuracy) for its in cells), percent(mean)) for kind, cells, mean in _rows(robustness)]
    title = f"{Path(record.run).name}: accuracy on {counted(robustness.n, f'corrupted {record.split} image')}"
    foreign = table(
        NOVELTY_COLUMNS,
        map(novelty_row, record.novelty),
        title="Images of nothing it knows",
        right=NOVELTY_COLUMNS[1:-1],
    )
    return Group(
        table(columns, rows, title=title, right=columns[1:]),
        Text(f"{robustness_sentence(robustness)}\n"),
        foreign,
        Text("\n".join([NOVELTY_SENTENCE, "", *record.notices, f"Page: {record.report}"])),
    )


def robustness_sentence(its: Robustness) -> str:
    """Say what corruptions cost on the whole, and which costs most."""
    worst = min(its.cells, key=lambda cell: cell.accuracy)
    bounds = percent_range(its.clean_accuracy_low, its.clean_accuracy_high, decimals_for(its.n))
    return (
        f"As they are {percent(its.clean_accuracy, decimals_for(its.n))} of the images are named right (95 % interval "
        f"{bounds}); corrupted, {percent(its.mean_corrupted_accuracy)} in the mean of all kinds and severities; fewest "
        f"under {worst.kind} of severity {worst.severity}: {percent(worst.accuracy)}."
    )


NOVELTY_SENTENCE = (
    "AUROC: how often an image it knows gets a higher score than a foreign one, with its 95 % interval; 50 % is "
    "guessing. Accepted: foreign images that pass where 95 % of the known ones do, by probability. Unknown: those "
    "that the threshold catches which lensmith calibrate chose, if it did. All this holds for images like these "
    "foreign ones, not for whatever else there is."
)


def novelty_row(its: Novelty) -> tuple[str, ...]:
    """Write one foreign data set under `NOVELTY_COLUMNS`."""
    return (
        its.name,
        f"{its.n_foreign:,}",
        _auroc(its.auroc_probability, its.auroc_probability_low, its.auroc_probability_high),
        _auroc(its.auroc_energy, its.auroc_energy_low, its.auroc_energy_high),
        percent(its.fpr95_probability),
        MISSING if its.unknown is None else percent(its.unknown),
        percent(its.confident),
        ", ".join(f"{name}{SPACE}({percent(share, 0)})" for name, share in its.most_named),
    )


def render_robustness(record: Any) -> str:
    """Draw the page of what `robustness` returns: HTML in one piece, which needs neither a network nor scripts."""
    robustness, example = record.robustness, record.example
    return render_page(
        "robustness.html.j2",
        {
            "name": Path(record.run).name,
            "split": record.split,
            "notices": record.notices,
            "robustness": robustness,
            "sentence": robustness_sentence(robustness),
            "severities": SEVERITIES,
            "clean": picture(example[0], SIDE),
            "rows": [_shown(kind, cells, mean, robustness, example) for kind, cells, mean in _rows(robustness)],
            "novelty_columns": NOVELTY_COLUMNS,
            "novelty": [novelty_row(its) for its in record.novelty],
            "novelty_sentence": NOVELTY_SENTENCE,
        },
    )


def _rows(robustness: Robustness) -> list[tuple[str, list[Any], float]]:
    """Return kind, cells by severity and mean, the worst kind first."""
    kinds = sorted(robustness.by_kind, key=lambda kind: robustness.by_kind[kind])
    return [(kind, [its for its in robustness.cells if its.kind == kind], robustness.by_kind[kind]) for kind in kinds]


def _shown(
    kind: str, cells: Sequence[Any], mean: float, robustness: Robustness, example: npt.NDArray[np.uint8]
) -> dict[str, Any]:
    return {
        "kind": kind,
        "mean": percent(mean),
        "cells": [
            {
                "picture": picture(corrupt(example, kind, its.severity)[0], SIDE),
                "accuracy": percent(its.accuracy),
                "interval": percent_range(its.accuracy_low, its.accuracy_high),
                "left": round(100 * its.accuracy / max(robustness.clean_accuracy, 1e-9)),
            }
            for its in cells
        ],
    }


def _auroc(value: float, low: float, high: float) -> str:
    return f"{percent(value)} ({percent_range(low, high).replace(' ', SPACE)})"
