"""The schema of a recipe: everything that decides what a run does, but for the images themselves.

Keras objects are written as tables with a `class_name` and the arguments of that class beside it; only
Keras knows which arguments a class takes, so they are checked by Keras when the object is made.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


class Table(BaseModel):
    """Base of every table of a recipe whose keys are ours: no others, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _from_short_form(value: Any) -> Any:
    if isinstance(value, str):
        return {"class_name": value}
    if not isinstance(value, (dict, _KerasTable)):
        raise ValueError("the name of a Keras class, or a table with its class_name")
    return value


class _KerasTable(BaseModel):
    """A Keras object by the name of its class; every other key is an argument of that class."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    class_name: str

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments as written, without the class name."""
        return dict(self.model_extra or {})


KerasObject = Annotated[_KerasTable, BeforeValidator(_from_short_form)]
"""`"RMSprop"`, or `{class_name = "RMSprop", learning_rate = 0.001}`."""


def _class_unless_named(class_name: str) -> BeforeValidator:
    """Let a table without a `class_name` hold arguments of the default class."""
    return BeforeValidator(lambda value: {"class_name": class_name, **value} if isinstance(value, dict) else value)


Pixels = Annotated[int, Field(ge=1, le=4096)]


class DataConfig(Table):
    """How images become arrays, and how data that does not come split is split."""

    image_size: Pixels | Annotated[list[Pixels], Field(min_length=2, max_length=2)] | Literal["auto"] = "auto"
    """One number, `[height, width]`, or `auto`: the images' own size when they all share a small one."""
    photo_size: Pixels = 96
    """What `auto` brings all others to, height and width."""
    color: Literal["auto", "rgb", "grayscale"] = "auto"
    resize: Literal["stretch", "crop", "pad"] = "stretch"
    validation: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Fraction of the training images held out for model selection; 0 trains on all of them."""
    test: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Fraction of all images held out for the test, when the data does not come with a test split."""
    split_seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Of these splits; not the recipe's seed, so that trainings with other seeds are tested on the same images."""
    group: Literal["none", "name", "time"] = "none"
    """Files that no split tears apart: those whose names differ in a counter, or those taken right after each other."""


class ModelConfig(Table):
    """The network: layer by layer, or a registered builder with its arguments."""

    layers: list[KerasObject] = []
    builder: str | None = None
    arguments: dict[str, Any] = {}
    weights: str | None = None
    """`imagenet`, or a file, for a builder that begins with trained weights."""
    rescale: bool = True
    """Begin with a layer that turns pixels 0 to 255 into 0 to 1."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "ModelConfig":
        if bool(self.layers) == bool(self.builder):
            raise ValueError("either layers ([[model.layers]]) or a builder (model.builder = ...)")
        for name in ("arguments", "weights"):
            if getattr(self, name) and not self.builder:
                raise ValueError(f"no {name} without a builder (model.builder = ...)")
        return self


class EarlyStopping(Table):
    """Stop when no epoch has been better, by validation accuracy and then loss, for a while."""

    patience: Annotated[int, Field(ge=1)]
    """Epochs without improvement that are waited for."""


class Transfer(Table):
    """Begin with a trained network: its last layer is fitted alone, to what the others make of the images."""

    unfrozen: Annotated[int, Field(ge=0)] = 0
    """How many of the last convolutions the epochs after that train, too; what comes before them stays as it is."""


class WeightAveraging(Table):
    """Keep, as the model, a moving average of the weights and of the statistics of batch normalisation."""

    decay: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """Share of the average that each update keeps."""
    every: Annotated[int, Field(ge=1)] = 5
    """Steps from one update to the next."""


class SmallerImages(Table):
    """A part of the training that is done on smaller images, which costs less."""

    until: Annotated[float, Field(gt=0, lt=1)]
    """Share of all steps at which it ends."""
    size: Pixels
    """Height and width; a network that ends in global pooling takes any."""


DEFAULT_LOSS = "CategoricalCrossentropy"


class TrainingConfig(Table):
    """How the network is fitted."""

    epochs: Annotated[
        int | float,
        Field(ge=0, le=1_000_000),
        BeforeValidator(lambda epochs: int(epochs) if str(epochs).endswith(".0") else epochs),
    ] = 5
    """The last may be a part of one: 1.5 epochs are so many steps. 0 where `transfer` fits the last layer only."""
    batch_size: Annotated[int, Field(ge=1)] = 64
    optimizer: Annotated[KerasObject, _class_unless_named("Adam")] = _KerasTable(class_name="Adam")
    loss: Annotated[KerasObject, _class_unless_named(DEFAULT_LOSS)] = _KerasTable(class_name=DEFAULT_LOSS)
    metrics: list[KerasObject] = []
    """Keras metrics beside accuracy, which is always measured."""
    augmentation: Annotated[
        list[KerasObject], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)
    ] = []
    """Ours by name, then Keras' layers, on raw pixels 0 to 255, while training only; never in the saved model. Or a
    word for several of these: `none`, `light`, `standard`, `strong`."""
    dtype_policy: Literal["auto", "float32", "mixed_bfloat16"] | None = None
    """What the network computes in while training; float32 by default, `auto` takes what is fastest here."""
    progressive_resizing: list[SmallerImages] | None = None
    """Begin with smaller images; each part ends later than the one before it."""
    weight_averaging: WeightAveraging | None = None
    transfer: Transfer | None = None
    class_weights: Literal["balanced"] | None = None
    """Let the images of small classes count for more in the loss, so that all classes count the same."""
    shuffle: bool = True
    """See the images in another order each epoch; else always in the order of the data."""
    sampling: Literal["balanced"] | None = None
    """Let each class come as often in an epoch: images of small ones several times, of large ones not all."""
    selection: Literal["accuracy", "balanced_accuracy"] = "accuracy"
    """What of the validation images chooses the best epoch; balanced is the mean over the classes."""
    early_stopping: EarlyStopping | None = None
    tensorboard: bool = False
    checkpoint_seconds: float = Field(60.0, gt=0)
    """Keep the whole state so often within an epoch; at its end it is kept in any case."""

    @model_validator(mode="after")
    def _something_to_train(self) -> "TrainingConfig":
        if not self.epochs and not self.transfer:
            raise ValueError("more than 0 epochs, which only training.transfer can do without")
        return self

    @model_validator(mode="after")
    def _parts_in_order(self) -> "TrainingConfig":
        ends = [its.until for its in self.progressive_resizing or []]
        if ends != sorted(set(ends)):
            raise ValueError("parts of progressive_resizing that each end later than the one before")
        return self


class EvaluationConfig(Table):
    """How the trained network is measured."""

    tta: Literal["none", "flip", "shift"] = "none"
    """Test-time augmentation that is measured beside the plain answers."""


class Recipe(Table):
    """A whole recipe, as it stands in a TOML file and in the run folder."""

    name: str = Field(default="", exclude=True)
    description: str = ""
    source: str = ""
    """Where the recipe comes from: a paper, a tutorial."""
    published_test_accuracy: Annotated[float, Field(ge=0, le=1)] | None = None
    """A fraction, for `benchmarks/tutorials.py` to put beside what it measures."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    data: DataConfig = DataConfig()
    model: ModelConfig
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
