from pathlib import Path

import numpy as np
from PIL import Image

from lensmith.explanation import Map
from lensmith.explanation.activations import _described
from lensmith.rendering.explanation import DrawnLayer, ExplainedMap, render_explanation, save_map
from lensmith.rendering.sheets import layout

IMAGE = np.full((16, 16, 3), 120, np.uint8)


def explained(likeness: float | None = 0.1) -> ExplainedMap:
    values = np.zeros((16, 16), np.float32)
    values[2, 3], values[9, 9] = 1, -1
    return ExplainedMap(Map("occlusion", 1, "", "probability", "Squares.", values), "<b>cat</b>", likeness)


def test_what_speaks_for_a_class_is_blue_and_what_speaks_against_it_orange(tmp_path: Path):
    save_map(explained(), IMAGE, tmp_path / "map.png")
    with Image.open(tmp_path / "map.png") as drawn:
        pixels = np.asarray(drawn.convert("RGB")).astype(int)
    scale = len(pixels) // 16
    right, wrong, other = (pixels[row * scale, column * scale] for row, column in ((2, 3), (9, 9), (0, 0)))
    assert right[2] >= right[0]
    assert wrong[0] > wrong[2]
    assert len(set(other)) == 1


def test_a_map_that_random_weights_give_is_said_to_say_nothing():
    assert "it says nothing of what was learned" in explained(0.95).sentence
    assert "another one (rank correlation 0.10)" in explained().sentence


def test_the_page_names_its_files_and_channels_and_holds_no_markup_of_a_name():
    layer = _described("conv<1>", "Conv2D", np.random.default_rng(0).random((8, 8, 5)).astype(np.float32))
    drawn = DrawnLayer(layer.without_values(), "01-conv.png", layout(layer.shape))
    page = render_explanation("a<b>.png", IMAGE, [("cat", 0.7), ("dog", 0.2)], [(explained(), "map.png")], [drawn])
    assert page.count("01-conv.png") == 1 + 5
    assert 'src="map.png"' in page
    assert "<b>cat</b></" not in page
    assert "conv<1>" not in page
    assert "a<b>" not in page


def test_a_check_that_could_not_be_made_is_not_called_passed():
    assert "cannot be told: one of the two is empty" in explained(None).sentence
    assert "another one" not in explained(None).sentence
