"""Recipes: their schema, and reading them from TOML with overrides. Plain Python: no Keras."""

from lensmith.config.files import load_recipe, parse_settings, recipe_names, to_toml
from lensmith.config.recipe import (
    DataConfig,
    EarlyStopping,
    EvaluationConfig,
    KerasObject,
    ModelConfig,
    Recipe,
    SmallerImages,
    TrainingConfig,
    WeightAveraging,
)

__all__ = [
    "DataConfig",
    "EarlyStopping",
    "EvaluationConfig",
    "KerasObject",
    "ModelConfig",
    "Recipe",
    "SmallerImages",
    "TrainingConfig",
    "WeightAveraging",
    "load_recipe",
    "parse_settings",
    "recipe_names",
    "to_toml",
]
