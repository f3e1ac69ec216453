"""See inside a classifier: what each layer makes of a picture, and which places speak for a class."""

from lensmith.explanation.activations import LayerActivations, activations
from lensmith.explanation.classifier import Classifier
from lensmith.explanation.maps import METHODS, Map
from lensmith.explanation.randomised import UNCHANGED, likeness, randomised
from lensmith.explanation.sliding import Sliding, slide

__all__ = [
    "METHODS",
    "UNCHANGED",
    "Classifier",
    "LayerActivations",
    "Map",
    "Sliding",
    "activations",
    "likeness",
    "randomised",
    "slide",
]
