"""Few images, as a reader of Keras' and TensorFlow's guides to image classification would train on them.

    python -m benchmarks.peers.keras_small FOLDER --side 180

The guides' convnet of three convolutions, with their augmentation and dropout, on class folders `train` and `test`.
Nothing is held back: a fifth of the training images chooses the best epoch, which is then taken back, and training goes
on for as long as that improves (up to 100 epochs). Prints one line of JSON; `train_seconds` runs from before the images
are read to after `fit`; importing Keras is not in it.

Source:
    https://www.tensorflow.org/tutorials/images/classification
"""

import argparse
import contextlib
import json
import sys
import time
from typing import Any

import keras
from keras import layers

EPOCHS, PATIENCE = 100, 10


def network(side: int, classes: int) -> keras.Model:
    """Write out the guide's network."""
    return keras.Sequential(
        [
            keras.Input((side, side, 3)),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.1),
            layers.RandomZoom(0.1),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def read(folder: str, side: int, **options: Any) -> Any:
    """Read class folders as the guide does; how many files it uses is not for stdout."""
    with contextlib.redirect_stdout(sys.stderr):
        return keras.utils.image_dataset_from_directory(folder, image_size=(side, side), batch_size=32, **options)


def main() -> None:
    """Train, evaluate on the test images, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--side", type=int, default=180)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    keras.utils.set_random_seed(given.seed)
    started = time.perf_counter()
    options = {"validation_split": 0.2, "seed": given.seed}
    train = read(f"{given.folder}/train", given.side, subset="training", **options)
    validation = read(f"{given.folder}/train", given.side, subset="validation", **options)
    model = network(given.side, len(train.class_names))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    stop = keras.callbacks.EarlyStopping("val_accuracy", patience=PATIENCE, restore_best_weights=True)
    done = model.fit(train.cache(), validation_data=validation.cache(), epochs=EPOCHS, callbacks=[stop], verbose=0)
    train_seconds = time.perf_counter() - started
    _, accuracy = model.evaluate(read(f"{given.folder}/test", given.side, shuffle=False), verbose=0)
    found = {
        "train_seconds": train_seconds,
        "images": sum(len(labels) for _, labels in train),
        "epochs": len(done.epoch),
        "accuracy": accuracy,
        "parameters": model.count_params(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
