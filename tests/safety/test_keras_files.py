import inspect
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tests.safety import evil_models

from lensmith.backend import load_model
from lensmith.errors import UnsafeFile
from lensmith.runs import create_run
from lensmith.safety.keras_files import REFUSED


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return evil_models.write(tmp_path_factory.mktemp("evil"))


NAMES = [
    *evil_models.CHANGES,
    *evil_models._packings({"config.json": b"", "model.weights.h5": b""}),
    *evil_models._others(),
]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_refused_and_does_nothing(
    name: str, evil: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnsafeFile) as refused:
        load_model(evil[name])
    assert str(evil[name]) in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_these_are_all_and_enough(evil: dict[str, Path]):
    assert list(evil) == NAMES
    assert len(NAMES) > 60


def test_the_one_they_were_made_of_is_read_without_how_it_was_compiled(evil: dict[str, Path], tmp_path: Path):
    good = next(iter(evil.values())).parent / "good.keras"
    members = evil_models.members_of(good)
    config = json.loads(members["config.json"])
    # As much memory as this metric would take is nowhere.
    config["compile_config"]["metrics"] = [evil_models.layer("MeanIoU", "keras.metrics", num_classes=2**24)]
    evil_models.pack(tmp_path / "large.keras", [*{**members, "config.json": json.dumps(config).encode()}.items()])
    model, whole = load_model(tmp_path / "large.keras"), load_model(good, trusted=True)
    assert not model.compiled
    assert whole.optimizer.iterations == 1
    assert all((a == b).all() for a, b in zip(model.get_weights(), whole.get_weights(), strict=True))


def test_one_that_is_trusted_is_not_looked_into(evil: dict[str, Path], tmp_path: Path):
    run = create_run("x", "a", tmp_path)
    evil["program"].rename(run.keras_file)
    with pytest.raises(UnsafeFile, match=r"its member 'evil\.py' does not belong into such a file"):
        _ = run.model
    assert type(run)(run.path, trusted=True).model.count_params() > 0
    run.keras_file.rename(evil["program"])


def test_a_link_out_of_the_run_is_refused(evil: dict[str, Path], tmp_path: Path):
    run = create_run("x", "a", tmp_path)
    run.keras_file.symlink_to(next(iter(evil.values())).parent / "good.keras")
    with pytest.raises(UnsafeFile, match=r"is a link to .*outside the run"):
        _ = run.model


ARGUMENTS: dict[str, dict[str, Any]] = {
    "Dot": {"axes": -1},
    "GroupNormalization": {"groups": 1},
    "RandomPosterization": {"factor": 4},
    "ReversibleEmbedding": {"input_dim": 5, "output_dim": 2},
    "STFTSpectrogram": {"frame_length": 4, "fft_length": 4},
    "Activation": {"activation": "relu"},
    "ActivityRegularization": {"l1": 0.1},
    "AugMix": {},
    "CategoryEncoding": {"num_tokens": 5},
    "CenterCrop": {"height": 4, "width": 4},
    "Cropping1D": {"cropping": 1},
    "Cropping2D": {"cropping": 1},
    "Cropping3D": {"cropping": 1},
    "Discretization": {"bin_boundaries": [0.1, 0.5]},
    "EinsumDense": {"equation": "ab,bc->ac", "output_shape": 3},
    "Hashing": {"num_bins": 3},
    "IntegerLookup": {"vocabulary": [1, 2, 3]},
    "Lambda": {},
    "Normalization": {"mean": 0.0, "variance": 1.0},
    "Permute": {"dims": (2, 1)},
    "RepeatVector": {"n": 2},
    "Rescaling": {"scale": 0.5},
    "Reshape": {"target_shape": (2, 2)},
    "Resizing": {"height": 4, "width": 4},
    "StringLookup": {"vocabulary": ["a", "b"]},
    "TextVectorization": {"vocabulary": ["a", "b"]},
    "Embedding": {"input_dim": 5, "output_dim": 2},
    "UnitNormalization": {},
}
USUAL: dict[str, Any] = {
    "units": 3, "filters": 2, "kernel_size": 2, "rate": 0.2, "stddev": 0.1, "factor": 0.2, "height": 4, "width": 4,
    "padding": "same", "num_heads": 2, "key_dim": 2, "num_query_heads": 2, "num_key_value_heads": 1, "head_dim": 2,
    "groups": 1, "max_value": 5.0, "height_factor": 0.1, "width_factor": 0.1, "output_size": 2, "value_range": (0, 255),
    "num_bins": 5, "pool_size": 2,
}  # fmt: skip
SHAPES = [(4,), (6, 4), (8, 8, 3), (4, 8, 8, 3), (2, 4, 4, 4, 3)]
WRAPPED = {
    "Bidirectional": lambda: keras.layers.Bidirectional(keras.layers.LSTM(2)),
    "RNN": lambda: keras.layers.RNN(keras.layers.GRUCell(2)),
    "SpectralNormalization": lambda: keras.layers.SpectralNormalization(keras.layers.Dense(2)),
    "StackedRNNCells": lambda: keras.layers.RNN(keras.layers.StackedRNNCells([keras.layers.LSTMCell(2)])),
    "TimeDistributed": lambda: keras.layers.TimeDistributed(keras.layers.Dense(2)),
    "Wrapper": None,
}
NOT_ALONE = {
    # Those of several inputs are in networks of their own below; these make no network of images by themselves.
    # Keras 3.15 itself cannot read what it has saved of Equalization: its output is its input, a cycle.
    "InputLayer", "Layer", "Wrapper", "InputSpec", "Pipeline", "SimpleRNNCell", "LSTMCell", "GRUCell", "Equalization",
}  # fmt: skip
MERGING = {"Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"}
ATTENDING = {"Attention", "AdditiveAttention", "MultiHeadAttention", "GroupQueryAttention"}


def built_in_layers() -> list[str]:
    classes = {
        name for name, its in vars(keras.layers).items() if inspect.isclass(its) and issubclass(its, keras.Layer)
    }
    return sorted(classes - NOT_ALONE - REFUSED.keys())


def crossing() -> keras.Model:
    sides = [keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")]
    return keras.Model(sides, keras.layers.HashedCrossing(5)(sides))


def boxing() -> keras.Model:
    boxes = {"boxes": keras.Input((5, 4), name="boxes"), "labels": keras.Input((5,), name="labels")}
    inputs = {"images": keras.Input((8, 8, 3), name="images"), "bounding_boxes": boxes}
    return keras.Model(inputs, keras.layers.MaxNumBoundingBoxes(3)(inputs))


OF_SEVERAL_INPUTS = {"HashedCrossing": crossing, "MaxNumBoundingBoxes": boxing}


def network_of(name: str) -> keras.Model:
    if name in OF_SEVERAL_INPUTS:
        return OF_SEVERAL_INPUTS[name]()
    kind = getattr(keras.layers, name)
    if name in MERGING or name in ATTENDING:
        inputs = keras.Input((6, 4))
        sides = [keras.layers.Dense(4)(inputs), keras.layers.Dense(4)(inputs)]
        made = made_of(name, kind)
        return keras.Model(
            inputs, made(sides) if name not in ("MultiHeadAttention", "GroupQueryAttention") else made(*sides)
        )
    problem: Exception | None = None
    for shape in SHAPES:
        try:
            layer = WRAPPED[name]() if name in WRAPPED else made_of(name, kind)
            return keras.Sequential([keras.Input(shape, dtype=dtype_of(name)), layer])
        except Exception as error:
            problem = error
    raise AssertionError(f"{name} takes none of the shapes") from problem


def made_of(name: str, kind: Any) -> Any:
    wanted = inspect.signature(kind.__init__).parameters.values()
    missing = {its.name: USUAL[its.name] for its in wanted if its.default is its.empty and its.name in USUAL}
    return kind(**ARGUMENTS.get(name, missing))


def dtype_of(name: str) -> str:
    if name in ("StringLookup", "TextVectorization", "Hashing"):
        return "string"
    return "int32" if name in ("Embedding", "ReversibleEmbedding", "IntegerLookup", "CategoryEncoding") else "float32"


@pytest.mark.parametrize("name", built_in_layers())
def test_no_network_of_keras_own_layers_is_refused(name: str, tmp_path: Path):
    network = network_of(name)
    network.save(tmp_path / "model.keras")
    assert [type(its) for its in load_model(tmp_path / "model.keras").layers] == [type(its) for its in network.layers]


def test_operations_between_layers_and_shared_and_nested_networks_are_no_code(tmp_path: Path):
    inputs = keras.Input((8, 8, 3))
    inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(3, 3, padding="same", activation="gelu")])
    twice = inner(inner(inputs)) + inputs * 2.0
    features = keras.ops.mean(keras.ops.relu(twice), axis=(1, 2))
    model = keras.Model(inputs, keras.layers.Dense(2, kernel_regularizer="l2", kernel_constraint="max_norm")(features))
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    model.compile(keras.optimizers.AdamW(schedule), keras.losses.Huber(), metrics=["mae", keras.metrics.AUC()])
    model.train_on_batch(np.ones((2, 8, 8, 3)), np.ones((2, 2)))
    model.save(tmp_path / "model.keras")
    images = np.random.default_rng(0).random((3, 8, 8, 3))
    np.testing.assert_allclose(load_model(tmp_path / "model.keras")(images), model(images), atol=1e-6)


@pytest.mark.parametrize("name", ["MobileNetV3Small", "EfficientNetB0", "ResNet50"])
def test_networks_of_keras_applications_are_let_through(name: str, tmp_path: Path):
    network = getattr(keras.applications, name)(weights=None, input_shape=(32, 32, 3), classes=5)
    network.save(tmp_path / "model.keras")
    assert load_model(tmp_path / "model.keras").count_params() == network.count_params()
