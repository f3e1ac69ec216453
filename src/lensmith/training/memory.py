"""Whether a batch fits into the memory, looked at before anything is trained.

Afterwards it is too late to say: where a processor's memory ends, Linux kills the process and TensorFlow crashes.
"""

import math
from typing import Any

from lensmith.backend import free_memory
from lensmith.errors import LensmithError
from lensmith.models import leaves


def check_memory(network: Any, batch_size: int) -> None:
    """Refuse batches that are sure not to fit.

    Args:
        network: Built.
        batch_size: Images a step.

    Raises:
        LensmithError: The message says what they take, what is free, and which size to try.
    """
    an_image, free = bytes_an_image(network), free_memory()
    if free is None or batch_size * an_image <= free:
        return
    raise LensmithError(
        f"Batches of {batch_size:,} images take at least {batch_size * an_image / 1e9:.1f} GB of memory, and "
        f"{free / 1e9:.1f} GB are free. {try_smaller(free // (2 * an_image))}"
    )


def try_smaller(batch_size: int) -> str:
    """Say what to try where there is too little memory."""
    return f"Try --batch-size {max(1, batch_size)}, smaller images (--set data.image_size=…), or fewer filters."


def bytes_an_image(network: Any) -> int:
    """Return the least that training keeps of an image from the forward to the backward pass, in bytes.

    That is what the layers that have weights to train put out; activations may take the same place, gradients come on
    top.
    """
    return sum(_bytes_of(layer) for layer in leaves(network.layers) if layer.trainable_weights)


def _bytes_of(layer: Any) -> int:
    try:
        shape = layer.output.shape[1:]
    except (AttributeError, ValueError):  # used more than once, or of several outputs
        return 0
    return int(math.prod(side or 1 for side in shape)) * (2 if "16" in str(layer.compute_dtype) else 4)
