import pytest
from benchmarks.profiling import IDLE, OTHER, kind_of, shares


@pytest.mark.parametrize(
    ("name", "operation", "kind"),
    [
        ("while/body/_1/gradient_tape/while/net_1/conv2d_1/x", "_MklNativeConv2DBackpropFilter", "convolution"),
        ("while/net_1/whitening_conv2d_1/BiasAdd", "_MklNativeFusedConv2D", "convolution"),
        ("net/batch_normalization_1/FusedBatchNormV3", "FusedBatchNormV3", "batch normalisation"),
        ("net/batch_normalization_1/moments/mean", "Mean", "batch normalisation"),
        ("gradient_tape/net/max_pooling2d_1/MaxPool2d/MaxPoolGrad", "_MklNativeMaxPoolGrad", "pooling"),
        ("net/activation_2_1/mul_1", "_MklSwish", "activation"),
        ("while/body/_1/while/mul_36", "Mul", "activation"),
        ("while/body/_1/while/conv_muon/Mul_51", "Mul", "optimizer"),
        ("net/dense_1/MatMul", "_MklMatMul", "dense layers"),
        ("while/body/_1/while/Cast", "Cast", OTHER),
    ],
)  # fmt: skip
def test_operation_is_known_by_its_layer_and_type(name: str, operation: str, kind: str) -> None:
    assert kind_of(name, operation) == kind


def test_operations_side_by_side_share_the_time() -> None:
    found = shares([(0, 10, "a"), (0, 4, "b"), (2, 4, "a")], 20)
    # 0 to 2: a and b; 2 to 4: a twice and b; 4 to 10: a alone.
    assert found == pytest.approx({"a": (1 + 4 / 3 + 6) / 20, "b": (1 + 2 / 3) / 20, IDLE: 0.5})


def test_shares_are_of_the_whole_time_wherever_it_began() -> None:
    assert shares([(1000, 1001, "a")], 4) == {"a": 0.25, IDLE: 0.75}
    assert shares([], 4) == {IDLE: 1.0}
