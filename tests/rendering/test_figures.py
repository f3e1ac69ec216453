import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.rendering.made_records import NASTY_NAMES, a_dataset, a_history, an_evaluation

from lensmith.data import Dataset, Split
from lensmith.evaluation import Mistake
from lensmith.rendering.canvas import drawable
from lensmith.rendering.figures import save_confusion, save_history, save_mistakes, save_samples

BLUE, ORANGE = (0, 0x72, 0xB2), (0xD5, 0x5E, 0)
RIGHT, WRONG = (0, 0x5A, 0x96), (0xB8, 0x50, 0)
"""Full ends of the confusion matrix's scales."""


def pixels(path: Path) -> np.ndarray:
    """The picture's colours, after a look at whether it is one that a person can look at."""
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert all(200 <= side <= 3500 for side in image.size)
        return np.asarray(image.convert("RGB")).astype(np.int16)


def of_color(picture: np.ndarray, color: tuple[float, ...]) -> np.ndarray:
    """Where a picture has a colour, near enough."""
    return np.logical_and.reduce([np.abs(picture[..., i] - round(color[i])) <= 3 for i in range(3)])


def between_white_and(color: tuple[int, ...], strength: float) -> tuple[float, ...]:
    return tuple(255 + strength * (channel - 255) for channel in color)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return tmp_path / "picture.png"


def test_curves_of_training_and_validation_are_drawn(picture: Path):
    save_history(a_history(), picture)
    drawn = pixels(picture)
    assert of_color(drawn, BLUE).sum() > 200
    assert of_color(drawn, ORANGE).sum() > 200


def test_without_validation_there_is_one_curve(picture: Path):
    rows = [{"epoch": 1, "loss": 2.0, "accuracy": 0.3}, {"epoch": 2, "loss": 1.0, "accuracy": 0.6}]
    save_history(rows, picture)
    drawn = pixels(picture)
    assert of_color(drawn, BLUE).any()
    assert not of_color(drawn, ORANGE).any()


@pytest.mark.parametrize("epochs", [0, 1, 60])
def test_curves_can_be_drawn_of_any_number_of_epochs_and_with_gaps(picture: Path, epochs: int):
    rows = a_history(epochs)
    for row in rows[1:3]:
        row.update(val_loss=None, loss=float("inf"))
    save_history(rows, picture)
    assert of_color(pixels(picture), BLUE).any() == (epochs > 0)


def test_the_colour_of_a_cell_is_its_share_of_the_row(picture: Path):
    dataset = a_dataset(("cat", "dog"), per_class=20)
    half_of_the_cats = {0: 1, 1: 1, 2: 1}
    save_confusion(an_evaluation(dataset, half_of_the_cats), picture)
    drawn = pixels(picture)
    cell = 150 * 150  # pixels, of at least as many that a cell of this matrix has
    assert of_color(drawn, RIGHT).sum() > cell, "all dogs"
    assert of_color(drawn, between_white_and(RIGHT, 0.5)).sum() > cell, "half of the cats"
    assert of_color(drawn, between_white_and(WRONG, 0.5**0.5)).sum() > cell, "the other half"
    assert not of_color(drawn, WRONG)[:, : drawn.shape[1] // 2].any(), "nothing is always wrong"


def test_counts_are_written_up_to_20_classes(tmp_path: Path):
    for num_classes, written in ((20, True), (21, False)):
        evaluation = an_evaluation(a_dataset(tuple(f"class {i}" for i in range(num_classes))))
        drawn = []
        for factor in (1, 111):
            confusion = [[factor * count for count in counts] for counts in evaluation.confusion]
            save_confusion(dataclasses.replace(evaluation, confusion=confusion), tmp_path / "c.png")
            drawn.append((tmp_path / "c.png").read_bytes())
        assert (drawn[0] != drawn[1]) == written


def test_a_hundred_classes_get_a_square_each_that_can_be_told_apart(picture: Path):
    names = tuple(f"class {i}" for i in range(100))
    save_confusion(an_evaluation(a_dataset(names)), picture)
    blue = of_color(pixels(picture), RIGHT)
    rows = blue.any(axis=1)
    begins = np.flatnonzero(rows[1:] & ~rows[:-1])
    assert len(np.flatnonzero(rows)) / 100 >= 15, "pixels of height a class"
    assert len(begins) == 100


def test_every_mistake_is_drawn_pixel_by_pixel(picture: Path):
    checkers = np.zeros((2, 8, 8, 3), dtype=np.uint8)
    checkers[:, ::2, ::2] = checkers[:, 1::2, 1::2] = (200, 0, 100)
    mistakes = [Mistake(i, f"cat/{i}.jpg", "cat", "dog", 0.9, 0.1) for i in range(2)]
    save_mistakes(mistakes, checkers, picture)
    enlarged = of_color(pixels(picture), (200, 0, 100))
    assert enlarged.sum() == pytest.approx(2 * 240 * 240 / 2, rel=0.02), "two pictures of 240 pixels, half of each"


def test_mistakes_and_images_must_be_as_many(picture: Path):
    with pytest.raises(ValueError, match="shorter"):
        save_mistakes([Mistake(0, "a", "cat", "dog", 0.9, 0.1)], np.zeros((0, 8, 8, 1), dtype=np.uint8), picture)
    assert not picture.exists()


def test_no_mistakes_are_a_picture_too(picture: Path):
    save_mistakes([], np.zeros((0, 8, 8, 1), dtype=np.uint8), picture)
    assert (pixels(picture) < 128).any(), "it says something"


def imbalanced() -> Dataset:
    store = np.zeros((60, 28, 28, 1), dtype=np.uint8)
    labels = np.repeat([0, 1], [40, 20])
    train = Split(store, np.arange(60), labels, [str(i) for i in range(60)])
    return Dataset("grey", "grey", ("many", "few"), train, None, None)


def test_bars_show_how_many_images_a_class_has(picture: Path):
    dataset = imbalanced()
    save_samples(dataset, dataset.train.read(slice(1)), ["many"], picture)
    heights = of_color(pixels(picture), BLUE).sum(axis=0)
    many = np.median(heights[heights > 0.75 * heights.max()])
    few = np.median(heights[(heights > 30) & (heights < 0.75 * heights.max())])
    assert many / few == pytest.approx(2, rel=0.03)


def test_the_splits_of_a_class_are_stacked(picture: Path):
    dataset = a_dataset(("cat", "dog"), per_class=100)
    save_samples(dataset, np.full((1, 8, 8, 1), 128, dtype=np.uint8), ["cat"], picture)
    drawn = pixels(picture)
    train, validation, test = (of_color(drawn, color).sum() for color in (BLUE, (0x8C, 0xC1, 0xDE), ORANGE))
    assert train / test == pytest.approx(6 / 3, rel=0.1)
    assert test / validation == pytest.approx(3 / 1, rel=0.2), "the legend counts in"


@pytest.mark.parametrize(("n", "num_classes", "side"), [(1, 2, 8), (8, 12, 96), (100, 100, 4)])
def test_samples_of_any_number_and_size_fit(picture: Path, n: int, num_classes: int, side: int):
    dataset = a_dataset(tuple(f"class {i}" for i in range(num_classes)), side=side)
    dark = np.full((n, side, side, 3), (90, 0, 60), dtype=np.uint8)
    save_samples(dataset, dark, ["class 0"] * n, picture)
    assert of_color(pixels(picture), (90, 0, 60)).sum() > n * 100 * 100


def test_names_may_hold_anything(tmp_path: Path):
    # Missing glyphs, broken formulas and text that cannot be encoded warn or fail; here warnings are errors.
    dataset = a_dataset(NASTY_NAMES)
    evaluation = an_evaluation(dataset, {i: (i + 1) % len(NASTY_NAMES) for i in range(5)})
    mistakes = [Mistake(i, f"{name}/{i}.jpg", name, NASTY_NAMES[i - 1], 0.9, 0.1) for i, name in enumerate(NASTY_NAMES)]
    images = dataset.train.read(slice(len(NASTY_NAMES)))
    save_confusion(evaluation, tmp_path / "confusion.png")
    save_mistakes(mistakes, images, tmp_path / "mistakes.png")
    save_samples(dataclasses.replace(dataset, name="$nasty_{$"), images, list(NASTY_NAMES), tmp_path / "samples.png")
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == ["confusion.png", "mistakes.png", "samples.png"], "and nothing temporary is left"


def test_a_name_cannot_turn_the_text_around_it():
    assert drawable("\u202egpj.exe\u202c") == "gpj.exe"


def test_the_users_matplotlib_is_left_as_it_was(picture: Path):
    import matplotlib

    before = dict(matplotlib.rcParams)
    save_history(a_history(), picture)
    assert dict(matplotlib.rcParams) == before
