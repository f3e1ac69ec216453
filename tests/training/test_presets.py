import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from lensmith.backend import make_deterministic, start_keras
from lensmith.config import load_recipe
from lensmith.data import resize
from lensmith.errors import RecipeError
from lensmith.models.efficientnet_lite import backbone, imagenet_weights, set_weights
from lensmith.training import PRESETS, make_augmentation_layers, preset, spell_out

PHOTOS = {"china.jpg": 698, "flower.jpg": 985}
"""Known photos, and the class of ImageNet that each shows."""


def changed(name: str, images: np.ndarray, color: str = "rgb") -> np.ndarray:
    start_keras()
    make_deterministic(1)
    for layer in make_augmentation_layers(preset(name, color)):
        images = np.asarray(layer(images, training=True))
    return images


@pytest.mark.parametrize("name", PRESETS)
def test_what_photos_show_survives(name: str):
    weights, network = imagenet_weights(), backbone((224, 224, 3))
    set_weights(network, weights)
    for photo, place in PHOTOS.items():
        image = resize(load_sample_image(photo), (224, 224), "crop").astype(np.float32)
        features = np.asarray(network(changed(name, np.repeat(image[np.newaxis], 16, axis=0))))
        logits = features @ weights["_fc.weight"].T + weights["_fc.bias"]
        ranks = (logits > logits[:, place : place + 1]).sum(axis=1)
        assert (ranks < 10).mean() >= 0.9, photo


@pytest.mark.parametrize("name", [its for its in PRESETS if its != "none"])
def test_each_image_is_changed_in_its_own_way_and_stays_within_0_to_255(name: str):
    images = np.repeat(np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3)), 8, axis=0).astype(np.float32)
    found = changed(name, images)
    assert found.shape == images.shape
    assert found.min() >= 0
    assert found.max() <= 255
    assert len({its.tobytes() for its in found}) >= 6


def test_stronger_words_change_more():
    images = np.repeat(load_sample_image("china.jpg")[np.newaxis, :224, :224], 16, axis=0).astype(np.float32)
    differences = [float(np.abs(changed(name, images) - images).mean()) for name in PRESETS]
    assert differences == sorted(differences)
    assert differences[0] == 0


def test_gray_images_are_not_mirrored():
    images = np.zeros((64, 16, 16, 1), np.float32)
    images[:, :, :4] = 200
    found = changed("light", images, "grayscale")
    assert (found[:, :, :8].mean(axis=(1, 2, 3)) > found[:, :, 8:].mean(axis=(1, 2, 3))).all()


def test_a_word_is_written_out_in_the_recipe():
    recipe = spell_out(load_recipe("mnist-2conv", {"training.augmentation": "standard"}), "rgb")
    assert [its.class_name for its in recipe.training.augmentation] == [
        its["class_name"] for its in PRESETS["standard"]
    ]
    among = {"training.augmentation": ["AlternatingFlip", "none", "light"]}
    mixed = spell_out(load_recipe("mnist-2conv", among), "grayscale").training.augmentation
    assert [its.class_name for its in mixed] == ["AlternatingFlip", "RandomTranslation"]
    plain = load_recipe("mnist-2conv")
    assert spell_out(plain, "rgb") is plain


@pytest.mark.parametrize(("written", "nearest"), [("standart", "standard"), ("Shfit", "Shift")])
def test_a_misspelt_word_is_answered_with_the_nearest_of_ours(written: str, nearest: str):
    described = load_recipe("mnist-2conv", {"training.augmentation": written}).training.augmentation
    with pytest.raises(
        RecipeError, match=rf"augmentation\.0: no augmentation named '{written}'\. Did you mean '{nearest}'"
    ):
        make_augmentation_layers(described)


def test_a_misspelt_layer_of_keras_is_answered_with_the_nearest_of_keras():
    described = load_recipe("mnist-2conv", {"training.augmentation": "RandomFlp"}).training.augmentation
    with pytest.raises(RecipeError, match=r"keras\.layers has no 'RandomFlp'\. Did you mean 'RandomFlip'"):
        make_augmentation_layers(described)
