"""A network layer by layer, before or after training: shapes, parameters, costs, receptive fields, rules of thumb."""

from lensmith.architecture.rules import BrokenRule, Objective
from lensmith.architecture.summarize import LayerSummary, Memory, Summary, TrainingMemory, summarize

__all__ = ["BrokenRule", "LayerSummary", "Memory", "Objective", "Summary", "TrainingMemory", "summarize"]
