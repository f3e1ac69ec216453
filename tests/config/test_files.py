from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lensmith.config import Recipe, load_recipe, parse_settings, recipe_names, to_toml
from lensmith.errors import RecipeError

MODEL = '[model]\nbuilder = "small-cnn"\n'


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return tmp_path / "mine.toml"


def from_text(file: Path, text: str, **arguments: Any) -> Recipe:
    file.write_text(text, encoding="utf-8")
    return load_recipe(file, **arguments)


def test_the_tutorials_and_auto_are_packaged() -> None:
    tutorials = {"cifar-3conv", "mnist-3conv", "cifar-mlp", "cifar-2conv", "mnist-2conv", "cifar-bn-dropout"}
    assert {"auto", "cifar-2conv-bn-dropout", *tutorials} <= set(recipe_names())
    assert recipe_names() == sorted(recipe_names())


def test_the_networks_that_tutorial_c_compares_have_the_same_data_and_budget() -> None:
    mlp, plain, improved = map(load_recipe, ("cifar-mlp", "cifar-2conv", "cifar-2conv-bn-dropout"))
    assert mlp.data == plain.data == improved.data
    assert mlp.training == plain.training == improved.training


def test_a_recipe_is_called_by_its_file(mine: Path) -> None:
    assert load_recipe("mnist-3conv").name == "mnist-3conv"
    assert from_text(mine, MODEL).name == "mine"


@pytest.mark.parametrize("start", ["\ufeff", "# café ☕\n", "\r\n"])
def test_what_editors_put_into_a_file_does_no_harm(mine: Path, start: str) -> None:
    assert from_text(mine, start + MODEL).model.builder == "small-cnn"


def test_the_ending_may_be_in_capitals(tmp_path: Path) -> None:
    assert from_text(tmp_path / "MINE.TOML", MODEL).name == "MINE"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match=r"^No recipe named 'mnist-3con'\. Did you mean 'mnist-3conv'\?"):
        load_recipe("mnist-3con")
    with pytest.raises(RecipeError, match=r"^No recipe named ''\. Known: auto, .* must end in \.toml"):
        load_recipe("")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"^No recipe file .*nowhere\.toml\.$"):
        load_recipe(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("name", ["folder", "folder.toml"])
def test_a_folder_is_no_recipe(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(RecipeError, match=rf"{name} is a folder\. Give a \.toml file"):
        load_recipe(tmp_path / name)


def test_a_file_that_is_no_text_is_named(mine: Path) -> None:
    mine.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match=r"mine\.toml cannot be read"):
        load_recipe(mine)


@pytest.mark.parametrize("text", ["[training\nepochs = 3", "epochs == 3", "a = 1\na = 2", "a ="])
def test_what_is_no_toml_is_said_with_its_line(mine: Path, text: str) -> None:
    with pytest.raises(RecipeError, match=r"mine\.toml is not valid TOML: .*(line \d|end of document)"):
        from_text(mine, text)


def test_a_wrong_key_is_said_with_its_file(mine: Path) -> None:
    with pytest.raises(RecipeError, match=r"^Recipe .*mine\.toml: there is no key 'training\.epoch'\. Did you mean"):
        from_text(mine, MODEL + "[training]\nepoch = 3")


def test_the_name_cannot_be_set() -> None:
    with pytest.raises(RecipeError, match="there is no key 'name'"):
        load_recipe("auto", {"name": "other"})


def test_settings_are_taken_apart_at_their_first_sign() -> None:
    given = ["training.epochs=3", " seed = 1 ", "description=a = b", "source=", "seed=2"]
    assert parse_settings(given) == {"training.epochs": "3", "seed": "2", "description": "a = b", "source": ""}
    assert parse_settings([]) == {}


@pytest.mark.parametrize("setting", ["training.epochs", "=3", " = 3", ""])
def test_a_setting_without_key_or_value_says_what_one_looks_like(setting: str) -> None:
    with pytest.raises(RecipeError, match=r"has no key and value\. Expected section\.key=value, such as training"):
        parse_settings([setting])


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("training.epochs", "3", 3),
        ("training.epochs", "1_000", 1000),
        ("data.validation", "0.25", 0.25),
        ("data.validation", "1e-3", 0.001),
        ("data.image_size", "96", 96),
        ("data.image_size", "[64, 96]", [64, 96]),
        ("data.image_size", "auto", "auto"),
        ("data.color", "grayscale", "grayscale"),
        ("data.color", '"grayscale"', "grayscale"),
        ("training.tensorboard", "true", True),
        ("description", "two words, and more = 3", "two words, and more = 3"),
        ("description", "1\nb = 2", "1\nb = 2"),
        ("description", '"1"', "1"),
        ("description", "", ""),
        ("training.optimizer.class_name", "SGD", "SGD"),
        ("training.early_stopping.patience", "3", 3),
        ("model.layers.0.filters", "8", 8),
        ("model.layers.0.class_name", "Conv2DTranspose", "Conv2DTranspose"),
    ],
)
def test_a_setting_in_text_becomes_the_value_it_is(key: str, text: str, value: object) -> None:
    found: Any = load_recipe("mnist-2conv", {key: text}).model_dump()
    for part in key.split("."):
        found = found[int(part) if part.isdecimal() else part]
    assert found == value
    assert type(found) is type(value)


def test_a_table_in_text_replaces_the_whole_table() -> None:
    optimizer = '{class_name = "SGD", learning_rate = {class_name = "CosineDecay", initial_learning_rate = 0.1}}'
    recipe = load_recipe("auto", {"training.optimizer": optimizer})
    schedule = {"class_name": "CosineDecay", "initial_learning_rate": 0.1}
    assert recipe.training.optimizer.class_name == "SGD"
    assert recipe.training.optimizer.arguments == {"learning_rate": schedule}


def test_a_key_inside_a_table_leaves_the_rest_of_it() -> None:
    recipe = load_recipe("auto", {"training.optimizer.learning_rate.initial_learning_rate": "0.1"})
    plain = load_recipe("auto").training.optimizer.arguments
    schedule = {**plain["learning_rate"], "initial_learning_rate": 0.1}
    assert recipe.training.optimizer.arguments == {**plain, "learning_rate": schedule}


def test_a_setting_reaches_into_a_list_and_leaves_the_rest_of_it() -> None:
    plain, changed = load_recipe("mnist-2conv"), load_recipe("mnist-2conv", {"model.layers.2.filters": 8})
    assert changed.model.layers[2].arguments == {**plain.model.layers[2].arguments, "filters": 8}
    assert [*changed.model.layers[:2], *changed.model.layers[3:]] == [*plain.model.layers[:2], *plain.model.layers[3:]]


def test_all_layers_can_be_set_at_once() -> None:
    recipe = load_recipe("mnist-2conv", {"model.layers": '["Flatten", {class_name = "Dense", units = "num_classes"}]'})
    assert [layer.class_name for layer in recipe.model.layers] == ["Flatten", "Dense"]


def test_short_forms_set_the_keys_they_stand_for(mine: Path) -> None:
    short = {"epochs": 7, "batch_size": "8", "learning_rate": "0.5"}
    recipe = from_text(mine, MODEL + '[training]\noptimizer = "SGD"', overrides=short)
    assert (recipe.training.epochs, recipe.training.batch_size) == (7, 8)
    assert recipe.training.optimizer.class_name == "SGD"
    assert recipe.training.optimizer.arguments == {"learning_rate": 0.5}


def test_arguments_without_a_class_are_those_of_the_default_optimizer_and_loss(mine: Path) -> None:
    overrides = {"learning_rate": 0.5, "training.loss.label_smoothing": 0.1}
    training = from_text(mine, MODEL, overrides=overrides).training
    assert (training.optimizer.class_name, training.optimizer.arguments) == ("Adam", {"learning_rate": 0.5})
    assert training.loss.class_name == "CategoricalCrossentropy"
    assert training.loss.arguments == {"label_smoothing": 0.1}


def test_a_learning_rate_replaces_the_recipes_schedule() -> None:
    assert load_recipe("auto", {"learning_rate": 0.5}).training.optimizer.arguments["learning_rate"] == 0.5


@pytest.mark.parametrize("keys", [("learning_rate", "training.optimizer"), ("training.optimizer", "learning_rate")])
def test_a_table_is_laid_before_what_is_in_it_in_any_order(keys: tuple[str, str]) -> None:
    given = {"learning_rate": 0.5, "training.optimizer": "SGD"}
    optimizer = load_recipe("auto", {key: given[key] for key in keys}).training.optimizer
    assert (optimizer.class_name, optimizer.arguments) == ("SGD", {"learning_rate": 0.5})


def test_precedence_is_defaults_then_file_then_base_then_overrides(mine: Path) -> None:
    def epochs(text: str = "", base: int | None = None, override: int | None = None) -> int:
        recipe = from_text(
            mine,
            MODEL + text,
            base={} if base is None else {"training.epochs": base},
            overrides={} if override is None else {"epochs": override},
        )
        return recipe.training.epochs

    in_file = "[training]\nepochs = 11"
    assert epochs() == 5
    assert epochs(in_file) == 11
    assert epochs(in_file, base=12) == 12
    assert epochs(in_file, base=12, override=13) == 13
    assert epochs(in_file, override=13) == 13


def test_an_override_of_a_whole_table_beats_what_base_puts_into_it() -> None:
    recipe = load_recipe("auto", {"training.optimizer": "SGD"}, base={"training.optimizer.learning_rate": 0.5})
    assert recipe.training.optimizer.arguments == {}


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("seed.x", "'seed' is 3, not a table"),
        ("training.epochs.x", "'epochs' is 5, not a table"),
        ("model.layers.99.filters", "'99' is no place in a list of 6"),
        ("model.layers.first.filters", "'first' is no place in a list of 6"),
        ("model.layers.6", "'6' is no place in a list of 6"),
        ("", "names no key"),
        (".", "names no key"),
        ("training.", "names no key"),
        ("training..epochs", "names no key"),
        ("trainig.epochs", "there is no key 'trainig'. Did you mean 'training'"),
        ("training.epoch", "there is no key 'training.epoch'. Did you mean 'epochs'"),
    ],
)
def test_a_setting_that_leads_nowhere_is_named(key: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe("mnist-2conv", {"seed": 3, key: "3"})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        ((1, 2), [1, 2]),
        (np.array([1, 2]), [1, 2]),
        ({"class_name": "A", "alpha": np.float64(0.5), "name": None}, {"class_name": "A", "alpha": 0.5}),
    ],
)
def test_what_python_callers_give_becomes_what_a_file_can_hold(value: object, plain: object, mine: Path) -> None:
    recipe = load_recipe("mnist-2conv", {"learning_rate": value})
    assert recipe.training.optimizer.arguments == {"learning_rate": plain}
    assert from_text(mine, to_toml(recipe)).training == recipe.training


def test_a_size_may_be_a_tuple() -> None:
    assert load_recipe("auto", {"data.image_size": (8, 9)}).data.image_size == [8, 9]


def test_none_takes_a_key_out(mine: Path) -> None:
    text = MODEL + "[training]\nepochs = 11\nearly_stopping = { patience = 3 }"
    recipe = from_text(mine, text, overrides={"training.early_stopping": None, "epochs": None})
    assert recipe.training.early_stopping is None
    assert recipe.training.epochs == 5


@pytest.mark.parametrize("value", [object(), {"class_name": object()}, [print]])
def test_a_python_object_is_refused_with_what_to_write_instead(value: object) -> None:
    with pytest.raises(RecipeError, match=r"^training\.optimizer.* which no recipe file can hold\. .*class_name"):
        load_recipe("auto", {"training.optimizer": value})


def test_overrides_do_not_change_what_the_caller_gave() -> None:
    optimizer: dict[str, object] = {"class_name": "SGD"}
    load_recipe("auto", {"training.optimizer": optimizer, "learning_rate": 0.5})
    assert optimizer == {"class_name": "SGD"}


def test_a_resolved_recipe_reads_back_to_an_equal_one(tmp_path: Path) -> None:
    overrides = {
        "training.early_stopping.patience": 3,
        "training.augmentation": [{"class_name": "RandomFlip", "mode": "horizontal"}],
        "training.metrics": ["AUC"],
        "description": 'quotes " and \\ and\nlines',
        "data.image_size": (8, 9),
        "evaluation.tta": "flip",
        "seed": 2**32 - 1,
    }
    recipe = load_recipe("auto", overrides)
    assert from_text(tmp_path / "auto.toml", to_toml(recipe)) == recipe


def test_a_table_added_later_is_not_written_where_it_says_nothing() -> None:
    assert "evaluation" not in to_toml(load_recipe("auto"))
    assert to_toml(load_recipe("auto", {"evaluation.tta": "none"})) == to_toml(load_recipe("auto"))
    assert to_toml(load_recipe("auto", {"evaluation.tta": "flip"})).endswith('[evaluation]\ntta = "flip"\n')


@pytest.mark.parametrize("recipe", ["fast", "mnist-3conv", "transfer"])
def test_another_builder_takes_nothing_over_from_the_network_it_replaces(recipe: str) -> None:
    base = {"model.arguments.widths": [16, 32]} if recipe == "fast" else {}
    model = load_recipe(recipe, {"model.builder": "resnet", "model.arguments.depth": 3}, base).model
    assert (model.builder, model.arguments, model.weights, model.layers) == ("resnet", {"depth": 3}, None, [])


@pytest.mark.parametrize("written", ["fast-cnn", '"fast-cnn"'])
def test_arguments_of_the_builder_that_is_there_stay_beside_new_ones(written: str) -> None:
    model = load_recipe("fast", {"model.builder": written, "model.arguments.widths": [8, 8]}).model
    assert model.arguments == {"activation": "silu", "widths": [8, 8]}
