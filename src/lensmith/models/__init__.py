"""Models: registered builders, and Keras networks from a recipe's description."""

from lensmith.models.build import NUM_CLASSES, build_model
from lensmith.models.keras_objects import (
    argument_problem,
    explain_refusal,
    leaves_decay_steps_open,
    make_keras_object,
)
from lensmith.models.python_code import to_python
from lensmith.models.small import BUILDERS

__all__ = [
    "BUILDERS",
    "NUM_CLASSES",
    "argument_problem",
    "build_model",
    "explain_refusal",
    "leaves_decay_steps_open",
    "make_keras_object",
    "to_python",
]
