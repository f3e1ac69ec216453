"""How many multiplications and additions a second the machine does at its best: one large product.

    python -m benchmarks.peers.matmul numpy
    python -m benchmarks.peers.matmul tensorflow
    python -m benchmarks.peers.matmul tensorflow-bfloat16

Multiplies two matrices of 4096x4096, `float32` or `bfloat16`, on all cores, and prints the quickest of ten times as one
line of JSON, in floating-point operations a second.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial

import numpy as np

SIDE, TIMES = 4096, 10


def numpy_product(a: np.ndarray, b: np.ndarray) -> Callable[[], object]:
    """Return NumPy's product, written into a matrix that is there already."""
    out = np.empty_like(a)
    return lambda: np.matmul(a, b, out=out)


def tensorflow_product(a: np.ndarray, b: np.ndarray, dtype: str = "float32") -> Callable[[], object]:
    """Return TensorFlow's product, with one number of it waited for."""
    import tensorflow as tf

    x, y = tf.constant(a, dtype), tf.constant(b, dtype)
    return lambda: tf.matmul(x, y)[0, 0].numpy()


PRODUCTS = {
    "numpy": numpy_product,
    "tensorflow": tensorflow_product,
    "tensorflow-bfloat16": partial(tensorflow_product, dtype="bfloat16"),
}


def main() -> None:
    """Multiply, and print the best."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("product", choices=PRODUCTS)
    random = np.random.default_rng(0)
    a, b = (random.standard_normal((SIDE, SIDE), np.float32) for _ in range(2))
    product = PRODUCTS[parser.parse_args().product](a, b)
    seconds = []
    for _ in range(TIMES):
        started = time.perf_counter()
        product()
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"flops_per_second": 2 * SIDE**3 / min(seconds), "seconds": seconds}))


if __name__ == "__main__":
    main()
