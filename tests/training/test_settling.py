import pytest

from lensmith.config import Recipe, load_recipe
from lensmith.training import settling
from lensmith.training.settling import settle

RESIZING = [{"until": 0.5, "size": 8}]


def recipe(policy: str | None = None) -> Recipe:
    its = {"training.dtype_policy": policy} if policy else {}
    return load_recipe("mnist-3conv", {**its, "training.progressive_resizing": RESIZING})


@pytest.mark.parametrize(("fast", "policy"), [(True, "mixed_bfloat16"), (False, "float32")])
def test_auto_takes_what_suits_the_machine_and_says_which(fast: bool, policy: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(settling, "multiplies_bfloat16_fast", lambda: fast)
    assert settle(recipe("auto")).training.dtype_policy == policy


@pytest.mark.parametrize("policy", [None, "float32", "mixed_bfloat16"])
def test_what_a_recipe_says_itself_stays(policy: str | None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(settling, "compiles_steps", lambda: True)
    assert settle(recipe(policy)) == recipe(policy)


def test_smaller_images_are_left_out_where_steps_are_not_compiled(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(settling, "compiles_steps", lambda: False)
    assert settle(recipe()).training.progressive_resizing is None
