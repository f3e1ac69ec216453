"""Mixed precision: most of a network computes in bfloat16 while training, its weights stay float32."""

from typing import Any

MIXED, FULL = "mixed_bfloat16", "float32"


def set_precision(network: Any, policy: str) -> None:
    """Have a network compute in another precision; its weights are the same.

    The last layer that has weights and what follows it stay in float32, so that probabilities and losses are
    exact; so do the first one and what comes before it, because the differences between neighbouring pixels
    are smaller than what bfloat16 tells apart.

    Args:
        network: A built `keras.Sequential`.
        policy: `float32` or `mixed_bfloat16`.

    Source:
        Micikevicius et al., Mixed Precision Training, ICLR 2018, arXiv:1710.03740; bfloat16 has the range of
        float32, so that no loss has to be scaled.
    """
    with_weights = [place for place, layer in enumerate(network.layers) if layer.weights]
    first, last = min(with_weights, default=0), max(with_weights, default=0)
    for place, layer in enumerate(network.layers):
        layer.dtype_policy = policy if first < place < last else FULL
