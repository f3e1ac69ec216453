"""How windows that slide over a picture make its size: one axis at a time.

Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016, arXiv:1603.07285.
"""

from typing import NamedTuple


class Window(NamedTuple):
    """A window along one axis.

    Attributes:
        size: Values under it.
        stride: By how many it moves on.
        dilation: How far apart the values under it are.
        same: Whether as much is added around the input that the output is `ceil(n / stride)`; else nothing is.
    """

    size: int
    stride: int = 1
    dilation: int = 1
    same: bool = False

    @property
    def reach(self) -> int:
        """Values from the first under the window to the last."""
        return self.dilation * (self.size - 1) + 1


def padding(n: int, window: Window) -> tuple[int, int]:
    """Return how many values are added before and after an axis of length n.

    An odd number is not split evenly: one more comes after.
    """
    if not window.same:
        return 0, 0
    total = max((-(-n // window.stride) - 1) * window.stride + window.reach - n, 0)
    return total // 2, total - total // 2


def slid(n: int, window: Window) -> int:
    """Return how many places a window has along an axis of length n.

    `floor((n + before + after - dilation (k - 1) - 1) / stride) + 1`.

    Example:
        >>> slid(32, Window(3)), slid(32, Window(3, stride=2, same=True))
        (30, 16)
    """
    return (n + sum(padding(n, window)) - window.reach) // window.stride + 1


def written(n: int, window: Window) -> str:
    """Write that arithmetic out.

    Example:
        >>> written(32, Window(3))
        'floor((32 + 0 + 0 − 2 − 1)/1) + 1 = 30'
    """
    before, after = padding(n, window)
    return f"floor(({n} + {before} + {after} − {window.reach - 1} − 1)/{window.stride}) + 1 = {slid(n, window)}"


def written_transposed(n: int, window: Window, output: int) -> str:
    """Write out how a transposed window makes an axis longer: what it covers, less what is cut off.

    Example:
        >>> written_transposed(5, Window(3, stride=2, same=True), 10)
        '(5 − 1)·2 + 2 + 1 − 1 = 10'
    """
    cut = (n - 1) * window.stride + window.reach - output
    sign = "−" if cut >= 0 else "+"
    return f"({n} − 1)·{window.stride} + {window.reach - 1} + 1 {sign} {abs(cut)} = {output}"
