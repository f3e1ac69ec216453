import re
from xml.etree import ElementTree

import pytest
from tests.architecture.networks import chain, every_window, layers, with_shortcuts

from lensmith.architecture import Objective, Summary, summarize
from lensmith.rendering.network import WIDTH, draw_network
from lensmith.rendering.summary import render_drawing, render_summary, summary_text

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def shown() -> Summary:
    return summarize(with_shortcuts())


def test_the_drawing_has_a_block_for_each_layer_that_is_no_mere_function():
    found = summarize(every_window())
    drawing = ElementTree.fromstring(render_drawing(found))
    names = [its.text for its in drawing.iter(f"{SVG}text") if its.get("class") == "type"]
    kept = [its.type for its in found.layers if its.type not in ("BatchNormalization", "ReLU")]
    assert names == kept
    words = [its.text for its in drawing.iter(f"{SVG}text")]
    assert "batch norm" in words
    assert "12×9×6" in words


def test_blocks_lie_within_the_drawing_and_not_on_one_another():
    for model in (every_window(), with_shortcuts()):
        drawing = ElementTree.fromstring(render_drawing(summarize(model)))
        boxes = [
            tuple(float(its.get(name, "nan")) for name in ("x", "y", "width", "height"))
            for its in drawing.iter(f"{SVG}rect")
            if its.get("class")
        ]
        assert all(x >= 0 and x + width <= WIDTH and y >= 0 for x, y, width, _ in boxes)
        for place, (x, y, width, height) in enumerate(boxes):
            for other_x, other_y, other_width, other_height in boxes[:place]:
                apart = x >= other_x + other_width or other_x >= x + width
                assert apart or y >= other_y + other_height or other_y >= y + height


def test_a_way_around_other_layers_is_drawn(shown: Summary):
    assert draw_network(shown).count('class="arc"') == 2
    assert 'class="arc"' not in draw_network(summarize(every_window()))


def test_a_higher_block_has_more_pixels():
    found = summarize(chain(layers.MaxPooling2D(), layers.MaxPooling2D(), picture=(64, 64, 3)))
    heights = [float(its) for its in re.findall(r'<rect class="pool"[^>]*height="([\d.]+)"', draw_network(found))]
    assert heights[0] > heights[1]


def test_names_hold_no_markup():
    model = chain(layers.Conv2D(2, 3, name="a<b>&c"), name="<script>alert(1)")
    page = render_summary(summarize(model))
    assert "<script>" not in page
    assert "a<b>" not in page
    ElementTree.fromstring(render_drawing(summarize(model)))


def test_the_page_has_every_number_of_the_record(shown: Summary):
    page = render_summary(shown)
    for its in shown.layers:
        assert its.size_arithmetic in page
        assert its.parameter_arithmetic in page
        if its.multiply_adds:
            assert f"{its.multiply_adds:,}" in page
    assert "http" not in page.replace("http-equiv", "")


def test_broken_rules_are_on_the_page_and_in_the_text():
    found = summarize(chain(layers.Conv2D(2, 3), layers.Conv2D(2, 3), layers.Flatten()), objective=Objective(5))
    for text in (render_summary(found), summary_text(found)):
        assert "no activation between it and" in text
        assert "there are 5 classes" in text
