"""What a run's network has learned, seen with the images that it was validated on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.architecture import Call, View, calls_of, views_of
from lensmith.explanation import Exciting, LayerUnits, most_exciting, units
from lensmith.files import new_folder, write_text
from lensmith.records import Record, to_json
from lensmith.rendering.explained_network import Excited, LearnedLayer, render_network
from lensmith.rendering.filters import cut_patch
from lensmith.rendering.progress import Screen
from lensmith.runs import Run
from lensmith.workflows.provenance import check_same_data, open_data_of, recipe_of

MARK = "explanation.json"
"""The file by which a folder is known as an explanation's."""
IMAGES, FEWEST, VALUES = 1_000, 64, 2**29
"""Images looked at, and about how many values of all layers together there is time for."""
AT_ONCE = 2**25
"""Values of the largest layer that are held at once."""
MOST_LAYERS, MOST_CHANNELS, PATCHES = 16, 24, 6
"""Layers of which channels are shown, channels of each, and patches of each."""


@dataclass(frozen=True)
class NetworkExplanation(Record):
    """What `explain` found of a network.

    Attributes:
        images: How many were looked at, and of which split.
        layers: What the units of each layer do.
        outputs: The path of the page.
    """

    images: tuple[int, str]
    layers: list[LayerUnits]
    outputs: list[str]


def explain_network(run: Run, model: Any, folder: Path, screen: Screen) -> NetworkExplanation:
    """Look at units, filters, and what excites them, and write a page.

    Args:
        run: Its data must be what they were.
        model: The run's.
        folder: Gets the page; what is in it is replaced.
        screen: To talk to.

    Raises:
        LensmithError: The data are gone or others, or the network's layers are not known.
    """
    recipe = recipe_of(run)
    dataset = open_data_of(run, recipe, screen)
    check_same_data(run, dataset)
    name = "validation" if dataset.validation else "train"
    network = calls_of(model)
    calls = network.every
    values = [int(np.prod(call.output)) for call in calls] or [VALUES]
    split = dataset.splits[name].sample(int(np.clip(VALUES // sum(values), FEWEST, IMAGES)), recipe.seed)
    images, batch = split.read(), int(np.clip(AT_ONCE // max(values), 1, 32))
    found = units(model, images, batch)
    wanted = _convolutions(calls)
    excited = {its.number: its for its in most_exciting(model, images, wanted, PATCHES, batch)}
    views = views_of(network)
    shown = [its for its in found if _is_shown(its, excited)]
    layers = [_learned(its, excited.get(its.number), views[its.number], images) for its in shown]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with new_folder(folder) as place:
        page = render_network(run.name, *_first_kernel(calls), layers, f"{len(split):,} {name} images")
        write_text(place / "index.html", page)
        explanation = NetworkExplanation((len(split), name), found, [str(folder / "index.html")])
        write_text(place / MARK, to_json(explanation))
    return explanation


def _convolutions(calls: Sequence[Call]) -> list[int]:
    """Choose convolutions whose outputs have height and width; of very many, some from all over the network."""
    every = [
        number
        for number, its in enumerate(calls)
        if its.is_spatial and getattr(its.layer, "kernel_size", None) and min(its.output[:2]) > 1
    ]
    return [every[round(its)] for its in np.linspace(0, len(every) - 1, min(MOST_LAYERS, len(every)))]


def _is_shown(its: LayerUnits, excited: Mapping[int, Exciting]) -> bool:
    """Leave out what a page of many layers would only be longer by; the record has all."""
    return bool(its.number in excited or its.dead or its.saturated or (its.weights and its.type == "Dense"))


def _learned(
    its: LayerUnits, exciting: Exciting | None, view: View | None, images: npt.NDArray[np.uint8]
) -> LearnedLayer:
    """Put together what is shown of a layer; patches where it can be told what a unit sees."""
    sees = view.field if view and exciting else None
    if not (exciting and view):
        return LearnedLayer(its, [], sees)
    strongest = np.argsort(-exciting.values[:, 0], kind="stable")[:MOST_CHANNELS]
    alive = [int(channel) for channel in sorted(strongest) if channel not in its.dead]
    return LearnedLayer(its, [_excited(channel, exciting, view, images) for channel in alive], sees)


def _excited(channel: int, exciting: Exciting, view: View, images: npt.NDArray[np.uint8]) -> Excited:
    """Cut out what a channel's units see where they answer most; of a late layer that may be all of the picture."""
    patches = []
    size = (min(view.field[0], images.shape[1]), min(view.field[1], images.shape[2]))
    places = (its[channel].tolist() for its in (exciting.images, exciting.rows, exciting.columns))
    for image, row, column in zip(*places, strict=True):
        top, left = view.begins(row, column)
        top, left = (0 if size[0] == images.shape[1] else top), (0 if size[1] == images.shape[2] else left)
        patches.append(cut_patch(images[image], top, left, size))
    return Excited(channel, float(exciting.values[channel, 0]), patches)


def _first_kernel(calls: Sequence[Call]) -> tuple[npt.NDArray[np.floating] | None, str]:
    """Return the kernel of the first convolution, and its name."""
    first = next((its for its in calls if its.kind(("BaseConv",)) and its.is_spatial), None)
    return (first.layer.get_weights()[0], first.name) if first else (None, "")
