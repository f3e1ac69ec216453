import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lensmith.data import Split
from lensmith.errors import RecipeError
from lensmith.training import augmentation
from lensmith.training.augmentation import AlternatingFlip, Augmentation, Epoch, Shift, augmented
from lensmith.training.mixing import CutMix, MixUp

SHAPES = [(40, 6, 5, 3), (40, 4, 9, 1)]


def epoch_of(shape: tuple[int, ...] = SHAPES[0], seed: int = 0, epoch: int = 0) -> Epoch:
    """Images of noise, each a class of its own, so that targets tell which images were mixed."""
    n = shape[0]
    store = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    split = Split(store, np.arange(n), np.arange(n), [str(place) for place in range(n)])
    targets = np.eye(n, dtype=np.float32)
    store.flags.writeable = targets.flags.writeable = False
    return Epoch(split, targets, seed, epoch)


def everything(epoch: Epoch) -> np.ndarray:
    return np.arange(len(epoch.split))


@given(
    its=st.sampled_from([MixUp(), MixUp(2.0), CutMix(), CutMix(0.3, 1.0)]),
    again=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
    epoch=st.integers(0, 100),
)
@settings(deadline=None)
def test_targets_are_of_two_images_and_sum_to_1(its: Augmentation, again: bool, seed: int, epoch: int) -> None:
    during = epoch_of(seed=seed, epoch=epoch)
    targets = augmented(during, everything(during), [its, MixUp(1.0)] if again else [its])[1]
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=0, atol=1e-6)
    assert targets.min() >= 0
    assert (targets > 0).sum(axis=1).max() <= (4 if again else 2)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("images_a_block", [1, 7, 100])
def test_mixup_blends_pixels_and_targets_by_the_same_share(
    shape: tuple[int, ...], images_a_block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(augmentation, "BLOCK_BYTES", images_a_block * np.prod(shape[1:]))
    epoch = epoch_of(shape)
    images, targets = augmented(epoch, everything(epoch), [MixUp(1.0)])
    blend = np.einsum("no,ohwc->nhwc", targets.astype(np.float64), epoch.split.read().astype(np.float64))
    assert np.abs(images - blend).max() <= 0.5 + 1e-3


def test_mixup_of_a_small_alpha_stays_near_one_of_the_two() -> None:
    epoch = epoch_of((4000, 1, 1, 1))
    shares = {alpha: epoch.draws(MixUp(alpha), 0)[1] for alpha in (0.2, 1.0, 5.0)}
    # Of Beta(a, a), the variance is 1 / (4 (2a + 1)), the mean 1/2.
    for alpha, its in shares.items():
        assert its.mean() == pytest.approx(0.5, abs=0.03)
        assert its.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.1)


@pytest.mark.parametrize("its", [MixUp(), CutMix()], ids=repr)
def test_the_other_image_is_any_of_the_split(its: Augmentation) -> None:
    (others, *_) = epoch_of((2000, 2, 2, 1)).draws(its, 0)
    assert (others.min() >= 0, others.max() < 2000) == (True, True)
    # A random choice of 2,000 out of 2,000 has a share of 1 - 1/e different ones.
    assert len(np.unique(others)) / 2000 == pytest.approx(1 - np.exp(-1), abs=0.03)


@pytest.mark.parametrize("shape", SHAPES)
def test_cutmix_mixes_targets_by_the_pixels_that_came_from_the_other_image(shape: tuple[int, ...]) -> None:
    epoch = epoch_of(shape)
    before = epoch.split.read()
    images, targets = augmented(epoch, everything(epoch), [CutMix(probability=1.0)])
    (others, _) = epoch.draws(CutMix(probability=1.0), 0)
    mixed = 0
    for place, other in enumerate(others):
        if place == other:
            continue
        its, of_other = ((images[place] == before[image]) for image in (place, other))
        assert (its.all(axis=-1) | of_other.all(axis=-1)).all()
        # Noise of one image equals that of the other here and there, so the share lies between two counts.
        least, most = (~its.all(axis=-1)).mean(), of_other.all(axis=-1).mean()
        assert least - 1e-6 <= targets[place, other] <= most + 1e-6
        assert targets[place, place] == pytest.approx(1 - targets[place, other], abs=1e-6)
        mixed += targets[place, other] > 0
    assert mixed > 20


def test_a_box_of_cutmix_is_a_box_in_its_own_place() -> None:
    n = 300
    store = np.repeat(np.arange(n, dtype=np.uint16), 6 * 7).reshape(n, 6, 7, 1)
    # Two bytes of the image's own number, so that every pixel tells where it came from.
    store = np.concatenate([store // 256, store % 256], axis=-1).astype(np.uint8)
    split = Split(store, np.arange(n), np.arange(n), [str(place) for place in range(n)])
    images, targets = augmented(
        Epoch(split, np.eye(n, dtype=np.float32), 0, 0), np.arange(n), [CutMix(probability=1.0)]
    )
    came_from = images[..., 0].astype(int) * 256 + images[..., 1]
    for place in range(n):
        foreign = came_from[place] != place
        rows, columns = np.flatnonzero(foreign.any(axis=1)), np.flatnonzero(foreign.any(axis=0))
        assert foreign.sum() == len(rows) * len(columns)
        assert 1 - targets[place, place] == pytest.approx(foreign.mean(), abs=1e-6)
        assert foreign.any() == (targets[place] > 0).any(where=np.arange(n) != place)
        if foreign.any():
            assert np.ptp(rows) + 1 == len(rows)
            assert np.ptp(columns) + 1 == len(columns)


@pytest.mark.parametrize("probability", [0.25, 0.5, 1.0])
def test_cutmix_gives_a_box_to_as_many_as_asked_for(probability: float) -> None:
    (_, boxes) = epoch_of((4000, 32, 32, 1)).draws(CutMix(probability=probability), 0)
    # A box of less than a pixel is none: about 1 in 1,000.
    assert (boxes[:, 0] < boxes[:, 1]).all(axis=1).mean() == pytest.approx(probability, abs=0.03)


def test_areas_of_boxes_are_those_drawn_less_what_is_cut_off() -> None:
    (_, boxes) = epoch_of((4000, 64, 32, 1)).draws(CutMix(1.0, 1.0), 0)
    sides = (boxes[:, 1] - boxes[:, 0]) / (64, 32)
    inside = ((boxes[:, 0] > 0) & (boxes[:, 1] < (64, 32))).all(axis=1)
    # Rounded down to whole pixels, at most one in 32.
    np.testing.assert_allclose(sides[inside, 0], sides[inside, 1], atol=1 / 32)
    # With a side s = √(1 - Beta(1, 1)) and a uniform centre, the mean of what is left of a side is E[s - s²/4],
    # of an area E[(s - s²/4)²] = 1/2 - 1/5 + 1/48.
    assert sides.prod(axis=1).mean() == pytest.approx(1 / 2 - 1 / 5 + 1 / 48, abs=0.03)


@pytest.mark.parametrize("its", [MixUp(1.0), CutMix(1.0, 1.0)], ids=repr)
def test_the_other_image_went_through_what_came_before_with_its_own_draws(its: Augmentation) -> None:
    before = [AlternatingFlip(), Shift(2)]
    epoch = epoch_of()
    images, targets = augmented(epoch, everything(epoch), [*before, its])
    changed = augmented(epoch, everything(epoch), before)[0]
    (others, *drawn) = epoch.draws(its, 2)
    expected, its_targets = changed.copy(), epoch.targets.copy()
    its.apply(expected, its_targets, (others, *drawn), lambda positions: (changed[positions], epoch.targets[positions]))
    np.testing.assert_array_equal(images, expected)
    np.testing.assert_array_equal(targets, its_targets)


@pytest.mark.parametrize("its", [MixUp(), CutMix()], ids=repr)
def test_integer_targets_cannot_be_mixed(its: Augmentation) -> None:
    one_hot = epoch_of()
    epoch = Epoch(one_hot.split, one_hot.split.labels, 0, 0)
    with pytest.raises(RecipeError) as refused:
        augmented(epoch, np.arange(3), [its])
    assert str(refused.value) == (
        f"training.augmentation, {type(its).__name__}: mixed images belong to two classes, and a Sparse loss takes "
        'one. Use training.loss = "CategoricalCrossentropy".'
    )
