"""Accuracy in which all classes count the same, however many images each has."""

from typing import Any

import keras
from keras import ops


class BalancedAccuracy(keras.metrics.Metric):  # type: ignore[misc]
    """The mean over the classes of the share of their images that are named right.

    Classes without an image do not count.

    Source:
        Brodersen et al., The Balanced Accuracy and Its Posterior Distribution, ICPR 2010.
    """

    def __init__(self, num_classes: int, name: str = "balanced_accuracy") -> None:
        """Count for so many classes."""
        super().__init__(name=name)
        self._classes = num_classes
        self._right = self.add_variable((num_classes,), "zeros", name="right")
        self._all = self.add_variable((num_classes,), "zeros", name="all")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch: labels `(N,)` or rows `(N, K)`, whose largest place counts; and outputs `(N, K)`."""
        labels = ops.argmax(y_true, axis=-1) if len(y_true.shape) == len(y_pred.shape) else ops.cast(y_true, "int32")
        is_class = ops.one_hot(labels, self._classes, dtype=self._all.dtype)
        is_right = ops.cast(ops.equal(ops.argmax(y_pred, axis=-1), ops.cast(labels, "int32")), self._all.dtype)
        self._all.assign(self._all + ops.sum(is_class, axis=0))
        self._right.assign(self._right + ops.matmul(is_right, is_class))

    def result(self) -> Any:
        """Return the balanced accuracy so far, a fraction; 0 before there is an image."""
        present = ops.cast(self._all > 0, self._all.dtype)
        recalls = self._right / ops.maximum(self._all, 1)
        return ops.sum(recalls * present) / ops.maximum(ops.sum(present), 1)
