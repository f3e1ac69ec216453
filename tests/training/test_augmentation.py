from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lensmith.config import TrainingConfig
from lensmith.data import Split
from lensmith.errors import RecipeError
from lensmith.training import augmentation
from lensmith.training.augmentation import (
    AUGMENTATIONS,
    AlternatingFlip,
    Augmentation,
    Cutout,
    Epoch,
    Flip,
    Shift,
    augmented,
    make_augmentations,
)
from lensmith.training.batches import epoch_order
from lensmith.training.mixing import CutMix, MixUp

CLASSES = 4
EACH = [Flip(), AlternatingFlip(), Shift(2), Cutout(3), MixUp(1.0), CutMix()]


def split_of(shape: tuple[int, ...] = (60, 6, 5, 3)) -> Split:
    """Images of noise, in another order than in their store, which may not be written to."""
    random = np.random.default_rng(0)
    store = random.integers(0, 256, shape, dtype=np.uint8)
    store.flags.writeable = False
    names = [str(place) for place in range(shape[0])]
    return Split(store, random.permutation(shape[0]), np.arange(shape[0]) % CLASSES, names)


def epoch_of(split: Split, seed: int = 0, epoch: int = 0) -> Epoch:
    targets = np.eye(CLASSES, dtype=np.float32)[split.labels]
    targets.flags.writeable = False
    return Epoch(split, targets, seed, epoch)


def see(augmentations: Sequence[Augmentation], split: Split, seed: int = 0, epoch: int = 0) -> np.ndarray:
    return augmented(epoch_of(split, seed, epoch), np.arange(len(split)), augmentations)[0]


def shifted(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """Pixel by pixel, what lies outside is what a mirror at the outermost pixel shows."""
    height, width = image.shape[:2]

    def inside(place: int, size: int) -> int:
        return -place if place < 0 else 2 * (size - 1) - place if place >= size else place

    result = np.empty_like(image)
    for row in range(height):
        for column in range(width):
            result[row, column] = image[inside(row - down, height), inside(column - right, width)]
    return result


# What holds for every augmentation, and for any list of them.


@given(
    chosen=st.lists(st.sampled_from(EACH), max_size=4),
    order=st.permutations(range(12)),
    chunk=st.integers(1, 12),
    seed=st.integers(0, 2**32 - 1),
    epoch=st.integers(0, 100),
)
@settings(max_examples=60, deadline=None)
def test_what_happens_to_an_image_depends_on_seed_epoch_and_position_only(chosen, order, chunk, seed, epoch):
    split = split_of((12, 6, 5, 3))
    images, targets = augmented(epoch_of(split, seed, epoch), np.arange(12), chosen)
    other = epoch_of(split, seed, epoch)
    for start in range(0, 12, chunk):
        positions = np.array(order[start : start + chunk])
        its_images, its_targets = augmented(other, positions, chosen)
        np.testing.assert_array_equal(its_images, images[positions])
        np.testing.assert_array_equal(its_targets, targets[positions])


@pytest.mark.parametrize("its", EACH, ids=repr)
def test_another_seed_and_another_epoch_change_otherwise(its: Augmentation) -> None:
    split = split_of()
    seen = [see([its], split, seed, epoch) for seed, epoch in ((0, 0), (0, 1), (1, 0), (1, 1))]
    for place, images in enumerate(seen):
        assert all((images != others).any() for others in seen[place + 1 :])


@pytest.mark.parametrize("its", EACH, ids=repr)
def test_images_of_any_number_come_out_in_their_own_shape(its: Augmentation) -> None:
    epoch = epoch_of(split_of())
    for n in (0, 1, 7):
        images, targets = augmented(epoch, np.arange(n), [its])
        assert (images.shape, images.dtype) == ((n, 6, 5, 3), np.uint8)
        assert (targets.shape, targets.dtype) == ((n, CLASSES), np.float32)


@pytest.mark.parametrize("its", EACH, ids=repr)
def test_a_memory_map_is_read_and_stays_as_it_is(its: Augmentation, tmp_path: Path) -> None:
    split = split_of()
    before = split.store.copy()
    split.store.tofile(tmp_path / "pixels")
    mapped = np.memmap(tmp_path / "pixels", np.uint8, "r+", shape=before.shape)
    of_map = see([its], Split(mapped, split.indices, split.labels, split.names))
    np.testing.assert_array_equal(of_map, see([its], split))
    np.testing.assert_array_equal(mapped, before)
    assert not isinstance(of_map, np.memmap)


@pytest.mark.parametrize("its", EACH, ids=repr)
def test_two_of_a_kind_draw_for_themselves(its: Augmentation) -> None:
    epoch = epoch_of(split_of())
    first, second = epoch.draws(its, 0), epoch.draws(its, 1)
    assert all((one != other).any() for one, other in zip(first, second, strict=True))


def test_no_augmentation_draws_from_what_orders_the_images() -> None:
    epoch = epoch_of(split_of(), seed=3, epoch=5)
    order = epoch_order(3, 5, len(epoch.split))
    assert all((epoch.random(place).permutation(len(order)) != order).any() for place in range(3))


def test_draws_of_an_epoch_are_kept() -> None:
    epoch = epoch_of(split_of())
    assert epoch.draws(Flip(), 0) is epoch.draws(Flip(), 0)
    assert epoch.draws(Shift(1), 0) is not epoch.draws(Shift(2), 0)


def test_augmentations_are_applied_in_their_order() -> None:
    epoch, everything = epoch_of(split_of()), np.arange(60)
    covered = augmented(epoch, everything, [Cutout(3, fill=0), Shift(2)])[0]
    (begins,) = epoch.draws(Shift(2), 1)
    for image, before, begin in zip(covered, augmented(epoch, everything, [Cutout(3, fill=0)])[0], begins, strict=True):
        np.testing.assert_array_equal(image, shifted(before, *(2 - begin)))


def test_without_augmentations_images_and_targets_come_as_they_are() -> None:
    split = split_of()
    epoch = Epoch(split, split.labels, 0, 0)
    images, targets = augmented(epoch, np.array([4, 2]), [])
    np.testing.assert_array_equal(images, split.read(np.array([4, 2])))
    np.testing.assert_array_equal(targets, split.labels[[4, 2]])


@pytest.mark.parametrize("its", EACH[:4], ids=repr)
def test_integer_targets_stay_as_they_are_where_images_are_not_mixed(its: Augmentation) -> None:
    split = split_of()
    targets = augmented(Epoch(split, split.labels, 0, 0), np.arange(60), [its])[1]
    np.testing.assert_array_equal(targets, split.labels)


# Each by itself.


@pytest.mark.parametrize("shape", [(400, 3, 4, 1), (400, 3, 5, 3)])
@pytest.mark.parametrize("its", [Flip(), AlternatingFlip()], ids=repr)
def test_a_flip_mirrors_about_half_of_the_images_and_leaves_the_others(its: Flip, shape: tuple[int, ...]) -> None:
    split = split_of(shape)
    before, after = split.read(), see([its], split)
    same = (after == before).all(axis=(1, 2, 3))
    mirrored = (after == before[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same ^ mirrored).all()
    assert 160 < mirrored.sum() < 240


def test_flip_is_drawn_anew_each_epoch() -> None:
    split = split_of((400, 3, 5, 1))
    mirrored = [epoch_of(split, epoch=epoch).draws(Flip(), 0)[0] for epoch in (0, 1)]
    assert 60 < (mirrored[0] & mirrored[1]).sum() < 140


@given(seed=st.integers(0, 2**32 - 1), epoch=st.integers(0, 1000))
@settings(deadline=None)
def test_any_two_epochs_in_a_row_show_each_image_both_ways(seed: int, epoch: int) -> None:
    split = split_of()
    now, then = (see([AlternatingFlip()], split, seed, its) for its in (epoch, epoch + 1))
    np.testing.assert_array_equal(then, now[:, :, ::-1])
    np.testing.assert_array_equal(now, see([AlternatingFlip()], split, seed, epoch % 2))


@pytest.mark.parametrize("shape", [(60, 7, 5, 3), (60, 5, 8, 1), (60, 4, 4, 3)])
@pytest.mark.parametrize("pixels", [1, 2, 3])
@pytest.mark.parametrize("images_a_block", [1, 7, 100])
def test_shift_is_a_shift_with_reflected_edges(
    shape: tuple[int, ...], pixels: int, images_a_block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(augmentation, "BLOCK_BYTES", images_a_block * np.prod(shape[1:]))
    split = split_of(shape)
    epoch = epoch_of(split)
    after = augmented(epoch, np.arange(60), [Shift(pixels)])[0]
    (begins,) = epoch.draws(Shift(pixels), 0)
    for image, before, begin in zip(after, split.read(), begins, strict=True):
        np.testing.assert_array_equal(image, shifted(before, *(pixels - begin)))


def test_all_shifts_are_about_equally_likely() -> None:
    (begins,) = epoch_of(split_of((10_000, 4, 4, 1))).draws(Shift(2), 0)
    counts = np.bincount(begins[:, 0] * 5 + begins[:, 1], minlength=25)
    # 400 expected; a standard deviation is 20.
    assert len(counts) == 25
    assert counts.min() > 300
    assert counts.max() < 500


def test_a_shift_as_wide_as_the_image_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"Shift: pixels = 5 is too far for images of 6×5: .* can be 4 at most\.$"):
        see([Shift(5)], split_of())
    see([Shift(4)], split_of())


@pytest.mark.parametrize("size", [1, 2, 3, 8, 40])
@pytest.mark.parametrize("shape", [(200, 8, 6, 3), (200, 5, 9, 1)])
def test_cutout_covers_a_square_around_its_centre_and_nothing_else(size: int, shape: tuple[int, ...]) -> None:
    split = split_of(shape)
    epoch = epoch_of(split)
    before, after = split.read(), augmented(epoch, np.arange(200), [Cutout(size, fill=7)])[0]
    for image, was, ((top, left), (bottom, right)) in zip(
        after, before, epoch.draws(Cutout(size, 7), 0)[0], strict=True
    ):
        covered = np.zeros(shape[1:3], bool)
        covered[top:bottom, left:right] = True
        assert covered.any()
        assert (image[covered] == 7).all()
        assert (image[~covered] == was[~covered]).all()


def test_centres_of_squares_are_everywhere_about_equally_often() -> None:
    epoch = epoch_of(split_of((6_000, 5, 6, 1)))
    (boxes,) = epoch.draws(Cutout(1), 0)
    counts = np.bincount(boxes[:, 0, 0] * 6 + boxes[:, 0, 1], minlength=30)
    # 200 expected; a standard deviation is 14.
    assert len(counts) == 30
    assert counts.min() > 130
    assert counts.max() < 270


@pytest.mark.parametrize("size", [2, 3])
def test_a_square_is_cut_off_where_its_centre_is_near_an_edge(size: int) -> None:
    (boxes,) = epoch_of(split_of((2_000, 6, 6, 1))).draws(Cutout(size), 0)
    begins = boxes[:, 0]
    # Of the six centres along a side, size // 2 at the beginning and the rest of the square less 1 at the end.
    sides = boxes[:, 1] - begins
    assert (sides == size).all(axis=1).mean() == pytest.approx(((7 - size) / 6) ** 2, abs=0.05)
    assert sides.min() == size - max(size // 2, size - size // 2 - 1)
    assert (begins.min(), boxes[:, 1].max()) == (0, 6)


def test_the_square_is_middle_grey_unless_told_otherwise() -> None:
    assert (see([Cutout(40)], split_of()) == 128).all()
    assert (see([Cutout(40, fill=255)], split_of()) == 255).all()


# From a recipe.


def made(*described: object) -> list[Augmentation]:
    return make_augmentations(TrainingConfig(augmentation=list(described)).augmentation)


def test_a_recipe_names_ours_beside_those_of_keras() -> None:
    assert made(
        "AlternatingFlip",
        {"class_name": "RandomRotation", "factor": 0.1},
        {"class_name": "Shift", "pixels": 2},
        {"class_name": "Cutout", "size": 12, "fill": 0},
        "RandomFlip",
        {"class_name": "MixUp", "alpha": 1},
        {"class_name": "CutMix", "probability": 1.0},
    ) == [AlternatingFlip(), Shift(2), Cutout(12, 0), MixUp(1), CutMix(probability=1.0)]


def test_all_are_registered_under_their_own_names() -> None:
    assert [AUGMENTATIONS[name].__name__ for name in AUGMENTATIONS] == list(AUGMENTATIONS)
    assert list(AUGMENTATIONS) == sorted(type(its).__name__ for its in EACH)


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ({"class_name": "Shift", "pixel": 2}, ", Shift: it takes no argument 'pixel'. Did you mean 'pixels'?"),
        ({"class_name": "Flip", "mode": "vertical"}, ", Flip: it takes no argument 'mode'."),
        ("Shift", ", Shift: it needs pixels."),
        ({"class_name": "Shift", "pixels": 0}, ".pixels: a whole number of at least 1 is expected, not 0."),
        ({"class_name": "Shift", "pixels": 1.5}, ".pixels: a whole number of at least 1 is expected, not 1.5."),
        ({"class_name": "Shift", "pixels": True}, ".pixels: a whole number of at least 1 is expected, not True."),
        ({"class_name": "Cutout", "size": "8"}, ".size: a whole number of at least 1 is expected, not '8'."),
        (
            {"class_name": "Cutout", "size": 8, "fill": 256},
            ".fill: a whole number from 0 to 255 is expected, not 256.",
        ),
        ({"class_name": "Cutout", "size": 8, "fill": -1}, ".fill: a whole number from 0 to 255 is expected, not -1."),
        ({"class_name": "MixUp", "alpha": 0}, ".alpha: a number above 0 is expected, not 0."),
        ({"class_name": "MixUp", "alpha": float("nan")}, ".alpha: a number above 0 is expected, not nan."),
        ({"class_name": "MixUp", "alpha": float("inf")}, ".alpha: a number above 0 is expected, not inf."),
        ({"class_name": "MixUp", "alpha": "0.2"}, ".alpha: a number above 0 is expected, not '0.2'."),
        ({"class_name": "MixUp", "alpha": True}, ".alpha: a number above 0 is expected, not True."),
        (
            {"class_name": "CutMix", "probability": 1.5},
            ".probability: a number above 0 and up to 1 is expected, not 1.5.",
        ),
        (
            {"class_name": "CutMix", "probability": 0.0},
            ".probability: a number above 0 and up to 1 is expected, not 0.0.",
        ),
    ],
)
def test_what_an_augmentation_refuses_is_named_by_its_place_in_the_whole_list(described: object, message: str) -> None:
    with pytest.raises(RecipeError) as refused:
        made("RandomFlip", "Flip", described)
    assert str(refused.value) == f"training.augmentation.2{message}"


def test_a_bad_argument_in_python_is_a_value_error() -> None:
    with pytest.raises(ValueError, match=r"^pixels: a whole number of at least 1 is expected, not -3\.$"):
        Shift(-3)
