"""`explain`: what every layer of a run's network makes of a picture, and which places speak for a class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.architecture import Calls, calls_of, values_at_once
from lensmith.backend import free_memory
from lensmith.data import decode, printable
from lensmith.data.reading import read_file
from lensmith.errors import DataError, DecodeError, LensmithError, did_you_mean
from lensmith.explanation import METHODS, Classifier, LayerActivations, activations, likeness
from lensmith.files import new_folder, write_text
from lensmith.inference import Predictor, image_files
from lensmith.records import Record
from lensmith.rendering.explanation import DrawnLayer, ExplainedMap, render_explanation, save_map
from lensmith.rendering.sheets import save_sheet
from lensmith.runs import Run, find_run

TOP = 5
COPIES = 4
"""How many times the memory of the values themselves computing a layer may take."""

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Explanation(Record):
    """What `explain` found of one picture.

    Attributes:
        image: The picture's path.
        predicted: The likeliest classes, each with its probability.
        size: Height and width at which the layers were computed.
        layers: What each layer of the convolutional part makes of the picture.
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
    """

    run: str
    explanations: list[Explanation]


def explain(  # noqa: PLR0913  (these are the options of a command)
    run: str | Path,
    images: str | Path | Sequence[str | Path],
    *,
    classes: Sequence[str] = (),
    methods: Sequence[str] = (),
    layer: str | None = None,
    output: str | Path | None = None,
    runs: str | Path | None = None,
    trust: bool = False,
) -> ExplainRecord:
    """Look into a run's network with pictures.

    Args:
        run: A run folder, a run's name, or `latest`.
        images: Files and folders; folders are searched at any depth.
        classes: For which to say why; the likeliest by default.
        methods: Of `gradcam`, `occlusion`, `integrated`; all by default.
        layer: Whose output Grad-CAM looks at; the last one with height and width by default.
        output: Folder to write into, a folder for each picture; `explanations/` in the run by default.
        runs: The runs root.
        trust: Whether the run is one's own.

    Raises:
        LensmithError: There is no such run, class, layer or method, a picture cannot be read, or it is too large.
    """
    for name in methods:
        METHODS[name]
    found = find_run(run, runs, trust=trust)
    predictor, classifier = Predictor.of_run(found), Classifier(found.model)
    labels = [_label(name, predictor.class_names) for name in classes]
    if layer is not None:
        classifier.number_of(layer)
    folder = Path(output) if output else found.path / "explanations"
    paths = image_files([images] if isinstance(images, (str, Path)) else images)
    task = _Task(found, predictor, classifier, labels, list(methods) or list(METHODS), layer)
    return ExplainRecord(str(found.path), [task.explain(path, folder / _name(path)) for path in paths])


@dataclass(frozen=True)
class _Task:
    """What is done with each picture."""

    run: Run
    predictor: Predictor
    classifier: Classifier
    labels: list[int]
    methods: list[str]
    layer: str | None

    def explain(self, path: Path, folder: Path) -> Explanation:
        seen, own = self._read(path)
        calls = self._calls(own, path)
        names, answers = self.predictor.class_names, self.predictor.probabilities(seen[np.newaxis])[0]
        predicted = [(names[its], float(answers[its])) for its in np.argsort(-answers)[:TOP]]
        maps = [
            self._map(method, seen, label)
            for label in self.labels or [int(answers.argmax())]
            for method in self._usable()
        ]
        folder.parent.mkdir(parents=True, exist_ok=True)
        with new_folder(folder) as place:
            drawn = []
            for number, its in enumerate(activations(self.classifier.model, own, len(calls.every))):
                file = f"{number:02d}-{its.name.replace('/', '-')}.png"
                drawn.append(DrawnLayer(its.without_values(), file, save_sheet(its, place / file)))
            files = [f"{its.map.method}-{its.map.label}.png" for its in maps]
            for its, file in zip(maps, files, strict=True):
                save_map(its, seen, place / file)
            pairs = list(zip(maps, files, strict=True))
            write_text(place / "index.html", render_explanation(printable(path.name), seen, predicted, pairs, drawn))
        written = ["index.html", *files, *(its.file for its in drawn)]
        return Explanation(
            image=str(path),
            predicted=predicted,
            size=(own.shape[0], own.shape[1]),
            layers=[its.layer for its in drawn],
            maps=[its.map.to_dict() | {"class": its.class_name, "likeness": its.likeness} for its in maps],
            outputs=[str(folder / its) for its in written],
        )

    def _usable(self) -> list[str]:
        """Leave Grad-CAM out where nobody has asked for it and there is nothing for it to look at."""
        if len(self.methods) < len(list(METHODS)):
            return self.methods
        try:
            self.classifier.last_picture()
        except LensmithError:
            return [its for its in self.methods if its != "gradcam"]
        return self.methods

    def _map(self, method: str, seen: Image, label: int) -> ExplainedMap:
        found = METHODS[method](self.classifier, seen, label, self.layer)
        alike = likeness(self.classifier, seen, found)
        return ExplainedMap(found, self.predictor.class_names[label], alike)

    def _read(self, path: Path) -> tuple[Image, Image]:
        """Read a picture as the network sees it, and at its own size."""
        try:
            return self.predictor.read(path), decode(read_file(path), self.run.artifact["color"])
        except DecodeError as error:
            raise DataError(f"{path}: {error}.") from None

    def _calls(self, own: Image, path: Path) -> Calls:
        """Follow the picture through the convolutional part; refuse one that does not fit into the memory."""
        calls = calls_of(self.classifier.model, own.shape).convolutional
        needed, free = 4 * COPIES * values_at_once(calls), free_memory()
        if free is not None and needed > free:
            side = math.isqrt(math.prod(own.shape[:2]) * free // needed)
            raise DataError(
                f"{path} has {own.shape[1]}x{own.shape[0]} pixels; its layers would take {needed / 1e9:.1f} GB of "
                f"memory, and {free / 1e9:.1f} GB are free. About {side}x{side} pixels would do."
            )
        return calls


def _label(name: str, known: tuple[str, ...]) -> int:
    if name not in known:
        raise LensmithError(f"No class named {name!r}.{did_you_mean(name, known)}")
    return known.index(name)


def _name(path: Path) -> str:
    return printable(path.stem) or "picture"
