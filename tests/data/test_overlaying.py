import numpy as np
import pytest
from PIL import Image, ImageDraw
from tests.health.planted import picture

from lensmith.data.overlaying import Overlaid


def overlaid(image: Image.Image) -> Overlaid:
    return Overlaid(np.asarray(image.convert("L").resize((96, 96)), np.float32))


@pytest.mark.parametrize("seed", range(20))
def test_any_crop_of_a_picture_is_found_in_it_whichever_of_them_is_first(seed: int):
    whole = picture(seed)
    chance = np.random.default_rng(seed)
    share = chance.uniform(0.85, 1)
    left, top = (chance.uniform(0, 1 - share) * side for side in whole.size)
    crop = whole.resize((96, 96), box=(left, top, left + share * whole.width, top + share * whole.height))
    one, other = overlaid(whole), overlaid(crop)
    assert one.similarity(other) > 0.8
    assert other.similarity(one) > 0.8


def test_other_pictures_and_small_parts_are_not():
    whole = picture(3)
    assert max(overlaid(whole).similarity(overlaid(picture(seed))) for seed in range(4, 40)) < 0.8
    assert overlaid(whole).similarity(overlaid(whole.crop((0, 0, whole.width // 2, whole.height // 2)))) < 0.8


def test_strokes_on_paper_are_poorer_than_a_picture():
    paper = Image.new("L", (96, 96), 255)
    ImageDraw.Draw(paper).line((20, 20, 70, 80), fill=0, width=6)
    assert overlaid(paper).richness < 130 < overlaid(picture(0)).richness
