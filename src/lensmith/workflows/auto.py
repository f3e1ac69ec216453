"""`auto`: which recipe suits these images."""

from typing import Any

from lensmith.data import Dataset

# Enough for the small network to settle on a few hundred images, and few enough to end within minutes on
# fifty thousand.
IMAGES_SEEN = 300_000
MOST_EPOCHS, FEWEST_EPOCHS = 40, 6


def choose_settings(dataset: Dataset) -> dict[str, Any]:
    """Choose what the `auto` recipe leaves open, from the number, size and colour of the images.

    Args:
        dataset: Opened with the recipe's own data settings.

    Returns:
        Settings by dotted key, to lay over the recipe.
    """
    epochs = round(IMAGES_SEEN / len(dataset.train))
    settings: dict[str, Any] = {"training.epochs": max(FEWEST_EPOCHS, min(MOST_EPOCHS, epochs))}
    if dataset.color == "rgb":
        # Mirrored photos show the same thing; mirrored digits and letters do not, and those are mostly grey.
        settings["training.augmentation"] = [{"class_name": "RandomFlip", "mode": "horizontal"}]
    return settings
