"""Two of the tutorials as a reader of Keras' own guides types them: float arrays, one-hot labels, `compile`, `fit`.

    LENSMITH_DATA=… python -m benchmarks.peers.stock_keras mnist-3conv
    LENSMITH_DATA=… KERAS_BACKEND=jax python -m benchmarks.peers.stock_keras cifar-bn-dropout --epochs 1

Everything is Keras' default but for what the tutorials give: RMSprop, batches of 64, 5 epochs. Nothing slows it: no
progress bar, no validation, no determinism, no random augmentation. The dropout rates are those of the recipe of the
same name; BatchNormalization has Keras' own momentum. With `--bfloat16`, Keras' mixed precision: the best setting on a
processor with AMX. Prints one line of JSON; `train_seconds` runs from before the data is read to after `fit`, so
tracing and compiling are in it and importing Keras is not.
"""

import argparse
import json
import time

import keras
from keras import layers

from benchmarks.peers.arrays import load_arrays


def mnist_3conv() -> keras.Model:
    """Write out the MNIST convnet of 93,322 parameters."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def cifar_bn_dropout() -> keras.Model:
    """Write out the CIFAR-10 network of 309,290 parameters."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, (3, 3), padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(32, (3, 3), padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D((2, 2)),
            layers.Dropout(0.1),
            layers.Conv2D(64, (3, 3), padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(64, (3, 3), padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D((2, 2)),
            layers.Dropout(0.1),
            layers.Conv2D(128, (3, 3), padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(128, (3, 3), padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D((2, 2)),
            layers.Dropout(0.1),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )


TUTORIALS = {"mnist-3conv": ("mnist", mnist_3conv), "cifar-bn-dropout": ("cifar10", cifar_bn_dropout)}


def main() -> None:
    """Train, evaluate on the test images, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tutorial", choices=TUTORIALS)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--images", type=int, help="How many of the training images; all by default.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bfloat16", action="store_true")
    given = parser.parse_args()
    keras.utils.set_random_seed(given.seed)
    if given.bfloat16:
        keras.config.set_dtype_policy("mixed_bfloat16")
    data, make = TUTORIALS[given.tutorial]

    started = time.perf_counter()
    (x_train, y_train), (x_test, y_test) = load_arrays(data, given.images)
    x_train = x_train.astype("float32") / 255
    y_train = keras.utils.to_categorical(y_train, 10)
    model = make()
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=given.batch_size, epochs=given.epochs, verbose=0)
    train_seconds = time.perf_counter() - started

    x_test = x_test.astype("float32") / 255
    _, accuracy = model.evaluate(x_test, keras.utils.to_categorical(y_test, 10), verbose=0)
    found = {
        "train_seconds": train_seconds,
        "images": len(x_train),
        "epochs": given.epochs,
        "accuracy": accuracy,
        "parameters": model.count_params(),
        "backend": keras.backend.backend(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
