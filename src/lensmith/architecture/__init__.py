"""A network layer by layer, before or after training: shapes, parameters, costs, receptive fields, rules of thumb."""

from lensmith.architecture.calls import Calls, calls_of
from lensmith.architecture.costs import values_at_once
from lensmith.architecture.rules import BrokenRule, Objective, broken_rules
from lensmith.architecture.sizes import windows_of
from lensmith.architecture.summarize import LayerSummary, Memory, Summary, TrainingMemory, summarize

__all__ = [
    "BrokenRule",
    "Calls",
    "LayerSummary",
    "Memory",
    "Objective",
    "Summary",
    "TrainingMemory",
    "broken_rules",
    "calls_of",
    "summarize",
    "values_at_once",
    "windows_of",
]
