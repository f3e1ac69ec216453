"""Whether a map is of what the network has learned: it must change when the weights are drawn at random.

Adebayo et al., Sanity checks for saliency maps, NeurIPS 2018, arXiv:1810.03292.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.explanation.classifier import Classifier, Floats
from lensmith.explanation.maps import METHODS, Map

UNCHANGED = 0.9
"""Rank correlation with the map of random weights from which on a map says nothing of what was learned."""


def randomised(model: Any, seed: int = 0) -> Any:
    """Return a copy of a network whose weights are each shuffled: as large as before, and without what was learned."""
    import keras

    copy = keras.models.clone_model(model)
    chance = np.random.default_rng(seed)
    copy.set_weights([chance.permutation(its.reshape(-1)).reshape(its.shape) for its in model.get_weights()])
    return copy


def likeness(other: Classifier, picture: npt.NDArray[np.uint8], found: Map) -> float | None:
    """Compare a map with that of the same network with random weights.

    Args:
        other: The network with random weights.
        picture: `uint8 (H, W, C)`.
        found: The map.

    Returns:
        Spearman's rank correlation, -1 to 1; `None` where one of the maps is the same everywhere.
    """
    again = METHODS[found.method](other, picture, found.label, found.layer or None)
    if np.ptp(found.values) == 0 or np.ptp(again.values) == 0:
        return None
    return rank_correlation(found.values, again.values)


def rank_correlation(a: Floats, b: Floats) -> float:
    """Return Spearman's rank correlation of two maps, equal values sharing a rank; 0 where one is constant."""
    from scipy.stats import rankdata

    first, second = rankdata(a.reshape(-1)), rankdata(b.reshape(-1))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
