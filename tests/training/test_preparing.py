from pathlib import Path

import pytest
from tests.training.small_network import recipe

from lensmith.data import Dataset, open_dataset
from lensmith.errors import LensmithError, RecipeError
from lensmith.training import prepare


@pytest.fixture(scope="module")
def dataset(stripes_folder: Path) -> Dataset:
    return open_dataset(stripes_folder, recipe().data)


@pytest.mark.parametrize(
    "setting", [{"training__early_stopping": {"patience": 1}}, {"training__selection": "balanced_accuracy"}]
)
def test_what_needs_validation_images_is_refused_without_them(setting: dict, stripes_folder: Path):
    its = recipe(data__validation=0.0, **setting)
    with pytest.raises(RecipeError, match="needs validation images"):
        prepare(open_dataset(stripes_folder, its.data), its)


def test_an_optimizer_that_cannot_take_a_step_is_refused_before_training(dataset: Dataset):
    with pytest.raises(RecipeError, match=r"training\.optimizer"):
        prepare(dataset, recipe(training__optimizer={"class_name": "Adam", "beta_1": "much"}))


def test_a_layers_own_dtype_is_kept_where_the_recipe_names_no_policy(dataset: Dataset):
    mixed = {"class_name": "Dense", "units": 4, "dtype": "mixed_bfloat16"}
    last = {"class_name": "Dense", "units": "num_classes", "activation": "softmax"}
    prepared = prepare(dataset, recipe(model__layers=[{"class_name": "Flatten"}, mixed, last]))
    assert [its.compute_dtype for its in prepared.network.layers[-3:]] == ["float32", "bfloat16", "float32"]


def test_smaller_images_that_the_network_cannot_take_are_refused_before_there_is_a_run(dataset: Dataset):
    with pytest.raises(RecipeError, match=r"progressive_resizing: the network cannot work on images of 8x8"):
        prepare(dataset, recipe(training__progressive_resizing=[{"until": 0.5, "size": 8}]))


def test_tensorboard_is_asked_for_before_training(dataset: Dataset, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(LensmithError, match=r"pip install 'lensmith\[tensorboard\]'"):
        prepare(dataset, recipe(training__tensorboard=True))
