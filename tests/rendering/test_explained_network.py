import re

import numpy as np

from lensmith.explanation import Histogram, LayerUnits
from lensmith.rendering.explained_network import Excited, LearnedLayer, render_network

PATCHES = [np.full((5, 5, 3), value, np.uint8) for value in (0, 90, 200)]


def a_layer(name: str, dead: list[int], saturated: list[int]) -> LayerUnits:
    return LayerUnits(0, name, "Conv2D", "relu", 20, dead, saturated, Histogram(0, 1, [5, 1]), Histogram(-1, 1, [3, 3]))


def test_the_page_has_each_filter_each_layer_and_what_excites_its_channels():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 8))
    excited = [Excited(2, 1.5, PATCHES), Excited(7, 0.25, PATCHES)]
    layers = [
        LearnedLayer(a_layer("<first>", list(range(14)), []), excited, (5, 5)),
        LearnedLayer(a_layer("second", [], [3]), [], None),
    ]
    page = render_network("a run", kernel, "<first>", layers, "64 validation images")
    assert page.count('alt="filter ') == 8
    assert "14 units never speak." in page
    assert "1 unit at a limit." in page
    assert "&lt;first&gt;" in page
    assert "<first>" not in page
    assert "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 …" in page
    assert re.findall(r"Channel (\d+), up to ([\d.]+)", page) == [("2", "1.5"), ("7", "0.25")]
    assert "each sees 5×5 pixels" in page
    assert page.count('class="chart"') == 4
    assert "Gray is zero" in page


def test_a_network_without_a_convolution_has_a_page_too():
    page = render_network("a run", None, "", [LearnedLayer(a_layer("dense", [1], []), [], None)], "9 images")
    assert "First filters" not in page
    assert "1 unit never speaks." in page
