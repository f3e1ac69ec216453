"""Which images a step sees: order and augmentation depend on seed and epoch alone."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.config import TrainingConfig
from lensmith.data import Split
from lensmith.training import mixing  # noqa: F401  (it registers its augmentations)
from lensmith.training.augmentation import Augmentation, Epoch, Targets, augmented, make_augmentations
from lensmith.training.balancing import balanced_order

Batches = tuple[npt.NDArray[np.uint8], Targets, npt.NDArray[np.int32]]


def epoch_order(seed: int, epoch: int, n: int) -> npt.NDArray[np.int64]:
    """Return the order of the images in an epoch: the same for the same seed and epoch, whatever came before."""
    return np.random.default_rng([seed, epoch]).permutation(n)


@dataclass(frozen=True)
class TrainingImages:
    """The training images in the order and the form in which the steps of a training see them.

    Attributes:
        split: The images, `uint8`.
        targets: As the loss wants them.
        batch_size: Images of a step, at most. All steps of an epoch have as many, give or take one: the
            statistics of batch normalisation would suffer from a last batch of a few.
        steps: Of the whole training; the last epoch may be a part of one.
        seed: Of order and augmentation.
        augmentations: Ours, in their order.
        balanced: Whether each class comes as often.
        shuffled: Whether each epoch has an order of its own; balanced ones always do.
    """

    split: Split
    targets: Targets
    batch_size: int
    steps: int
    seed: int
    augmentations: Sequence[Augmentation] = ()
    balanced: bool = False
    shuffled: bool = True
    _epochs: dict[int, Epoch] = field(default_factory=dict, init=False, repr=False)
    _orders: dict[int, npt.NDArray[np.int64]] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, split: Split, targets: Targets, config: TrainingConfig, seed: int) -> "TrainingImages":
        """Take batch size, epochs and augmentation from a recipe."""
        steps = total_steps(config, len(split))
        augmentations = make_augmentations(config.augmentation)
        balanced = config.sampling == "balanced"
        return cls(split, targets, config.batch_size, steps, seed, augmentations, balanced, config.shuffle)

    @property
    def steps_per_epoch(self) -> int:
        """Batches that hold all images."""
        return -(-len(self.split) // self.batch_size)

    @property
    def epochs(self) -> int:
        """Epochs that are begun."""
        return -(-self.steps // self.steps_per_epoch)

    def steps_in(self, epoch: int) -> int:
        """Return the number of steps of an epoch, counted from 0."""
        return min(self.steps_per_epoch, self.steps - epoch * self.steps_per_epoch)

    def count(self, first: int, last: int) -> int:
        """Return how many images the steps from `first` to before `last` see, counted over the whole training."""
        epochs, steps = np.divmod((first, last), self.steps_per_epoch)
        before = epochs * len(self.split) + self._begins(steps)
        return int(before[1] - before[0])

    def read(self, epoch: int, first: int, steps: int) -> Batches:
        """Return the images of so many steps of an epoch, from step `first` on, their targets, and each step's end."""
        begins = self._begins(np.arange(first, first + steps + 1))
        chosen = self._order(epoch)[begins[0] : begins[-1]]
        if epoch not in self._epochs:  # it keeps what augmentations draw, so only the newest is kept
            self._epochs.clear()
            self._epochs[epoch] = Epoch(self.split, self.targets, self.seed, epoch)
        images, targets = augmented(self._epochs[epoch], chosen, self.augmentations)
        return images, targets, (begins[1:] - begins[0]).astype(np.int32)

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        if epoch not in self._orders:  # other backends ask for every step
            self._orders.clear()
            self._orders[epoch] = self._new_order(epoch)
        return self._orders[epoch]

    def _new_order(self, epoch: int) -> npt.NDArray[np.int64]:
        if self.balanced:
            return balanced_order(self.seed, epoch, self.split.labels)
        return epoch_order(self.seed, epoch, len(self.split)) if self.shuffled else np.arange(len(self.split))

    def _begins(self, steps: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return where in an epoch steps begin."""
        return steps * len(self.split) // self.steps_per_epoch

    def batches(self, first_epoch: int = 0) -> Iterator[tuple[npt.NDArray[np.uint8], Targets]]:
        """Yield one step's images and targets after the other, epoch after epoch without end."""
        for epoch in itertools.count(first_epoch):
            for step in range(self.steps_per_epoch):
                images, targets, _ = self.read(epoch, step, 1)
                yield images, targets


def steps_per_epoch(config: TrainingConfig, images: int) -> int:
    """Return the steps of a whole epoch: the batches that hold all images."""
    return -(-images // config.batch_size)


def total_steps(config: TrainingConfig, images: int) -> int:
    """Return the steps of a whole training: at least one, but for 0 epochs."""
    return max(1, round(config.epochs * steps_per_epoch(config, images))) if config.epochs else 0


def ordered_batches(split: Split, targets: Targets, batch_size: int) -> Any:
    """Return a `keras.utils.PyDataset` over a split in its own order, so that images on disk stay there."""
    import keras

    class Ordered(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return -(-len(split) // batch_size)

        def __getitem__(self, batch: int) -> Any:
            chosen = np.arange(batch * batch_size, min((batch + 1) * batch_size, len(split)))
            return split.read(chosen), targets[chosen]

    return Ordered()
