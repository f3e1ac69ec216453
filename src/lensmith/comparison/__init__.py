"""Comparison: several classifiers on the same images, with paired statistics."""

from lensmith.comparison.comparing import (
    ClassDifference,
    Contestant,
    PairedDifference,
    Standing,
    compare_all,
    standing_of,
)
from lensmith.comparison.costs import Cost, on_fronts
from lensmith.comparison.paired import LEVEL
from lensmith.comparison.record import Compared, Comparison, Ladder, Step
from lensmith.comparison.repeats import SeedSpread

__all__ = [
    "LEVEL",
    "ClassDifference",
    "Compared",
    "Comparison",
    "Contestant",
    "Cost",
    "Ladder",
    "PairedDifference",
    "SeedSpread",
    "Standing",
    "Step",
    "compare_all",
    "on_fronts",
    "standing_of",
]
