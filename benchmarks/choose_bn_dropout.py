"""Choose the dropout rates and the BatchNorm momentum of `cifar-bn-dropout`, on validation images only.

    LENSMITH_DATA=… python benchmarks/choose_bn_dropout.py

Trains the recipe's network (5 epochs, batch 64, RMSprop) once for each set of rates and seed. While training,
normalisation uses the batch's own statistics, so the momentum changes nothing but the running averages: every
momentum is followed in the same training. One file a training in `results/choose_bn_dropout/`; what is there is not
trained again. Prints the mean over seeds of the best epoch's validation accuracy, best first.
"""

import json
import statistics
import time
from pathlib import Path

from lensmith.backend import start_keras

start_keras("tensorflow")

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from lensmith.config import load_recipe  # noqa: E402
from lensmith.data import Dataset, open_dataset  # noqa: E402
from lensmith.models import make_keras_object  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "choose_bn_dropout"
RATES = [(0.1, 0.1, 0.1), (0.05, 0.1, 0.2), (0.1, 0.2, 0.3), (0.0, 0.1, 0.2), (0.05, 0.1, 0.4)]
MOMENTA = [0.5, 0.7, 0.8, 0.9, 0.95, 0.99]
SEEDS = [0, 1]


class TrackingNormalization(keras.layers.Layer):
    """Batch normalisation that keeps running averages for several momenta at once."""

    def __init__(self, used: tf.Variable) -> None:
        """Use the averages of momentum number `used` for inference."""
        super().__init__()
        self.used = used

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make scale, offset, and `(momenta, channels)` averages."""
        channels, averages = shape[-1], (len(MOMENTA), shape[-1])
        self.gamma = self.add_weight(shape=(channels,), initializer="ones")
        self.beta = self.add_weight(shape=(channels,), initializer="zeros")
        self.mean = self.add_weight(shape=averages, initializer="zeros", trainable=False)
        self.variance = self.add_weight(shape=averages, initializer="ones", trainable=False)

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Normalise by the batch while training, else by the averages in use."""
        if not training:
            mean, variance = tf.gather(self.mean, self.used), tf.gather(self.variance, self.used)
            return tf.nn.batch_normalization(x, mean, variance, self.beta, self.gamma, 1e-3)
        none = tf.zeros([0])
        y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=self.gamma, offset=self.beta, mean=none, variance=none, epsilon=1e-3, is_training=True
        )
        keep = tf.constant(MOMENTA)[:, tf.newaxis]
        self.mean.assign(self.mean * keep + mean * (1 - keep))
        self.variance.assign(self.variance * keep + variance * (1 - keep))
        return y


def build(rates: tuple[float, ...], used: tf.Variable) -> keras.Model:
    """Build the recipe's network with these rates and with normalisation that follows every momentum."""
    remaining = iter(rates)
    layers = [keras.Input((32, 32, 3)), keras.layers.Rescaling(1 / 255)]
    for described in load_recipe("cifar-bn-dropout").model.layers:
        arguments = described.arguments
        if described.class_name == "BatchNormalization":
            layers.append(TrackingNormalization(used))
            continue
        if described.class_name == "Dropout":
            arguments = {"rate": next(remaining)}
        arguments = {name: 10 if value == "num_classes" else value for name, value in arguments.items()}
        layers.append(make_keras_object("layers", described.class_name, arguments, "benchmark"))
    return keras.Sequential(layers)


def measure(rates: tuple[float, ...], seed: int, dataset: Dataset) -> dict[str, object]:
    """Train once; return the validation accuracy after each epoch for every momentum."""
    keras.utils.set_random_seed(seed)
    used = tf.Variable(0)
    model = build(rates, used)
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"], steps_per_execution=50)
    x, y = dataset.train.read(), dataset.train.labels
    validation_x, validation_y = dataset.validation.read(), dataset.validation.labels
    epochs, started = [], time.perf_counter()
    for _ in range(load_recipe("cifar-bn-dropout").training.epochs):
        model.fit(x, y, batch_size=64, verbose=0)
        accuracies = {}
        for place, momentum in enumerate(MOMENTA):
            used.assign(place)
            accuracies[str(momentum)] = model.evaluate(validation_x, validation_y, batch_size=500, verbose=0)[1]
        epochs.append(accuracies)
    return {
        "rates": rates,
        "seed": seed,
        "epochs": epochs,
        "seconds": round(time.perf_counter() - started, 1),
    }


def main() -> None:
    """Train what is not there yet, and print what came of all of it."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    dataset = open_dataset("cifar10", load_recipe("cifar-bn-dropout").data)
    for seed in SEEDS:
        for rates in RATES:
            file = RESULTS / f"{'-'.join(map(str, rates))}-seed{seed}.json"
            if not file.exists():
                file.write_text(json.dumps(measure(rates, seed, dataset), indent=2) + "\n", encoding="utf-8")
    best: dict[tuple[str, str], list[float]] = {}
    for file in RESULTS.glob("*.json"):
        result = json.loads(file.read_text(encoding="utf-8"))
        for momentum in result["epochs"][0]:
            top = max(epoch[momentum] for epoch in result["epochs"])
            best.setdefault((str(result["rates"]), momentum), []).append(top)
    for (rates, momentum), values in sorted(best.items(), key=lambda item: -statistics.mean(item[1])):
        print(f"rates {rates} momentum {momentum}: {statistics.mean(values):.4f} (n = {len(values)})")


if __name__ == "__main__":
    main()
