"""Weight averaging: the model that is kept is the moving average of the trained one."""

from typing import Any

import keras
import numpy.typing as npt


class WeightAverage(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps a moving average of all of a network's numbers, the statistics of batch normalisation included.

    Validation is done with the average. Early on the average forgets faster, so that it is not held back by
    the first weights: the decay of update n is at most `(1 + n) / (10 + n)`. Before the first update it is the
    trained network itself.

    Source:
        Polyak and Juditsky, 1992; the bound on the decay is that of TensorFlow's `ExponentialMovingAverage`.
    """

    def __init__(self, network: Any, decay: float, every: int, steps_per_epoch: int) -> None:
        """Average `network` every so many steps, keeping `decay` of the average in each update."""
        super().__init__()
        self._variables = [its for its in network.variables if "float" in str(its.dtype)]
        self._decay, self.every = decay, every
        self.values, self.updates = self._current(), 0
        self._steps_per_epoch, self._steps_before = steps_per_epoch, 0
        self._trained: list[npt.NDArray[Any]] = []

    def start_from(self, values: list[npt.NDArray[Any]], updates: int) -> None:
        """Go on from what a checkpoint has kept after so many updates."""
        self.values, self.updates = values, updates

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Remember where the epoch's steps begin."""
        self._steps_before = epoch * self._steps_per_epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Update the average when its turn has come."""
        if (self._steps_before + batch + 1) % self.every == 0:
            decay = min(self._decay, (1 + self.updates) / (10 + self.updates))
            both = zip(self.values, self._current(), strict=True)
            self.values = [kept + (1 - decay) * (its - kept) for kept, its in both]
            self.updates += 1

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Put the average in the place of the trained weights."""
        self._trained = self._current()
        self._follow()
        self.assign(self.values)

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Put the trained weights back."""
        self.assign(self._trained)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Have something to keep after an epoch that was too short for an update."""
        self._follow()

    def _follow(self) -> None:
        if not self.updates:
            self.values = self._current()

    def assign(self, values: list[npt.NDArray[Any]]) -> None:
        """Give the network these numbers."""
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)

    def _current(self) -> list[npt.NDArray[Any]]:
        if getattr(self, "_model", None) is not None:
            _ = self.model  # on JAX, Keras brings the variables up to date when a callback asks for the model
        return [its.numpy() for its in self._variables]
