"""How wide the network of `fast` can be, and what each width costs."""

from dataclasses import dataclass

from lensmith.models import group_widths

# What reading and writing one activation costs, in multiply-adds of each precision, on two cores. bfloat16's lies
# between what was measured with AVX-512 (1500) and with AMX (3000).
MOVING = {"float32": 500, "mixed_bfloat16": 2000}


@dataclass(frozen=True)
class Size:
    """How wide a network is, and how long a training it takes to be worth that.

    Attributes:
        first: Filters of the group before the last two; those before it have half as many each.
        last: Filters of the last two groups.
        images: Images that a training should see, repeats included, before this size beats the one below it.
    """

    first: int
    last: int
    images: int


# Multiples of 16, what an AMX tile holds of them: 24 filters take longer than 32.
SIZES = (
    Size(16, 32, 0),
    Size(32, 64, 60_000),
    Size(48, 96, 120_000),
    Size(64, 128, 200_000),
    Size(64, 192, 350_000),
    Size(64, 256, 450_000),
    Size(96, 384, 900_000),
)
DEFAULT_SIZE = SIZES[1]


def cost(image_shape: tuple[int, int, int], size: Size, moving: int) -> float:
    """Count multiply-adds of a step for one image, and what moving the activations takes as so many of them.

    Args:
        image_shape: Height, width, channels.
        size: Of the network.
        moving: One of `MOVING`.
    """
    height, width, channels = image_shape
    pixels, inputs, total = (height - 1) * (width - 1), 8 * channels, 0.0
    for place, filters in enumerate(group_widths(image_shape, size.first, size.last)):
        # The first convolution's input is not trained, so its gradient is not needed.
        total += pixels * filters * (9 * inputs * (3 if place else 2) + moving)
        pixels, inputs = pixels // 4, filters
        total += pixels * filters * (9 * filters * 3 + 2 * moving)
    return total


def relative_cost(image_shape: tuple[int, int, int], size: Size, moving: int) -> float:
    """Return what a training step costs with a network of this size, against the default one."""
    return cost(image_shape, size, moving) / cost(image_shape, DEFAULT_SIZE, moving)
