from pathlib import Path

import numpy as np
import pytest
from benchmarks import growth
from benchmarks.growth import SERIES, SETTINGS, Setting, draw, lines, points, write_arrays

from lensmith.config import load_recipe

# What a perfectly linear cost would be: seconds of one repeat of each setting.
RESULTS = {
    setting.contestant.name: {0: {"train_seconds": 2 + setting.images * setting.epochs * setting.side**2 * 1e-6}}
    for setting in SETTINGS
}


def test_one_thing_is_changed_at_a_time() -> None:
    for series in SERIES:
        for value, setting in series.settings.items():
            changed = {name for name, its in vars(Setting()).items() if getattr(setting, name) != its}
            assert changed <= {series.field}
            assert getattr(setting, series.field) == value
        assert Setting() in series.settings.values()


def test_pixels_and_width_are_squared() -> None:
    images, _, width, pixels = SERIES
    assert [x for x, _ in points(pixels, RESULTS)] == [256, 576, 1024, 2304]
    assert [x for x, _ in points(width, RESULTS)] == [256, 1024, 2304, 4096]
    assert [x for x, _ in points(images, RESULTS)] == list(images.values)


def test_line_has_the_start_as_its_intercept() -> None:
    found = lines(RESULTS)
    assert found["images"].slope == pytest.approx(2 * 1024e-6)
    assert found["images"].intercept == pytest.approx(2)
    assert found["width²"].slope == pytest.approx(0)
    assert all(line.r_squared == pytest.approx(1) for line in found.values())


def test_series_without_results_has_no_line(tmp_path: Path) -> None:
    assert lines({}) == {}
    draw({}, tmp_path / "growth.png")
    draw(RESULTS, tmp_path / "growth.png")
    assert (tmp_path / "growth.png").stat().st_size > 0


def test_recipe_takes_the_widths_of_every_setting() -> None:
    options = dict(word.split("=", 1) for word in Setting(width=16).contestant.words if word.startswith("model."))
    assert load_recipe(growth.ROOT / growth.RECIPE, options).model.arguments["widths"] == [16, 32, 32]


def test_arrays_have_the_size_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.zeros((20, 32, 32, 3), np.uint8)
    given = {"x_train": pixels, "y_train": np.arange(20)[:, None], "x_test": pixels, "y_test": np.arange(20)[:, None]}
    np.savez(tmp_path / "cifar10.npz", allow_pickle=False, **given)
    monkeypatch.setenv("LENSMITH_DATA", str(tmp_path))
    write_arrays(tmp_path, {Setting(images=12, side=16): None})
    with np.load(tmp_path / "12-16.npz") as file:
        assert {name: file[name].shape for name in file.files} == {
            "x_train": (12, 16, 16, 3),
            "y_train": (12,),
            "x_test": (20, 16, 16, 3),
            "y_test": (20,),
        }
