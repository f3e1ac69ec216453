import numpy as np
from tests.explanation.planted import backbone

from lensmith.explanation import randomised


def test_weights_are_those_of_the_network_in_another_order_and_the_network_stays_as_it_is():
    model = backbone()
    before = [its.copy() for its in model.get_weights()]
    shuffled = randomised(model, seed=1).get_weights()
    for old, new in zip(before, shuffled, strict=True):
        np.testing.assert_array_equal(np.sort(old, axis=None), np.sort(new, axis=None))
    assert any((old != new).any() for old, new in zip(before, shuffled, strict=True))
    assert all((old == new).all() for old, new in zip(before, model.get_weights(), strict=True))


def test_the_same_seed_shuffles_the_same():
    one, other = (randomised(backbone(), seed=4).get_weights() for _ in range(2))
    assert all((a == b).all() for a, b in zip(one, other, strict=True))
