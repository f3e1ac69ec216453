import numpy as np
import pytest

from lensmith.backend import start_keras
from lensmith.config import load_recipe
from lensmith.training.balancing import make_training_loss


@pytest.mark.parametrize("loss", ["CategoricalCrossentropy", "SparseCategoricalCrossentropy"])
def test_the_weighted_loss_is_the_mean_of_the_classes_losses(loss: str):
    start_keras()
    labels = np.array([0, 0, 0, 1])
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.7, 0.3]], np.float32)
    targets = labels if loss.startswith("Sparse") else np.eye(2, dtype=np.float32)[labels]
    config = load_recipe("mnist-2conv", {"training.loss": loss, "training.class_weights": "balanced"}).training
    each = -np.log(probabilities[np.arange(4), labels])
    expected = (each[:3].mean() + each[3]) / 2
    assert float(make_training_loss(config, labels, 2)(targets, probabilities)) == pytest.approx(expected, rel=1e-5)
