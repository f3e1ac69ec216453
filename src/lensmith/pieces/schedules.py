"""Learning-rate schedules."""

import math
from typing import Any

import keras
from keras import ops

ANNEALINGS = ("cosine", "linear")


@keras.saving.register_keras_serializable("lensmith")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Rise to the largest learning rate, then fall to nothing by the last step.

    Args:
        max_learning_rate: Reached after the warm-up, > 0.
        decay_steps: Steps of the whole cycle, at least 1; a recipe may leave it out for its own.
        warmup: Share of the steps that the rate rises, in [0, 1); 0 begins at the largest rate.
        start: First learning rate, as a share of the largest, in [0, 1].
        end: Last one, in [0, 1].
        annealing: `cosine` or `linear`, up and down.

    Source:
        Smith and Topin, Super-convergence, 2018, arXiv:1708.07120; with cosines as PyTorch's OneCycleLR.
    """

    def __init__(
        self,
        max_learning_rate: float,
        decay_steps: int,
        warmup: float = 0.3,
        start: float = 0.04,
        end: float = 0.0,
        annealing: str = "cosine",
    ) -> None:
        """Raise ValueError for what is out of range."""
        super().__init__()
        if not (math.isfinite(max_learning_rate) and max_learning_rate > 0):
            raise ValueError(f"max_learning_rate must be a number greater than 0, not {max_learning_rate}.")
        if decay_steps < 1:
            raise ValueError(f"decay_steps must be at least 1, not {decay_steps}.")
        if not (0 <= warmup < 1 and 0 <= start <= 1 and 0 <= end <= 1):
            raise ValueError(f"warmup ({warmup}), start ({start}) and end ({end}) are shares from 0 to 1.")
        if annealing not in ANNEALINGS:
            raise ValueError(f"annealing must be one of {', '.join(ANNEALINGS)}, not {annealing!r}.")
        self.max_learning_rate, self.decay_steps, self.warmup = max_learning_rate, decay_steps, warmup
        self.start, self.end, self.annealing = start, end, annealing

    def __call__(self, step: Any) -> Any:
        """Return the learning rate of a step, counted from 0."""
        done = ops.cast(step, "float32") / self.decay_steps
        rising = done / max(self.warmup, 1e-9)
        falling = ops.clip((done - self.warmup) / (1 - self.warmup), 0.0, 1.0)
        up = self.start + (1 - self.start) * self._eased(ops.clip(rising, 0.0, 1.0))
        down = 1 - (1 - self.end) * self._eased(falling)
        return self.max_learning_rate * ops.where(done < self.warmup, up, down)

    def _eased(self, share: Any) -> Any:
        return share if self.annealing == "linear" else (1 - ops.cos(math.pi * share)) / 2

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        names = ("max_learning_rate", "decay_steps", "warmup", "start", "end", "annealing")
        return {name: getattr(self, name) for name in names}
