"""A recipe whose network is small and has a layer of every kind that training treats in its own way."""

from lensmith.config import Recipe, load_recipe

NETWORK = {
    "model.layers": [
        {"class_name": "Conv2D", "filters": 4, "kernel_size": 3, "activation": "relu"},
        {"class_name": "BatchNormalization", "momentum": 0.5},
        {"class_name": "Dropout", "rate": 0.3},
        {"class_name": "Flatten"},
        {"class_name": "Dense", "units": "num_classes", "activation": "softmax"},
    ],
    "data.image_size": "auto",
    "training.batch_size": 16,
    "training.optimizer": "Adam",
}


def recipe(**changes: object) -> Recipe:
    return load_recipe("cifar-2conv", {**NETWORK, **{key.replace("__", "."): value for key, value in changes.items()}})
