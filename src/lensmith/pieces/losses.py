"""A loss in which all classes count the same, however many images each has."""

from typing import Any

import keras
from keras import ops


class ClassWeighted(keras.losses.Loss):  # type: ignore[misc]
    """Another loss, each image of which counts as much as its class says.

    Source:
        King and Zeng, Logistic Regression in Rare Events Data, Political Analysis 9 (2001): weights of N / (K n_k).
    """

    def __init__(self, loss: Any, weights: Any) -> None:
        """Weigh `loss`.

        Args:
            loss: A Keras loss for labels or for one-hot rows.
            weights: `(K,)`; their mean over the images should be 1, so that the learning rate keeps its meaning.
        """
        super().__init__(name=loss.name)
        self._loss, self._weights = loss, weights

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the mean of the weighted losses of the images."""
        weights = ops.convert_to_tensor(self._weights, y_pred.dtype)
        if len(y_true.shape) == len(y_pred.shape):
            its = ops.matmul(ops.cast(y_true, y_pred.dtype), weights)
        else:
            its = ops.take(weights, ops.cast(y_true, "int32"))
        return self._loss(y_true, y_pred, sample_weight=its if sample_weight is None else its * sample_weight)
