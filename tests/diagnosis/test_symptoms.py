import inspect
from pathlib import Path

import numpy as np
import pytest
from tests.diagnosis.library import HEALTHY, SICK, Arrays, carry_out

from lensmith.diagnosis import diagnose
from lensmith.diagnosis.symptoms import SYMPTOMS


@pytest.fixture(scope="module")
def digits() -> Arrays:
    """Scikit-learn's digits in another order: 1,200 to train on, 597 to validate on."""
    from sklearn.datasets import load_digits

    found = load_digits()
    order = np.random.default_rng(1).permutation(len(found.target))
    images, labels = (found.images * 255 / 16).round().astype(np.uint8)[order], found.target[order]
    return {"x_train": images[:1200], "y_train": labels[:1200], "x_val": images[1200:], "y_val": labels[1200:]}


@pytest.mark.parametrize("name", SICK)
def test_what_is_wrong_is_named(name: str, digits: Arrays, tmp_path: Path):
    found = diagnose(carry_out(SICK[name], digits, tmp_path))
    assert found[0].kind == SICK[name].expected
    assert all(its.says and its.evidence and its.advice for its in found)


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_said_of_healthy_trainings(name: str, digits: Arrays, tmp_path: Path):
    assert diagnose(carry_out(HEALTHY[name], digits, tmp_path)) == []


def test_the_library_has_something_for_each_symptom():
    symptoms = set(SYMPTOMS)
    for name in {its.expected for its in SICK.values()}:
        symptoms -= {its for its in symptoms if f'"{name}"' in inspect.getsource(its)}
    assert symptoms == set()
