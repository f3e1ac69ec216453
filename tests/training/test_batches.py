import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lensmith.data import Split
from lensmith.training.batches import epoch_order, ordered_batches, training_batches


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


@pytest.mark.parametrize("batch_size", [1, 4, 10, 16])
def test_batches_taken_up_at_an_epoch_are_those_of_an_uninterrupted_run(batch_size):
    split, targets = numbered_split(10), np.arange(10)
    steps = -(-10 // batch_size)
    whole = list(itertools.islice(training_batches(split, targets, batch_size, seed=5), 3 * steps))
    later = list(itertools.islice(training_batches(split, targets, batch_size, seed=5, first_epoch=2), steps))
    for (images, its_targets), (images_later, targets_later) in zip(whole[2 * steps :], later, strict=True):
        assert (images == images_later).all()
        assert (its_targets == targets_later).all()


def test_a_batch_pairs_each_image_with_its_own_target():
    split = numbered_split(10)
    for images, targets in itertools.islice(training_batches(split, np.arange(10), 3, seed=0), 8):
        assert (images[:, 0, 0, 0] == targets).all()


def test_ordered_batches_keep_the_order_and_end():
    batches = ordered_batches(numbered_split(10), np.arange(10), 4)
    seen = [batches[place] for place in range(len(batches))]
    assert [len(images) for images, _ in seen] == [4, 4, 2]
    assert np.concatenate([images[:, 0, 0, 0] for images, _ in seen]).tolist() == list(range(10))
