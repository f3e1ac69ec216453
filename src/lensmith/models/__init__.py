"""Models: registered builders, and Keras networks from a recipe's description."""

from lensmith.models.build import NUM_CLASSES, adapt, adapting, build_model, leaves
from lensmith.models.builders import BUILDERS
from lensmith.models.fast import group_widths
from lensmith.models.keras_objects import (
    argument_problem,
    explain_refusal,
    find_class,
    leaves_decay_steps_open,
    make_keras_object,
    parameters_of,
    require_class,
)
from lensmith.models.plain import check_agreement, plain
from lensmith.models.python_code import to_python
from lensmith.models.softening import soften
from lensmith.models.walking import PIXELS, Step, activation_of, call_layer, graph_of, shape_alone, walk

__all__ = [
    "BUILDERS",
    "NUM_CLASSES",
    "PIXELS",
    "Step",
    "activation_of",
    "adapt",
    "adapting",
    "argument_problem",
    "build_model",
    "call_layer",
    "check_agreement",
    "explain_refusal",
    "find_class",
    "graph_of",
    "group_widths",
    "leaves",
    "leaves_decay_steps_open",
    "make_keras_object",
    "parameters_of",
    "plain",
    "require_class",
    "shape_alone",
    "soften",
    "to_python",
    "walk",
]
