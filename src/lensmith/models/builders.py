"""The registry of builders: networks whose layers depend on the images and classes they are for."""

from collections.abc import Callable
from typing import Any

from lensmith.errors import RecipeError
from lensmith.registry import Registry

Builder = Callable[..., list[Any]]
BUILDERS: Registry[Builder] = Registry("model", RecipeError)
