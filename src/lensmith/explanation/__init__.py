"""See inside a classifier: what each layer makes of a picture, and which places speak for a class."""

from lensmith.explanation.activations import LayerActivations, activations
from lensmith.explanation.classifier import Classifier
from lensmith.explanation.exciting import Exciting, most_exciting
from lensmith.explanation.maps import METHODS, Map
from lensmith.explanation.randomised import UNCHANGED, likeness, randomised
from lensmith.explanation.sliding import Sliding, slide
from lensmith.explanation.units import Histogram, LayerUnits, units

__all__ = [
    "METHODS",
    "UNCHANGED",
    "Classifier",
    "Exciting",
    "Histogram",
    "LayerActivations",
    "LayerUnits",
    "Map",
    "Sliding",
    "activations",
    "likeness",
    "most_exciting",
    "randomised",
    "slide",
    "units",
]
