"""Time to an accuracy, and images a second, against stock Keras, Keras on JAX and PyTorch.

    LENSMITH_DATA=… python -m benchmarks.speed [mnist] [cifar10] [cifar10-94] [fashion-94]

Without a name, all. `mnist` takes about a quarter of an hour on two cores; the others take one to two hours each.
What the peers are, and what is in their seconds, stands at the top of each file in `benchmarks/peers/`.

lensmith trains the tutorials' networks here on all training images, without a validation split, because the peers do.
Keras on JAX trains for one epoch, and on a part of CIFAR-10, because the whole would take most of the benchmark's
time: compiling weighs more in its images a second than it would in the end. PyTorch, which compiles nothing, trains for
two epochs. The same network in bfloat16, which processors with AMX multiply several times as fast, is trained for two
epochs by everybody. airbench94_muon has bfloat16, too; it trains five of its eight epochs, and the time of the last
three is taken from the two before them.
"""

import argparse
import sys

from benchmarks.contestants import Benchmark, Contestant, lensmith, peer
from benchmarks.harness import Result, run

JAX_IMAGES_OF_CIFAR = 10_000
KERAS, PYTORCH, JAX = "stock-keras", "pytorch", "keras-on-jax"
BFLOAT16 = "-bfloat16"
AIRBENCH_EPOCHS = 5
FEW_EPOCHS = ("--epochs", "2")


def _same_network(data: str, recipe: str, jax: tuple[str, ...]) -> tuple[Contestant, ...]:
    """One network at one optimizer and batch size: lensmith, stock Keras, Keras on JAX, PyTorch; and in bfloat16."""
    all_images = ("--set", "data.validation=0")
    mixed, briefly = ("--set", "training.dtype_policy=mixed_bfloat16"), (recipe, *FEW_EPOCHS, "--bfloat16")
    return (
        lensmith(recipe, data, recipe, *all_images),
        peer(KERAS, "stock_keras", recipe, KERAS_BACKEND="tensorflow"),
        peer(JAX, "stock_keras", recipe, *jax, needs="jax", KERAS_BACKEND="jax"),
        # It compiles nothing, so that its pace is the same from the first epoch on.
        peer(PYTORCH, "torch_loop", recipe, *FEW_EPOCHS, needs="torch"),
        lensmith(recipe + BFLOAT16, data, recipe, *all_images, *mixed, *FEW_EPOCHS),
        peer(KERAS + BFLOAT16, "stock_keras", *briefly, KERAS_BACKEND="tensorflow"),
        peer(PYTORCH + BFLOAT16, "torch_loop", *briefly, needs="torch"),
    )


MNIST = Benchmark(
    "mnist",
    (
        lensmith("speedrun-mnist", "mnist", "speedrun-mnist", repeats=10),
        *_same_network("mnist", "mnist-3conv", ("--epochs", "1")),
    ),
)
CIFAR10 = Benchmark(
    "cifar10",
    (
        lensmith("speedrun-cifar10", "cifar10", "speedrun-cifar10", repeats=5),
        *_same_network("cifar10", "cifar-bn-dropout", ("--epochs", "1", "--images", str(JAX_IMAGES_OF_CIFAR))),
    ),
)
CIFAR10_94 = Benchmark(
    "cifar10-94",
    (
        lensmith("cifar10-94", "cifar10", "cifar10-94"),
        peer("airbench94-muon", "airbench_torch", "--epochs", str(AIRBENCH_EPOCHS), "--bfloat16", needs="torch"),
    ),
)
FASHION_94 = Benchmark("fashion-94", (lensmith("fashion-94", "fashion-mnist", "fashion-94"),))

SAME_NETWORK = {"mnist": "mnist-3conv", "cifar10": "cifar-bn-dropout"}
"""By benchmark, the network that lensmith and its peers train alike."""
BENCHMARKS = {its.name: its for its in (MNIST, CIFAR10, CIFAR10_94, FASHION_94)}


def is_whole(name: str) -> bool:
    """Tell whether a contestant trains to the end; of the others only the images a second say something."""
    return name not in (JAX, PYTORCH) and not name.endswith(BFLOAT16)


def twin(benchmark: str, name: str) -> str:
    """Return lensmith's training of the same network in the same precision as a peer's; empty where there is none."""
    ours = SAME_NETWORK.get(benchmark, "")
    if not ours or not name.startswith((KERAS, JAX, PYTORCH)):
        return ""
    return ours + (BFLOAT16 if name.endswith(BFLOAT16) else "")


def images_per_second(result: Result) -> float:
    """Return training images × epochs ÷ training seconds, tracing included."""
    # lensmith says it itself, because an epoch of its may be a part of one.
    said: float | None = result.get("images_per_second")
    return said or float(result["images"] * result["epochs"] / result["train_seconds"])


def epochs(result: Result) -> float:
    """Return how often every training image was seen."""
    return images_per_second(result) * float(result["train_seconds"]) / float(result["images"])


def training_seconds(result: Result) -> float:
    """Return the seconds of training; of a peer that left its recipe early, those of the whole recipe."""
    return float(result.get("whole_recipe_seconds", result["train_seconds"]))


def process_seconds(result: Result) -> float:
    """Return the seconds from the start of the process to its end, of the whole recipe as `training_seconds`."""
    return float(result["whole_seconds"] - result["train_seconds"] + training_seconds(result))


def main() -> None:
    """Measure what is named and not stored yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"Of {', '.join(BENCHMARKS)}; all by default.")
    names = parser.parse_args().names or list(BENCHMARKS)
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    complete = [run(BENCHMARKS[name]) for name in names]
    sys.exit(not all(complete))


if __name__ == "__main__":
    main()
