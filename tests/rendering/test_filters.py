import numpy as np
import pytest

from lensmith.rendering.filters import BETWEEN, OUTSIDE, SIDE, cut_patch, kernel_pictures, strip


def test_a_kernel_in_colour_is_gray_where_it_is_zero_and_as_bright_as_it_is_large():
    kernel = np.zeros((3, 3, 3, 2))
    kernel[0, 0, 0, 0], kernel[2, 2, 1, 0], kernel[1, 1, 2, 1] = 4.0, -2.0, 0.001
    first, second = kernel_pictures(kernel)
    assert first[0, 0].tolist() == [255, 128, 128]
    assert first[2, 2].tolist() == [128, 64, 128]
    assert second[1, 1].tolist() == [128, 128, 255]


def test_a_kernel_of_one_channel_is_blue_above_zero_and_orange_below():
    kernel = np.array([1.0, 0.5, -0.5, 0.0]).reshape(2, 2, 1, 1)
    (found,) = kernel_pictures(kernel)
    assert found[0, 0, 2] > found[0, 0, 0] > 0
    assert found[1, 1].tolist() == [0, 0, 0]
    assert found[0, 1, 2] > found[0, 1, 0]
    assert found[1, 0, 0] > found[1, 0, 2]


@pytest.mark.parametrize(("top", "left"), [(1, 2), (-2, -1), (4, 4), (-9, 0), (0, 60)])
def test_a_patch_is_the_picture_inside_and_gray_outside(top: int, left: int):
    image = np.random.default_rng(0).integers(0, 100, (6, 5, 3)).astype(np.uint8)
    patch = cut_patch(image, top, left, (3, 4))
    for row in range(3):
        for column in range(4):
            inside = 0 <= top + row < 6 and 0 <= left + column < 5
            expected = image[top + row, left + column].tolist() if inside else [OUTSIDE] * 3
            assert patch[row, column].tolist() == expected


def test_patches_lie_side_by_side_each_pixel_enlarged_as_often():
    patches = [np.full((4, 5, 1), value, np.uint8) for value in (10, 20, 30)]
    found = strip(patches)
    scale = SIDE // 5
    assert found.shape == (4 * scale, 3 * 5 * scale + 2 * BETWEEN, 1)
    assert found[0, :: 5 * scale + BETWEEN, 0].tolist() == [10, 20, 30]
    assert found[0, 5 * scale, 0] == 255
