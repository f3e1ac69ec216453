"""How many pictures each class has, and in which split: empty and tiny classes, and those that outweigh the others."""

from collections.abc import Mapping
from dataclasses import dataclass

TINY = 10
"""Training images below which nothing can be said of a class."""
UNBALANCED = 5.0
"""Times that the largest class may have the images of the smallest one."""


@dataclass(frozen=True)
class Balance:
    """What is wrong with the classes.

    Attributes:
        ratio: Images of the largest class of the training split over those of the smallest one that has any.
        tiny: Classes with few training images, and how many.
        missing: Classes without an image in a split, by split.
    """

    ratio: float
    tiny: dict[str, int]
    missing: dict[str, list[str]]

    @property
    def is_unbalanced(self) -> bool:
        """Whether one class has more than `UNBALANCED` times the images of another."""
        return self.ratio > UNBALANCED


def balance_of(counts: Mapping[str, Mapping[str, int]]) -> Balance:
    """Judge the classes.

    Args:
        counts: Images by split and class, as `Dataset.class_counts`.
    """
    train = counts["train"]
    some = [count for count in train.values() if count]
    return Balance(
        ratio=max(some) / min(some) if some else 1.0,
        tiny={name: count for name, count in train.items() if 0 < count < TINY},
        missing={
            split: absent for split, its in counts.items() if (absent := [n for n, count in its.items() if not count])
        },
    )
