import numpy as np
import pytest
from PIL import Image, ImageFilter

from lensmith.data import Split
from lensmith.health.pictures import measure, problems


def split_of(*images: np.ndarray) -> Split:
    store = np.stack(images).astype(np.uint8)
    return Split(store, np.arange(len(store)), np.zeros(len(store), np.int64), [str(n) for n in range(len(store))])


def scene(seed: int, side: int = 64) -> np.ndarray:
    """Coarse and fine structure, as a photo has."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize(
        (side, side), Image.Resampling.NEAREST
    )
    return np.clip(np.asarray(coarse) + random.normal(0, 10, (side, side, 3)), 0, 255).astype(np.uint8)


def test_each_is_found_under_what_is_wrong_with_it_and_good_ones_are_not():
    good = [scene(seed) for seed in range(20)]
    blurred = np.asarray(Image.fromarray(scene(30)).filter(ImageFilter.GaussianBlur(6)))
    bad = {
        "blank": np.full((64, 64, 3), 128),
        "dark": scene(31) // 16,
        "bright": 255 - scene(32) // 16,
        "blurred": blurred,
    }
    found = problems(measure(split_of(*good, *bad.values())))
    assert {name: places.tolist() for name, places in found.items()} == {
        name: [20 + place] for place, name in enumerate(bad)
    }


@pytest.mark.parametrize("value", [0, 255])
def test_what_is_all_one_colour_is_blank_and_nothing_else(value: int):
    found = problems(measure(split_of(np.full((8, 8, 1), value), *(scene(s, 8)[..., :1] for s in range(5)))))
    assert found["blank"].tolist() == [0]
    assert 0 not in {int(place) for name in ("dark", "bright", "blurred") for place in found[name]}
