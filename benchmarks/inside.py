"""One picture through a network, with every number: writes what is measured in `docs/inside.md`, and its pictures.

    LENSMITH_DATA=… python -m benchmarks.inside [FOLDER]

Trains two networks, or takes those of an earlier time from FOLDER: `mnist-2conv` on scikit-learn's digits, which one
digit is followed through from pixels to probabilities; and `cifar-bn-dropout` on CIFAR-10, through whose layers
scikit-learn's photo of a flower goes at 900×900 pixels. Of the latter, seconds and memory of `lensmith explain` are
measured as well, so nothing else should run beside it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.contestants import ROOT
from benchmarks.harness import say
from benchmarks.marked import write_measured
from lensmith.architecture import LayerSummary, summarize
from lensmith.explanation import LayerActivations, Sliding, activations, slide
from lensmith.inference import Predictor
from lensmith.models import walk
from lensmith.rendering.sheets import colored
from lensmith.runs import Run, find_run
from lensmith.workflows.provenance import machine, open_data_of, recipe_of

PAGE, PICTURES = ROOT / "docs" / "inside.md", ROOT / "docs" / "images" / "inside"
COMMAND = "python -m benchmarks.inside"
TRAININGS = {
    "digits": ("digits", "--recipe", "mnist-2conv", "--epochs", "10"),
    "photo": ("cifar10", "--recipe", "cifar-bn-dropout"),
}
SIDE, TILE, CHANNELS, BETWEEN = 900, 150, 6, 4
"""Pixels of the photo, and of a channel's picture; how many are shown of each layer, and the space between."""


def main() -> None:
    """Train what is not there, follow both pictures, write the page."""
    with tempfile.TemporaryDirectory() as temporary:
        runs = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        for name, options in TRAININGS.items():
            if not (runs / name / "model.keras").exists():
                say(f"inside: training {name}")
                command = ["train", *options, "--name", name, "--runs", str(runs), "--quiet"]
                subprocess.run([sys.executable, "-m", "lensmith", *command], check=True)
        PICTURES.mkdir(parents=True, exist_ok=True)
        parts = [*digit_walk(find_run("digits", runs)), *photo_walk(find_run("photo", runs), Path(temporary))]
    where = machine()
    parts.append(f"{where['cores']} cores, {where['processor']}. Command: `{COMMAND}`.")
    write_measured(PAGE, COMMAND, "\n\n".join(parts))


def digit_walk(run: Run) -> Iterator[str]:
    """Follow one test digit from its pixels to the probabilities of the classes."""
    from lensmith.rendering.progress import current_screen

    with current_screen() as screen:
        dataset = open_data_of(run, recipe_of(run), screen)
    assert dataset.test
    predictor, pictures = Predictor.of_run(run), dataset.test.read()
    right = predictor.probabilities(pictures).argmax(axis=1) == dataset.test.labels
    number = int(right.argmax())
    picture, label = pictures[number], dataset.class_names[dataset.test.labels[number]]
    save_enlarged(picture, PICTURES / "digit.png")
    model, found = run.model, slide(run.model, picture)
    outputs = {step.name: (step.layer, np.asarray(step.output)[0]) for step in walk(model, picture[np.newaxis] * 1.0)}
    names = list(outputs)
    convolutions = [its for its in names if type(outputs[its][0]).__name__ == "Conv2D"]
    pools = [its for its in names if type(outputs[its][0]).__name__ == "MaxPooling2D"]
    yield "### A digit, number by number"
    trained = f"`lensmith train {' '.join(TRAININGS['digits'])}`"
    yield f"{trained}, and the first test image that it is right about, a {label}:"
    yield "![The digit, enlarged](images/inside/digit.png)"
    yield from first_convolution(picture, found)
    row, column = found.top + at_most(found)[0], found.left + at_most(found)[1]
    yield pooling(outputs[convolutions[0]][1], outputs[pools[0]][1], found.channel, row // 2, column // 2)
    yield second_convolution(*outputs[convolutions[1]], outputs[pools[0]][1])
    yield answer(outputs[names[-1]], outputs[names[-2]][1], predictor, picture)


def first_convolution(picture: npt.NDArray[np.uint8], found: Sliding) -> Iterator[str]:
    """Show one window: its pixels, the weights, the sum."""
    down, right = at_most(found)
    size = len(found.kernel)
    window = found.values[down : down + size, right : right + size, 0]
    top, left = found.top + down, found.left + right
    pixels, weights = picture[top : top + size, left : left + size, 0], found.kernel[..., 0]
    yield (
        f"**Pixels.** {picture.shape[0]}×{picture.shape[1]} numbers from 0 to 255. Those at rows {top} to "
        f"{top + size - 1} and columns {left} to {left + size - 1}; divided by 255 (`Rescaling`); and the weights of "
        f"filter {found.channel} of `{found.layer}`:"
    )
    rows = zip(pixels, window, weights, strict=True)
    cells = ["| " + " | ".join([*map(str, a), "", *map(three, b), "", *map(three, c)]) + " |" for a, b, c in rows]
    yield "\n".join(["| pixels | | | | ÷ 255 | | | | weights | | |", "|---|" + "---|" * 10, *cells])
    products = " + ".join(f"{three(a)}·{three(b)}" for a, b in zip(window.ravel(), weights.ravel(), strict=True))
    total, output = float(found.sums[down, right]), float(found.outputs[down, right])
    yield (
        f"**Convolution.** The filter multiplies and sums: {products} = {three(total - found.bias)}. With its bias of "
        f"{three(found.bias)} that is {three(total)}, and relu makes {three(output)} of it: what is below zero becomes "
        "zero. It does so at every place where the window fits, and so do the other filters."
    )


def pooling(
    before: npt.NDArray[np.float32], after: npt.NDArray[np.float32], channel: int, row: int, column: int
) -> str:
    """Show one window of the first pooling."""
    four = before[2 * row : 2 * row + 2, 2 * column : 2 * column + 2, channel].ravel()
    return (
        f"**Max pooling** keeps the largest of each 2×2 places: of {', '.join(map(three, four))} it keeps "
        f"{three(after[row, column, channel])}. {shape(before)} numbers become {shape(after)}."
    )


def second_convolution(layer: Any, output: npt.NDArray[np.float32], before: npt.NDArray[np.float32]) -> str:
    """Say what one number of the second convolution is made of."""
    kernel, bias = layer.get_weights()
    row, column, channel = np.unravel_index(int(output.argmax()), output.shape)
    size = kernel.shape[0]
    total = float((before[row : row + size, column : column + size] * kernel[..., channel]).sum())
    return (
        f"**The second convolution** looks at all {before.shape[2]} channels at once: each of its {output.shape[2]} "
        f"filters sums {' · '.join(map(str, kernel.shape[:3]))} = {kernel[..., 0].size} products. Filter {channel} "
        f"answers most at row {row}, column {column}: {three(total)} + {three(float(bias[channel]))} = "
        f"{three(total + float(bias[channel]))}."
    )


def answer(
    last: tuple[Any, npt.NDArray[np.float32]],
    features: npt.NDArray[np.float32],
    predictor: Predictor,
    picture: npt.NDArray[np.uint8],
) -> str:
    """Show the scores of the classes and their probabilities, beside those that `predict` gives."""
    kernel, bias = last[0].get_weights()
    scores = features @ kernel + bias
    powers = np.exp(scores - scores.max())
    answers = predictor.probabilities(picture[np.newaxis])[0]
    rows = [
        f"| {name} | {three(score)} | {power:.5f} | {probability:.4f} | {said:.4f} |"
        for name, score, power, probability, said in zip(
            predictor.class_names, scores, powers, last[1], answers, strict=True
        )
    ]
    return "\n".join(
        [
            f"**Flatten and Dense.** {features.size:,} numbers are left. For each class they are multiplied with "
            f"{features.size:,} weights and summed up: its score. **Softmax** takes e to the power of each score, less "
            "the largest of them, and divides by the sum, so that all are between 0 and 1 and sum to 1. `lensmith "
            "predict` gives the same from the ONNX file.",
            "",
            "| class | score | e^(score − largest) | probability | `predict` |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )


def photo_walk(run: Run, folder: Path) -> Iterator[str]:
    """Follow the photo through the layers at its own size."""
    photo = folder / "flower.png"
    save_photo(photo)
    out = folder / "out"
    seconds, peak = measured([sys.executable, "-m", "lensmith", "explain", str(run.path), str(photo), "-o", str(out)])
    explained = json.loads((out / "flower" / "explanation.json").read_text(encoding="utf-8"))
    model = run.model
    picture = np.asarray(Image.open(photo))
    layers = {its.name: its for its in summarize(model, picture.shape, convolutional=True).layers}
    steps = list(walk(model, picture[np.newaxis, :32, :32] * 1.0))
    wanted = [its.number for its in steps if len(its.output.shape) == 4]
    yield "### A photo of 900×900 through every layer"
    accuracy = run.info["result"]["test"]["accuracy"]
    yield (
        f"`lensmith train {' '.join(TRAININGS['photo'])}` ({run.info['result']['parameters']:,} parameters, test "
        f"accuracy {accuracy:.1%} of pictures of 32×32), and scikit-learn's photo of a flower. None of its ten classes "
        f"is a flower, and the classifier must choose all the same: {explained['predicted'][0][0]}, "
        f"{explained['predicted'][0][1]:.1%}. `lensmith explain photo flower.png` took {seconds:.1f} s and "
        f"{peak / 1e9:.2f} GB of memory in all (n = 1). Of each layer the {CHANNELS} strongest channels:"
    )
    for its in activations(model, picture, wanted):
        file = f"{its.name.replace('/', '-')}.png"
        save_strongest(its, PICTURES / file)
        yield layer_text(its, layers[its.name], file)


def measured(command: Sequence[str]) -> tuple[float, int]:
    """Run a command; return its seconds and the most bytes of memory it had."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return time.perf_counter() - began, used.ru_maxrss * 1024


def layer_text(its: LayerActivations, layer: LayerSummary, file: str) -> str:
    """Say what a layer does to the photo, and show it."""
    size = f" `{layer.size_arithmetic}`." if layer.size_arithmetic else ""
    sees = (
        f" Each number depends on {layer.receptive_field[0]}×{layer.receptive_field[1]} pixels."
        if layer.receptive_field
        else ""
    )
    return (
        f"**{its.name}** ({its.type}), {shape(its.values)}: {layer.purpose}{size}{sees} {its.zeros:.0%} of its "
        f"numbers are zero, {len(its.silent)} of {its.shape[2]} channels are the same everywhere.\n\n"
        f"![The strongest channels of {its.name}](images/inside/{file})"
    )


def save_strongest(its: LayerActivations, path: Path) -> None:
    """Draw the strongest channels side by side, on one scale."""
    order = np.argsort(-np.abs(its.values).mean(axis=(0, 1)), kind="stable")[:CHANNELS]
    largest = float(np.percentile(np.abs(its.values[..., order]), 99.5)) or 1.0
    sheet = np.full((TILE, CHANNELS * (TILE + BETWEEN) - BETWEEN, 3), 255, np.uint8)
    for place, channel in enumerate(order):
        small = Image.fromarray(its.values[..., channel]).resize((TILE, TILE), Image.Resampling.BOX)
        sheet[:, place * (TILE + BETWEEN) :][:, :TILE] = colored(np.asarray(small) / largest)
    # In 128 colours the pictures are a third of the size, and look the same.
    Image.fromarray(sheet).quantize(128).save(path, "PNG", optimize=True)


def save_photo(path: Path) -> None:
    """Cut the middle out of scikit-learn's photo of a flower, and enlarge it."""
    from sklearn.datasets import load_sample_image

    whole = Image.fromarray(load_sample_image("flower.jpg"))
    side = min(whole.size)
    left, top = (whole.width - side) // 2, (whole.height - side) // 2
    whole.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(path)


def save_enlarged(picture: npt.NDArray[np.uint8], path: Path) -> None:
    """Write a small gray picture, each pixel eight by eight."""
    Image.fromarray(picture[..., 0].repeat(8, axis=0).repeat(8, axis=1)).save(path)


def at_most(found: Sliding) -> tuple[int, int]:
    """Return the place where the filter answers most, within the part that is worked out."""
    row, column = np.unravel_index(int(found.outputs.argmax()), found.outputs.shape)
    return int(row), int(column)


def three(value: float) -> str:
    """Write three decimals, with the proper sign."""
    return f"{value:.3f}".replace("-", "−")


def shape(values: npt.NDArray[Any]) -> str:
    """Write a shape."""
    return "×".join(map(str, values.shape))


if __name__ == "__main__":
    main()
