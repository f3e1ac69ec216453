"""`explain`: what every layer of a run's network makes of a picture, and which places speak for a class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.architecture import Calls, calls_of, values_at_once, windows_of
from lensmith.backend import free_memory
from lensmith.data import Skipped, decode, printable
from lensmith.data.reading import read_file
from lensmith.errors import DataError, DecodeError, LensmithError, RunError, did_you_mean
from lensmith.explanation import (
    METHODS,
    Classifier,
    LayerActivations,
    Sliding,
    activations,
    likeness,
    randomised,
    slide,
)
from lensmith.files import new_folder, not_written, write_text
from lensmith.inference import Predictor, image_files
from lensmith.records import Record, to_json
from lensmith.rendering.explanation import DrawnLayer, ExplainedMap, render_explanation, save_map
from lensmith.rendering.progress import current_screen
from lensmith.rendering.sheets import save_sheet
from lensmith.runs import Run, find_run
from lensmith.workflows.explain_network import MARK, NetworkExplanation, explain_network

TOP = 5
COPIES = 4
"""How many times the memory of the values themselves computing a layer may take."""
MOST_LAYERS = 40
"""Up to which all are drawn."""
LONGEST_NAME = 80
"""Characters of a folder's name."""
NETWORK = "network"
"""The folder of what is found of the network itself."""

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Explanation(Record):
    """What `explain` found of one picture.

    Attributes:
        image: The picture's path.
        predicted: The likeliest classes, each with its probability.
        size: Height and width at which the layers were computed.
        layers: What layers of the convolutional part make of the picture.
        maps: Method, class, layer, note, and rank correlation with the map of random weights.
        outputs: Paths of the page and of its pictures.
    """

    image: str
    predicted: list[tuple[str, float]]
    size: tuple[int, int]
    layers: list[LayerActivations]
    maps: list[dict[str, Any]]
    outputs: list[str]


@dataclass(frozen=True)
class ExplainRecord(Record):
    """What `explain` found.

    Attributes:
        run: The run's folder.
        explanations: One for each picture.
        skipped: Files that are no pictures.
        network: What the network itself has learned, where no pictures were given.
    """

    run: str
    explanations: list[Explanation]
    skipped: list[Skipped]
    network: NetworkExplanation | None = None


def explain(  # noqa: PLR0913  (these are the options of a command)
    run: str | Path,
    images: str | Path | Sequence[str | Path] = (),
    *,
    classes: Sequence[str] = (),
    methods: Sequence[str] = (),
    layer: str | None = None,
    output: str | Path | None = None,
    runs: str | Path | None = None,
    trust: bool = False,
) -> ExplainRecord:
    """Look into a run's network: with pictures, or without any with the images that it was validated on.

    Args:
        run: A run folder, a run's name, or `latest`.
        images: Files and folders; folders are searched at any depth. Without any, what the network has learned is
            shown: its first filters, what excites each channel, dead and saturated units.
        classes: For which to say why; the likeliest by default.
        methods: Of `gradcam`, `occlusion`, `integrated`; by default all that the network has layers for.
        layer: Whose output Grad-CAM looks at; the last one with height and width by default.
        output: Folder to write into, a folder for each picture; `explanations/` in the run by default.
        runs: The runs root.
        trust: Whether the run is one's own.

    Raises:
        LensmithError: There is no such run, class, layer or method, no file is a picture, one is too large, or a folder
            is in the way.
    """
    for name in methods:
        METHODS[name]
    found = find_run(run, runs, trust=trust)
    predictor, classifier = Predictor.of_run(found), Classifier(found.model)
    labels = [_label(name, predictor.class_names) for name in classes]
    if layer is not None:
        classifier.number_of(layer)
    folder = Path(output) if output else found.path / "explanations"
    if not output:
        found.check_file(folder)
    task = _Task(found, predictor, classifier, labels, tuple(methods), layer)
    if isinstance(images, (str, Path)) or images:
        return _explain_pictures(task, image_files([images] if isinstance(images, (str, Path)) else images), folder)
    if classes or methods or layer:
        raise LensmithError("--class, --method and --layer are about a picture: give one, or leave them out.")
    with current_screen() as screen:
        learned = explain_network(found, classifier.model, _free(folder / NETWORK), screen)
    return ExplainRecord(str(found.path), [], [], learned)


@dataclass(frozen=True)
class _Task:
    """What is done with each picture."""

    run: Run
    predictor: Predictor
    classifier: Classifier
    labels: list[int]
    methods: tuple[str, ...]
    layer: str | None

    def explain(self, path: Path, folder: Path) -> Explanation:
        """Look into the network with one picture, and write what is found into a folder."""
        seen, own = self.predictor.read(path), decode(read_file(path), self.run.artifact["color"])
        if own.shape[0] < seen.shape[0] or own.shape[1] < seen.shape[1]:
            own = seen  # of less than the network is made for, late layers would have nothing left
        wanted = self._wanted(own, path)
        names, answers = self.predictor.class_names, self.predictor.probabilities(seen[np.newaxis])[0]
        predicted = [(names[its], float(answers[its])) for its in np.argsort(-answers)[:TOP]]
        labels = self.labels or [int(answers.argmax())]
        maps = [self._map(method, seen, label) for label in labels for method in self._usable]
        folder.parent.mkdir(parents=True, exist_ok=True)
        with new_folder(folder) as place:
            drawn = self._draw_layers(own, wanted, place)
            files = [f"{its.map.method}-{its.map.label}.png" for its in maps]
            for its, file in zip(maps, files, strict=True):
                save_map(its, seen, place / file)
            pairs = list(zip(maps, files, strict=True))
            page = render_explanation(printable(path.name), seen, predicted, pairs, drawn, self._slide(seen))
            write_text(place / "index.html", page)
            found = Explanation(
                image=printable(str(path)),
                predicted=predicted,
                size=(own.shape[0], own.shape[1]),
                layers=[its.layer for its in drawn],
                maps=[its.map.to_dict() | {"class": its.class_name, "likeness": its.likeness} for its in maps],
                outputs=[str(folder / its) for its in ("index.html", *files, *(its.file for its in drawn))],
            )
            write_text(place / MARK, to_json(found))
        return found

    def _slide(self, seen: Image) -> Sliding | None:
        """Work out a filter at work; `None` where the network has none that could be shown."""
        try:
            return slide(self.classifier.model, seen)
        except LensmithError:
            return None

    def _draw_layers(self, own: Image, wanted: Sequence[int], place: Path) -> list[DrawnLayer]:
        drawn = []
        for number, its in enumerate(activations(self.classifier.model, own, wanted)):
            file = f"{number:02d}-{its.name.replace('/', '-')}.png"
            drawn.append(DrawnLayer(its.without_values(), file, save_sheet(its, place / file)))
        return drawn

    @cached_property
    def _usable(self) -> tuple[str, ...]:
        """The methods that were asked for, or all that the network has layers for."""
        if self.methods:
            return self.methods
        return tuple(its for its in METHODS if its != "gradcam" or self.classifier.has_pictures)

    @cached_property
    def _random(self) -> Classifier:
        return Classifier(randomised(self.classifier.model))

    def _map(self, method: str, seen: Image, label: int) -> ExplainedMap:
        found = METHODS[method](self.classifier, seen, label, self.layer)
        return ExplainedMap(found, self.predictor.class_names[label], likeness(self._random, seen, found))

    def _wanted(self, own: Image, path: Path) -> list[int]:
        """Choose the layers to draw; refuse a picture that does not fit into the memory."""
        calls = calls_of(self.classifier.model, own.shape).convolutional
        needed, free = 4 * COPIES * values_at_once(calls), free_memory()
        if free is not None and needed > free:
            side = math.isqrt(math.prod(own.shape[:2]) * max(0, free) // needed)
            raise DataError(
                f"{path} has {own.shape[1]}x{own.shape[0]} pixels; its layers would take {needed / 1e9:.1f} GB of "
                f"memory, and {free / 1e9:.1f} GB are free. About {side}x{side} pixels would do."
            )
        return _layers_of(calls)


def _explain_pictures(task: _Task, paths: Sequence[Path], folder: Path) -> ExplainRecord:
    places = _places(paths, folder)
    done: list[Explanation] = []
    skipped: list[Skipped] = []
    for path, place in zip(paths, places, strict=True):
        try:
            done.append(task.explain(path, place))
        except DecodeError as error:
            skipped.append(Skipped(printable(str(path)), error.reason, str(error)))
        except OSError as error:
            raise RunError(not_written(place, error)) from error
    if not done:
        examples = "; ".join(f"{its.path}: {its.detail}" for its in skipped[:3])
        raise DataError(
            f"None of {len(paths)} files is a picture that can be read{f' ({examples})' if examples else ''}."
        )
    return ExplainRecord(str(task.run.path), done, skipped)


def _layers_of(calls: Calls) -> list[int]:
    """Choose layers that have height and width; of very many, those that look at neighbours."""
    every = [number for number, its in enumerate(calls.every) if its.is_spatial]
    if len(every) <= MOST_LAYERS:
        return every
    return [number for number in every if any(its.size > 1 for its in windows_of(calls.every[number].layer))]


def _places(paths: Sequence[Path], folder: Path) -> list[Path]:
    """Choose a folder for each picture; none that holds anything but an earlier explanation."""
    taken = {NETWORK}
    places = []
    for path in paths:
        stem = printable(path.stem)[:LONGEST_NAME].strip(". ") or "picture"
        name, number = stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        places.append(_free(folder / name))
    return places


def _free(place: Path) -> Path:
    """Refuse a folder that holds anything but an earlier explanation."""
    if place.exists() and not (place / MARK).is_file() and (not place.is_dir() or any(place.iterdir())):
        raise LensmithError(f"{place} exists and is no explanation, so it is not replaced. Choose another --output.")
    return place


def _label(name: str, known: tuple[str, ...]) -> int:
    if name not in known:
        raise LensmithError(f"No class named {name!r}.{did_you_mean(name, known)}")
    return known.index(name)
