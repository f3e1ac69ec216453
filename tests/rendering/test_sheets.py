from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lensmith.explanation.activations import _described
from lensmith.rendering.sheets import MARGIN, SILENT, STRONG, colored, layout, save_sheet


def test_tiles_lie_beside_one_another_within_the_sheet():
    for shape in ((8, 8, 100), (900, 900, 32), (1, 1, 7), (30, 300, 5), (300, 3, 64)):
        sheet = layout(shape)
        boxes = [(*sheet.place(channel), *sheet.tile) for channel in range(shape[2])]
        assert len(set(boxes)) == shape[2]
        for left, top, width, height in boxes:
            assert left >= MARGIN
            assert top >= MARGIN
            assert left + width + MARGIN <= sheet.size[0]
            assert top + height + MARGIN <= sheet.size[1]


def test_a_sheet_shows_each_value_and_frames_the_strong_and_the_silent(tmp_path: Path):
    values = np.zeros((2, 2, 3), np.float32)
    values[:, :, 0] = [[0, 1], [2, 4]]
    values[:, :, 1] = [[0, -4], [0, 0]]
    sheet = save_sheet(_described("conv", "Conv2D", values), tmp_path / "sheet.png")
    pixels = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB"))
    assert pixels.shape == (sheet.size[1], sheet.size[0], 3)

    def at(channel: int, row: float, column: float) -> tuple[int, ...]:
        left, top = sheet.place(channel)
        return tuple(pixels[int(top + row * sheet.tile[1]), int(left + column * sheet.tile[0])])

    assert at(0, 0.2, 0.2) == (0, 0, 0)
    assert at(0, 0.8, 0.8) == (255, 255, 255)
    assert at(1, 0.2, 0.8) == (255, 225, 205)
    left, top = sheet.place(0)
    assert tuple(pixels[top - 1, left]) == STRONG
    left, top = sheet.place(2)
    assert tuple(pixels[top - 1, left]) == SILENT


def test_the_scale_is_of_all_channels_and_not_of_those_that_a_step_falls_on(tmp_path: Path):
    values = np.zeros((990, 990, 32), np.float32)
    values[..., 0], values[..., 1:] = 0.001, np.linspace(0, 2, 990)[:, np.newaxis, np.newaxis]
    sheet = save_sheet(_described("conv", "Conv2D", values), tmp_path / "sheet.png")
    pixels = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB"))
    left, top = sheet.place(5)
    middle = pixels[top + sheet.tile[1] // 2, left + 5]
    assert 60 < middle.mean() < 160


def test_larger_values_are_lighter_whatever_their_sign():
    values = np.linspace(0, 1, 50)[np.newaxis]
    for sign in (1, -1):
        lightness = colored(sign * values)[0] @ [0.299, 0.587, 0.114]
        assert (np.diff(lightness) >= 0).all()
        assert lightness[0] == 0
    assert (colored(np.array([[0.7]])) != colored(np.array([[-0.7]]))).any()


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_layer_that_is_the_same_everywhere_can_be_drawn(value: float, tmp_path: Path):
    save_sheet(_described("flat", "Conv2D", np.full((4, 4, 2), value, np.float32)), tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as drawn:
        assert drawn.size == layout((4, 4, 2)).size
