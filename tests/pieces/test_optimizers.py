import keras
import numpy as np
import pytest

from lensmith.pieces.optimizers import ConvMuon, orthogonalized

RNG = np.random.default_rng(0)


def kernel(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def singular_values(its: np.ndarray) -> np.ndarray:
    return np.linalg.svd(its.reshape(-1, its.shape[-1]), compute_uv=False)


@pytest.mark.parametrize("shape", [(3, 3, 4, 8), (3, 3, 2, 32), (1, 1, 16, 16)])
def test_the_update_has_singular_values_near_one_and_the_directions_of_the_gradient(shape: tuple[int, ...]):
    its = kernel(*shape)
    found = keras.ops.convert_to_numpy(orthogonalized(its, 8))
    values = singular_values(found)
    assert values.max() < 1.3
    assert np.median(values) > 0.6
    u, _, v = np.linalg.svd(its.reshape(-1, shape[-1]), full_matrices=False)
    turned = u.T @ found.reshape(-1, shape[-1]) @ v.T
    assert abs(turned - np.diag(np.diag(turned))).max() < 1e-3  # the same singular vectors


def test_the_scale_of_the_gradient_of_a_kernel_does_not_matter():
    start, gradient = kernel(3, 3, 4, 6), kernel(3, 3, 4, 6)
    after = []
    for scale in (1, 1000):
        variable = keras.Variable(start)
        ConvMuon(0.1).apply([gradient * scale], [variable])
        after.append(variable.numpy())
    np.testing.assert_allclose(after[0], after[1], rtol=1e-4, atol=1e-6)


def test_a_kernel_keeps_its_norm_where_that_is_asked_for():
    for renormalize, near in ((True, 1.0), (False, 5.0)):
        start = kernel(3, 3, 4, 16)
        start *= 5 * 4 / np.linalg.norm(start)
        variable = keras.Variable(start)
        ConvMuon(1e-4, renormalize=renormalize).apply([kernel(3, 3, 4, 16)], [variable])
        assert np.linalg.norm(variable.numpy()) / 4 == pytest.approx(near, rel=1e-2)


def test_matrices_and_vectors_go_by_sgd_with_nesterov_momentum_at_rates_of_their_own():
    matrix, vector = keras.Variable(np.ones((2, 3), np.float32)), keras.Variable(np.ones(3, np.float32))
    optimizer = ConvMuon(0.1, dense_scale=2.0, bias_scale=0.5, sgd_momentum=0.5)
    ones = [np.ones((2, 3), np.float32), np.ones(3, np.float32)]
    for _ in range(2):
        optimizer.apply(ones, [matrix, vector])
    # Momentum 1, then 1.5; a step goes along gradient + 0.5 * momentum: 1.5, then 1.75.
    np.testing.assert_allclose(matrix.numpy(), 1 - 0.1 * 2.0 * (1.5 + 1.75), rtol=1e-6)
    np.testing.assert_allclose(vector.numpy(), 1 - 0.1 * 0.5 * (1.5 + 1.75), rtol=1e-6)


def test_weight_decay_takes_a_share_off():
    vector = keras.Variable(np.ones(3, np.float32))
    ConvMuon(0.1, weight_decay=0.2).apply([np.zeros(3, np.float32)], [vector])
    np.testing.assert_allclose(vector.numpy(), 1 - 0.1 * 0.2, rtol=1e-6)


def test_keras_own_muon_still_leaves_kernels_to_adam():
    assert keras.optimizers.Muon()._should_use_adamw(keras.Variable(kernel(3, 3, 2, 2)))


def test_a_kernel_of_zeros_is_moved():
    variable = keras.Variable(np.zeros((3, 3, 2, 2), np.float32))
    ConvMuon(0.1).apply([kernel(3, 3, 2, 2)], [variable])
    assert np.isfinite(variable.numpy()).all()
    assert np.abs(variable.numpy()).max() > 0


@pytest.mark.parametrize("momentum", [-0.1, 1.0])
def test_a_momentum_out_of_range_is_refused(momentum: float):
    with pytest.raises(ValueError, match=rf"sgd_momentum must be in \[0, 1\), not {momentum}"):
        ConvMuon(sgd_momentum=momentum)


def test_its_configuration_makes_the_same_optimizer():
    optimizer = ConvMuon(0.3, 0.5, 2.0, 3.0, 0.7, 4, False, weight_decay=0.1)
    assert ConvMuon.from_config(optimizer.get_config()).get_config() == optimizer.get_config()
