"""`auto`, `fast` and `transfer`: network, epochs, batches and augmentation that suit the images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lensmith.config import Recipe, load_recipe
from lensmith.data import LARGEST_NATIVE_SIDE, Dataset
from lensmith.health import balance_of
from lensmith.models import group_widths
from lensmith.workflows.sizes import DEFAULT_SIZE, MOVING, SIZES, Size, cost

TRANSFER = "transfer"
CHOOSING = ("auto", "fast", TRANSFER)
"""Recipes that leave network and training to the images."""
PHOTO_SIZE = 224
LOOKED_AT = {"data.photo_size": PHOTO_SIZE}
"""How `auto` has the images read before it chooses: as `transfer` wants photos."""

# Images that a training sees, repeats included: 4 epochs of CIFAR-10, and enough to settle on a few hundred.
IMAGES_SEEN = 200_000
FEWEST_EPOCHS, MOST_EPOCHS = 2, 60
# For a loss that is a mean; airbench gives 0.67, 0.053 and 2e-6 for one image of a sum, at a learning rate of 0.24.
LEARNING_RATE, DENSE_RATE, BIAS_RATE, DECAY = 0.24, 0.67, 0.053, 1.3e-5
WIDTHS = SIZES[1:4]
"""Those that `benchmarks/choose_width.py` has measured."""
MOST_COST = IMAGES_SEEN * cost((32, 32, 3), DEFAULT_SIZE, MOVING["float32"])
"""Of a training: what CIFAR-10's costs. On every processor in float32, so that all choose the same."""


def choose_beginning(overrides: Mapping[str, Any], from_run: object) -> str:
    """Choose what `auto` begins as before the images are known.

    Args:
        overrides: The user's own settings; a network of theirs is trained from the beginning.
        from_run: A run whose network is the start, or `None`.
    """
    if from_run is not None:
        return TRANSFER
    return "fast" if any(key.partition(".")[0] == "model" for key in overrides) else "auto"


def choose_recipe(recipe: str, dataset: Dataset) -> str:
    """Choose `transfer` for photos where the recipe is `auto`; others stay what they are."""
    return TRANSFER if recipe == "auto" and max(dataset.image_shape[:2]) > LARGEST_NATIVE_SIDE else recipe


def choose_settings(recipe: str, dataset: Dataset) -> dict[str, Any]:
    """Choose what the recipes of `CHOOSING` leave open, from number, size and colour of the images.

    Args:
        recipe: One of them.
        dataset: Opened with the recipe's own data settings.

    Returns:
        Settings by dotted key, to lay over the recipe.
    """
    balanced = balance_settings(dataset)
    if recipe == TRANSFER:
        return balanced | {"training.augmentation": augmentation_for(dataset)}
    epochs = choose_epochs(dataset)
    size = choose_size(dataset, epochs)
    return balanced | network_settings(dataset, size) | training_settings(dataset, epochs)


def choose_epochs(dataset: Dataset) -> int:
    """Choose how often the images are seen where nobody says how long it may take."""
    return max(FEWEST_EPOCHS, min(MOST_EPOCHS, round(IMAGES_SEEN / len(dataset.train))))


def choose_size(dataset: Dataset, epochs: int) -> Size:
    """Choose the width: more for images so few that they cannot be seen more often, and for many classes.

    Few images get the widest network of `WIDTHS` whose training costs no more than that of many, which helps them more
    than further epochs do. And with fewer features than classes the answers would lie in a space of fewer dimensions
    than there are classes (Yang et al., Breaking the softmax bottleneck, 2018). Both by `benchmarks/choose_width.py`.
    """
    shape, seen = dataset.image_shape, epochs * len(dataset.train)
    for_few = WIDTHS if epochs == MOST_EPOCHS else ()
    paid = [size for size in for_few if seen * cost(shape, size, MOVING["float32"]) <= MOST_COST]
    enough = [size for size in WIDTHS if size.last >= len(dataset.class_names)] or WIDTHS[-1:]
    return max([*paid, enough[0]], key=WIDTHS.index)


def balance_settings(dataset: Dataset) -> dict[str, Any]:
    """Let all classes count the same where one has many times the images of another."""
    if not balance_of(dataset.class_counts).is_unbalanced:
        return {}
    selection = {"training.selection": "balanced_accuracy"} if dataset.validation else {}
    return {"training.class_weights": "balanced"} | selection


def network_settings(dataset: Dataset, size: Size) -> dict[str, Any]:
    """Choose the filters of each group."""
    return {"model.arguments.widths": group_widths(dataset.image_shape, size.first, size.last)}


def training_settings(dataset: Dataset, epochs: float) -> dict[str, Any]:
    """Choose the batch size and the augmentation."""
    images = len(dataset.train)
    batch_size = 250 if images >= 20_000 else 125 if images >= 4_000 else 50 if images >= 500 else 25
    return {
        "training.epochs": epochs,
        "training.batch_size": batch_size,
        "training.augmentation": augmentation_for(dataset),
    }


def augmentation_for(dataset: Dataset) -> list[dict[str, Any]]:
    """Choose what may be done to the images without another thing being on them."""
    side, augmentation = min(dataset.image_shape[:2]), list[dict[str, Any]]()
    if dataset.color == "rgb":
        # Mirrored photos show the same thing; mirrored digits and letters do not, and those are mostly grey.
        augmentation.append({"class_name": "AlternatingFlip"})
    if side >= 16:
        augmentation.append({"class_name": "Shift", "pixels": min(4, round(side / 16)) if side < 128 else side // 14})
    return augmentation


def load_chosen(recipe: str | Path, overrides: Mapping[str, Any], settings: Mapping[str, Any]) -> Recipe:
    """Load a recipe with what was chosen laid under the user's own settings.

    Those of the rates that depend on it follow the batch size, the user's own, too.

    Args:
        recipe: One of `CHOOSING`.
        overrides: The user's own settings, as `load_recipe` takes them.
        settings: What was chosen, by dotted key.

    Raises:
        RecipeError: As `load_recipe`.
    """
    chosen = load_recipe(recipe, overrides, base=settings)
    if recipe == TRANSFER:
        return chosen
    batch_size = chosen.training.batch_size
    rates = {
        "training.optimizer.dense_scale": round(DENSE_RATE / LEARNING_RATE * batch_size, 1),
        "training.optimizer.bias_scale": round(BIAS_RATE / LEARNING_RATE * batch_size, 1),
        "training.optimizer.weight_decay": round(DECAY / LEARNING_RATE * batch_size, 6),
    }
    return load_recipe(recipe, overrides, base={**settings, **rates})
