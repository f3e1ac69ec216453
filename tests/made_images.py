"""Images that tests make: small, seeded, and easy to tell apart."""

from pathlib import Path

import numpy as np
from PIL import Image


def stripes(n: int, seed: int = 0, size: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Make images of horizontal and vertical stripes with noise: two classes that a small network tells apart.

    Returns:
        `uint8 (n, size, size, 3)` and labels `int64 (n,)`, 0 horizontal, 1 vertical.
    """
    random = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    images = random.integers(0, 60, (n, size, size, 3), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        offset = random.integers(2)
        if label:
            image[:, offset::2] += 150
        else:
            image[offset::2, :] += 150
    return images, labels


def write_folder(root: Path, images: np.ndarray, labels: np.ndarray, class_names: tuple[str, ...]) -> Path:
    """Write images as PNG files into class folders, named so that they sort in their order."""
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        folder = root / class_names[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{place:05d}.png")
    return root
