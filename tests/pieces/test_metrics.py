import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from lensmith.backend import start_keras
from lensmith.config import load_recipe
from lensmith.training.balancing import make_training_metrics


@given(st.integers(0, 99))
def test_balanced_accuracy_is_that_of_scikit_learn_batch_by_batch(seed: int):
    start_keras()
    config = load_recipe("mnist-2conv", {"training.selection": "balanced_accuracy"}).training
    *_, metric = make_training_metrics(config, 4)
    random = np.random.default_rng(seed)
    labels, outputs = random.integers(0, 4, 50), random.random((50, 4)).astype(np.float32)
    for part in (slice(0, 20), slice(20, 50)):
        metric.update_state(np.eye(4, dtype=np.float32)[labels[part]], outputs[part])
    expected = balanced_accuracy_score(labels, outputs.argmax(axis=1))
    assert float(metric.result()) == pytest.approx(expected, abs=1e-5)
    metric.reset_state()
    metric.update_state(labels, outputs)
    assert float(metric.result()) == pytest.approx(expected, abs=1e-5)
