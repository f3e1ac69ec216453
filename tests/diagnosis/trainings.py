"""Small trainings, real ones, that each suffer from something; and some that suffer from nothing."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import keras
import numpy as np
from sklearn.datasets import load_digits

from lensmith.diagnosis import Curves, Evidence
from lensmith.explanation.units import unit_statistics

layers = keras.layers
VALIDATION = 600


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    return (images.reshape(-1, 8, 8, 1)[order] * 255 / 16).astype(np.uint8), labels[order].astype(np.int64)


def mlp(*units: int, activation: str = "relu", classes: int = 10, **others: Any) -> Any:
    hidden = [layers.Dense(its, activation=activation, **others) for its in units]
    return network(layers.Flatten(), *hidden, classes=classes)


def cnn(*between: Any, filters: int = 16, classes: int = 10, activation: str = "relu") -> Any:
    return network(
        layers.Conv2D(filters, 3, activation=activation, padding="same"),
        *between,
        layers.MaxPooling2D(),
        layers.Conv2D(2 * filters, 3, activation=activation, padding="same"),
        layers.GlobalAveragePooling2D(),
        classes=classes,
    )


def network(*its: Any, classes: int = 10) -> Any:
    body = [keras.Input((8, 8, 1)), layers.Rescaling(1 / 255), *its]
    return keras.Sequential([*body, layers.Dense(classes, activation="softmax")])


def train(
    make: Callable[[], Any],
    optimizer: Any,
    epochs: int = 8,
    *,
    data: tuple[np.ndarray, np.ndarray] | None = None,
    validation: int = VALIDATION,
    train_images: int | None = None,
    batch: int = 32,
    shuffle: bool = True,
    waiting: float = 0.0,
    broken_rules: Sequence[tuple[str, str]] = (),
    loss: str = "sparse_categorical_crossentropy",
) -> Evidence:
    keras.utils.set_random_seed(0)
    images, labels = data or digits()
    x, y = images[validation:][:train_images], labels[validation:][:train_images]
    if not shuffle:
        order = np.argsort(y, kind="stable")
        x, y = x[order], y[order]
    held = images[:validation], labels[:validation]
    model = make()
    model.compile(optimizer, loss, metrics=["accuracy"])
    rates: list[float] = []
    kept = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: rates.append(float(model.optimizer.learning_rate)))
    end = keras.callbacks.TerminateOnNaN()
    fitted = model.fit(
        x.astype(np.float32),
        y,
        batch_size=batch,
        epochs=epochs,
        shuffle=shuffle,
        validation_data=(held[0].astype(np.float32), held[1]),
        callbacks=[kept, end],
        verbose=0,
    )
    rows = [dict(zip(fitted.history, its, strict=True)) for its in zip(*fitted.history.values(), strict=True)]
    rows = [row | {"learning_rate": rate} for row, rate in zip(rows, rates, strict=False)]
    answers = np.nan_to_num(model.predict(held[0].astype(np.float32), verbose=0)).astype(float)
    dead = {
        its.layer: len(its.dead) / its.units
        for its in unit_statistics(model, held[0][:200])
        if getattr(getattr(model.get_layer(its.layer), "activation", None), "__name__", "") == "relu"
    }
    return Evidence(
        Curves.of(rows),
        np.bincount(y, minlength=int(labels.max()) + 1),
        held[1],
        answers,
        diverged=not np.isfinite(fitted.history["loss"]).all(),
        dead=dead,
        broken_rules=broken_rules,
        waiting=waiting,
    )


def noisy(share: float) -> tuple[np.ndarray, np.ndarray]:
    """The digits, with some of the labels changed."""
    images, labels = digits()
    chance = np.random.default_rng(1)
    changed = chance.random(len(labels)) < share
    return images, np.where(changed, (labels + chance.integers(1, 10, len(labels))) % 10, labels)


def blurred(strength: float) -> tuple[np.ndarray, np.ndarray]:
    """The digits, under noise."""
    images, labels = digits()
    chance = np.random.default_rng(2)
    return np.clip(images + chance.normal(0, strength, images.shape), 0, 255).astype(np.uint8), labels


def unbalanced() -> tuple[np.ndarray, np.ndarray]:
    """Noisy zeros, and few of each of the others."""
    images, labels = blurred(200)
    chance = np.random.default_rng(3)
    kept = (labels == 0) | (chance.random(len(labels)) < 0.06)
    some = np.flatnonzero(kept)
    order = chance.permutation(np.concatenate([some, some, some]))
    return images[order], labels[order]


def cosine(rate: float, epochs: int, images: int = 1197) -> Any:
    return keras.optimizers.schedules.CosineDecay(rate, epochs * -(-images // 32))


optimizers = keras.optimizers
SICK: dict[str, tuple[str, Callable[[], Evidence]]] = {
    "huge steps": ("divergence", lambda: train(lambda: mlp(64), optimizers.SGD(1e9), 5)),
    "growing steps": (
        "divergence",
        lambda: train(
            lambda: mlp(64), optimizers.SGD(optimizers.schedules.ExponentialDecay(0.01, 20, 3.0), momentum=0.9), 12
        ),
    ),
    "large steps": ("learning rate too high", lambda: train(cnn, optimizers.Adam(0.3), 8)),
    "large steps of SGD": ("learning rate too high", lambda: train(lambda: mlp(64), optimizers.SGD(3.0), 10)),
    "small steps": ("learning rate too low", lambda: train(lambda: mlp(64), optimizers.Adam(3e-5), 10)),
    "small steps of SGD": ("learning rate too low", lambda: train(lambda: mlp(64), optimizers.SGD(1e-3), 12)),
    "few noisy images": (
        "overfitting",
        lambda: train(lambda: mlp(256), optimizers.Adam(2e-3), 40, data=blurred(80), train_images=200),
    ),
    "long on noise": (
        "overfitting",
        lambda: train(lambda: cnn(filters=32), optimizers.Adam(3e-3), 40, data=blurred(120)),
    ),
    "one unit": ("underfitting", lambda: train(lambda: mlp(1), optimizers.Adam(1e-2), 20)),
    "much dropout": (
        "underfitting",
        lambda: train(lambda: cnn(layers.Dropout(0.9), filters=2), optimizers.Adam(5e-3), 24),
    ),
    "few validation images": (
        "small validation set",
        lambda: train(cnn, optimizers.Adam(3e-3), 12, validation=40),
    ),
    "wrong labels": ("noisy labels", lambda: train(lambda: mlp(32), optimizers.Adam(2e-3), 12, data=noisy(0.3))),
    "dead units": (
        "dead ReLUs",
        lambda: train(
            lambda: mlp(64, kernel_initializer=keras.initializers.RandomNormal(-0.25, 0.2)), optimizers.Adam(1e-3), 12
        ),
    ),
    "logits twice": (
        "loss that does not fit",
        lambda: train(cnn, optimizers.Adam(3e-3), 6, broken_rules=[("last", "from_logits = true, and softmax")]),
    ),
    "sorted by class": ("forgotten shuffling", lambda: train(cnn, optimizers.Adam(3e-3), 5, shuffle=False)),
    "deep and sigmoid": (
        "nothing is learned",
        lambda: train(lambda: mlp(*[32] * 8, activation="sigmoid"), optimizers.SGD(0.01), 5),
    ),
    "one class": ("class collapse", lambda: train(lambda: mlp(4), optimizers.Adam(1e-3), 4, data=unbalanced())),
    "slow disk": ("waiting for images", lambda: train(cnn, optimizers.Adam(3e-3), 12, waiting=0.7)),
}
"""What is expected to be named, and the training."""

HEALTHY: dict[str, Callable[[], Evidence]] = {
    "mlp": lambda: train(lambda: mlp(64), optimizers.Adam(2e-3), 10),
    "mlp of SGD": lambda: train(lambda: mlp(64), optimizers.SGD(0.05, momentum=0.9), 10),
    "cnn": lambda: train(cnn, optimizers.Adam(5e-3), 12),
    "cnn of RMSprop": lambda: train(cnn, optimizers.RMSprop(3e-3), 12),
    "cnn of SGD": lambda: train(cnn, optimizers.SGD(0.1, momentum=0.9), 12),
    "normalised": lambda: train(lambda: cnn(layers.BatchNormalization()), optimizers.Adam(5e-3), 12),
    "dropout": lambda: train(lambda: cnn(layers.Dropout(0.2)), optimizers.Adam(5e-3), 14),
    "annealed": lambda: train(cnn, optimizers.Adam(cosine(1e-2, 10)), 10),
    "silu": lambda: train(lambda: cnn(activation="silu"), optimizers.Adam(5e-3), 12),
    "some noise": lambda: train(lambda: cnn(filters=24), optimizers.Adam(cosine(5e-3, 10)), 10, data=blurred(50)),
}
