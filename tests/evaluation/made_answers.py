"""Answers that were made up, with what is true of them."""

import numpy as np
from hypothesis import strategies as st
from scipy import special

seeds = st.integers(0, 10_000)


Floats, Bools = np.ndarray | list[float], np.ndarray | list[bool]


def binary(confidence: Floats, right: Bools) -> tuple[np.ndarray, np.ndarray]:
    """Answers of two classes; the first is the likeliest as long as its confidence is above a half."""
    sure = np.array(confidence, np.float64)
    return np.stack([sure, 1 - sure], axis=1), np.where(right, 0, 1)


def drawn(n: int, k: int, seed: int = 0, spread: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and labels that come about with just these."""
    random = np.random.default_rng(seed)
    probabilities = special.softmax(random.normal(0, spread, (n, k)), axis=1)
    return probabilities, (probabilities.cumsum(axis=1) < random.random((n, 1))).sum(axis=1).clip(max=k - 1)


def any_answers(seed: int, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.dirichlet(np.full(k, random.choice([0.05, 0.5, 5])), n), random.integers(k, size=n)
