"""A network layer by layer, before or after training: shapes, parameters, costs, receptive fields, rules of thumb."""

from lensmith.architecture.calls import Call, Calls, calls_of
from lensmith.architecture.costs import values_at_once
from lensmith.architecture.rules import BrokenRule, Objective, broken_rules
from lensmith.architecture.sizes import windows_of
from lensmith.architecture.summarize import LayerSummary, Memory, Summary, TrainingMemory, summarize
from lensmith.architecture.views import View, views_of

__all__ = [
    "BrokenRule",
    "Call",
    "Calls",
    "LayerSummary",
    "Memory",
    "Objective",
    "Summary",
    "TrainingMemory",
    "View",
    "broken_rules",
    "calls_of",
    "summarize",
    "values_at_once",
    "views_of",
    "windows_of",
]
