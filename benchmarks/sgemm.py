"""What share of the machine's arithmetic training makes use of, and what the rest of the time goes on.

    LENSMITH_DATA=… python -m benchmarks.sgemm

In one run, in turn: the product of two large matrices with NumPy and with TensorFlow, of which the quicker is the peak;
two epochs of training on 20,000 images of CIFAR-10, of which the last one's images a second count, because the first
also traces; the same without augmentation; and the profile of `benchmarks/profiling.py`. The share of the peak is
measured in float32 and in mixed bfloat16, each against the product in the same precision. Training is at full size in
every step (`training.progressive_resizing = []`), for which `benchmarks/flops.py` counts the operations.
"""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.contestants import Benchmark, Contestant, lensmith, peer, tool
from benchmarks.growth import Setting, write_arrays
from benchmarks.harness import Result, pending, run, say
from benchmarks.spread import Spread, median_of, ratios_of
from lensmith.config import load_recipe

RECIPE = "cifar10-94"
"""Whose share of the peak is a goal."""
PRECISIONS = {"float32": ("numpy", "tensorflow"), "mixed_bfloat16": ("tensorflow-bfloat16",)}
"""The products that the peak of each way of training is taken from."""
IMAGES, SETTING = "IMAGES", Setting(images=20_000)
DATA = f"{IMAGES}/{SETTING.images}-{SETTING.side}.npz"
PROFILED = {RECIPE: DATA, "speedrun-cifar10": DATA, "mnist-3conv": "mnist"}
"""Recipes whose time is taken apart, and what they are trained on for that."""
AT_FULL_SIZE = ("--epochs", "2", "--set", "training.progressive_resizing=[]")


def _in_precision(precision: str) -> Contestant:
    return lensmith(f"{RECIPE}-{precision}", DATA, RECIPE, *AT_FULL_SIZE, "--set", f"training.dtype_policy={precision}")


def _looked_into(recipe: str, data: str) -> list[Contestant]:
    profiled = tool(f"{recipe}-profile", "profiling", data, recipe, recipe=recipe)
    if not load_recipe(recipe).training.augmentation:
        return [profiled]
    return [
        lensmith(recipe, data, recipe, *AT_FULL_SIZE),
        lensmith(f"{recipe}-unchanged-images", data, recipe, *AT_FULL_SIZE, "--set", "training.augmentation=[]"),
        profiled,
    ]


BENCHMARK = Benchmark(
    "sgemm",
    (
        tool("flops", "flops", RECIPE, "32", "32", "3", "10", recipe=RECIPE, repeats=1, seeded=False),
        # Kernels for an older processor, where these variables ask for them, would understate the peak.
        peer("matmul-numpy", "matmul", "numpy", seeded=False, OPENBLAS_CORETYPE="", OPENBLAS_L2_SIZE=""),
        peer("matmul-tensorflow", "matmul", "tensorflow", seeded=False),
        peer("matmul-tensorflow-bfloat16", "matmul", "tensorflow-bfloat16", seeded=False),
        *map(_in_precision, PRECISIONS),
        *(contestant for looked_at in PROFILED.items() for contestant in _looked_into(*looked_at)),
    ),
)

Results = Mapping[str, Mapping[int, Result]]


def peaks(results: Results, precision: str) -> dict[int, float]:
    """Return the floating-point operations a second of the quickest product in a precision, by repeat."""
    products = [results.get(f"matmul-{library}", {}) for library in PRECISIONS[precision]]
    measured = set.intersection(*(set(its) for its in products))
    return {repeat: max(its[repeat]["flops_per_second"] for its in products) for repeat in measured}


def rates(results: Results, precision: str) -> dict[int, float]:
    """Return the floating-point operations a second that training the recipe in a precision does, by repeat."""
    counted = results.get("flops", {}).get(0)
    if counted is None:
        return {}
    trained = results.get(f"{RECIPE}-{precision}", {})
    return {repeat: pace(its) * counted["training_flops"] for repeat, its in trained.items()}


def share_of_peak(results: Results, precision: str) -> Spread | None:
    """Return which share of the peak training in a precision does, in [0, 1]."""
    return ratios_of(rates(results, precision), peaks(results, precision))


def pace(result: Result) -> float:
    """Return the images a second of the last epoch, which traces nothing."""
    return float(result["epoch_images_per_second"][-1])


def augmentation_share(recipe: str, results: Results) -> Spread | None:
    """Return which share of an epoch augmentation costs: what is saved without it."""
    with_it, without = (results.get(name, {}) for name in (recipe, f"{recipe}-unchanged-images"))
    both = with_it.keys() & without.keys()
    return median_of(1 - pace(with_it[repeat]) / pace(without[repeat]) for repeat in both)


def profile(recipe: str, results: Results) -> dict[str, Spread]:
    """Return the share of the time of each kind of operation, largest first."""
    found = [its["shares"] for its in results.get(f"{recipe}-profile", {}).values()]
    kinds = {kind: median_of(its.get(kind, 0.0) for its in found) for its in found for kind in its}
    known = {kind: spread for kind, spread in kinds.items() if spread is not None}
    return dict(sorted(known.items(), key=lambda item: -item[1].middle))


def main() -> None:
    """Measure what is not stored yet."""
    if not pending(BENCHMARK):
        return
    with tempfile.TemporaryDirectory() as folder:
        say("sgemm: writing the images")
        write_arrays(Path(folder), {SETTING: None})
        complete = run(BENCHMARK, {IMAGES: folder})
    sys.exit(not complete)


if __name__ == "__main__":
    main()
