import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmith.config import TrainingConfig
from lensmith.data import Split
from lensmith.training import batches
from lensmith.training.batches import TrainingImages, epoch_order, ordered_batches


def numbered_split(n: int) -> Split:
    store = np.arange(n, dtype=np.uint8).reshape(n, 1, 1, 1)
    return Split(store, np.arange(n), np.zeros(n, np.int64), [str(i) for i in range(n)])


@given(seed=st.integers(0, 2**32 - 1), epoch=st.integers(0, 1000), n=st.integers(1, 200))
def test_an_epoch_sees_every_image_once(seed, epoch, n):
    assert sorted(epoch_order(seed, epoch, n)) == list(range(n))


def test_order_depends_on_seed_and_epoch_only():
    assert (epoch_order(3, 7, 50) == epoch_order(3, 7, 50)).all()
    assert (epoch_order(3, 7, 50) != epoch_order(3, 8, 50)).any()
    assert (epoch_order(3, 7, 50) != epoch_order(4, 7, 50)).any()


def training_images(batch_size: int, epochs: float = 3, augmentation: tuple = ()) -> TrainingImages:
    config = TrainingConfig(batch_size=batch_size, epochs=epochs, augmentation=list(augmentation))
    return TrainingImages.of(numbered_split(10), np.arange(10), config, seed=5)


def test_the_order_of_an_epoch_is_drawn_once_however_often_it_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    drawn = []
    monkeypatch.setattr(batches, "epoch_order", lambda seed, epoch, n: drawn.append(epoch) or np.arange(n))
    its = training_images(2)
    for epoch in (0, 1):
        for step in range(its.steps_per_epoch):
            its.read(epoch, step, 1)
    assert drawn == [0, 1]


def test_without_shuffling_each_epoch_has_the_order_of_the_data():
    its = TrainingImages.of(numbered_split(10), np.arange(10), TrainingConfig(batch_size=4, epochs=2, shuffle=False), 5)
    seen = [targets for _, targets in itertools.islice(its.batches(), 6)]
    assert np.concatenate(seen).tolist() == [*range(10), *range(10)]


@pytest.mark.parametrize("batch_size", [1, 4, 10, 16])
def test_batches_taken_up_at_an_epoch_are_those_of_an_uninterrupted_run(batch_size):
    steps = -(-10 // batch_size)
    whole = list(itertools.islice(training_images(batch_size).batches(), 3 * steps))
    later = list(itertools.islice(training_images(batch_size).batches(first_epoch=2), steps))
    for (images, targets), (images_later, targets_later) in zip(whole[2 * steps :], later, strict=True):
        assert (images == images_later).all()
        assert (targets == targets_later).all()


def test_a_batch_pairs_each_image_with_its_own_target():
    for images, targets in itertools.islice(training_images(3).batches(), 8):
        assert (images[:, 0, 0, 0] == targets).all()


@given(batch_size=st.integers(1, 12), cut=st.integers(0, 10))
def test_reading_several_steps_at_once_gives_those_of_one_after_the_other(batch_size, cut):
    images = training_images(batch_size)
    cut = min(cut, images.steps_per_epoch)
    first, second = images.read(1, 0, cut), images.read(1, cut, images.steps_per_epoch - cut)
    whole = images.read(1, 0, images.steps_per_epoch)
    for place in (0, 1):
        assert (np.concatenate([first[place], second[place]]) == whole[place]).all()
    assert (np.concatenate([first[2], second[2] + len(first[0])]) == whole[2]).all()


@given(n=st.integers(1, 300), batch_size=st.integers(1, 64))
def test_all_batches_of_an_epoch_are_of_one_size_give_or_take_one(n, batch_size):
    config = TrainingConfig(batch_size=batch_size, epochs=1)
    images = TrainingImages.of(numbered_split(n % 250 + 1), np.arange(n % 250 + 1), config, seed=0)
    sizes = np.diff(images.read(0, 0, images.steps)[2], prepend=0)
    assert sizes.sum() == n % 250 + 1
    assert sizes.max() <= batch_size
    assert sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize(
    ("epochs", "steps", "begun", "in_each"),
    [(3, 9, 3, [3, 3, 3]), (1.5, 4, 2, [3, 1]), (0.4, 1, 1, [1]), (0.01, 1, 1, [1])],
)
def test_the_last_epoch_may_be_a_part_of_one(epochs, steps, begun, in_each):
    images = training_images(4, epochs)
    assert (images.steps, images.epochs) == (steps, begun)
    assert [images.steps_in(epoch) for epoch in range(begun)] == in_each


def test_images_are_counted_as_often_as_they_are_seen():
    images = training_images(4)
    assert images.count(0, 9) == 30
    assert images.count(0, 4) == 13
    assert images.count(2, 3) == 4  # an epoch's three batches have three, three and four
    assert images.count(3, 3) == 0


def test_ordered_batches_keep_the_order_and_end():
    batches = ordered_batches(numbered_split(10), np.arange(10), 4)
    seen = [batches[place] for place in range(len(batches))]
    assert [len(images) for images, _ in seen] == [4, 4, 2]
    assert np.concatenate([images[:, 0, 0, 0] for images, _ in seen]).tolist() == list(range(10))
