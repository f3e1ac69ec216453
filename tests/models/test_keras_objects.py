import inspect
from typing import Any

import keras
import pytest

from lensmith.errors import RecipeError
from lensmith.models.keras_objects import (
    REFUSED_LAYERS,
    argument_problem,
    explain_refusal,
    find_class,
    leaves_decay_steps_open,
    make_keras_object,
    module_of_argument,
    parameters_of,
)
from lensmith.pieces.layers import Conv2D


def make(module: str, class_name: str, **arguments: Any) -> Any:
    return make_keras_object(module, class_name, arguments, "here")


def refusal(module: str, class_name: str, **arguments: Any) -> str:
    with pytest.raises(RecipeError) as caught:
        make(module, class_name, **arguments)
    return str(caught.value)


def made_without_arguments(module: str) -> list[str]:
    """Names in a Keras module of the classes that Keras makes without arguments."""
    names = []
    for name, kind in vars(getattr(keras, module)).items():
        if inspect.isclass(kind) and name not in REFUSED_LAYERS:
            try:
                kind()
            except Exception:  # every class has its own way to refuse
                continue
            names.append(name)
    return names


@pytest.mark.parametrize("module", ["optimizers", "losses", "metrics", "layers", "initializers", "regularizers"])
def test_every_class_that_needs_no_arguments_is_made(module: str) -> None:
    names = made_without_arguments(module)
    assert len(names) >= 4
    for name in names:
        made = make(module, name)
        assert isinstance(made, getattr(getattr(keras, module), name))


OPTIMIZERS = [
    name
    for name in made_without_arguments("optimizers")
    if "learning_rate" in parameters_of(find_class("optimizers", name))
]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_takes_its_own_arguments_and_a_schedule(name: str) -> None:
    schedule = {"class_name": "ExponentialDecay", "initial_learning_rate": 0.5, "decay_steps": 10, "decay_rate": 0.1}
    made = make("optimizers", name, learning_rate=schedule, clipnorm=2.0)
    assert made.clipnorm == 2.0
    assert float(made.learning_rate) == pytest.approx(0.5)
    assert make("optimizers", name, learning_rate=0.25).get_config()["learning_rate"] == pytest.approx(0.25)


def test_the_optimizers_people_use_are_among_those_tried() -> None:
    assert {"Adam", "AdamW", "Adamax", "Adagrad", "Lion", "Nadam", "RMSprop", "SGD"} <= set(OPTIMIZERS)


@pytest.mark.parametrize(
    ("module", "class_name", "arguments"),
    [
        (
            "layers",
            "Conv2D",
            {"filters": 4, "kernel_size": [3, 5], "padding": "same", "activation": "relu", "use_bias": False},
        ),
        ("layers", "Conv2D", {"filters": 4, "kernel_size": [3, 3], "name": "eyes", "trainable": False}),
        ("layers", "Dense", {"units": 3, "activation": "gelu"}),
        ("layers", "BatchNormalization", {"momentum": 0.5, "epsilon": 0.1}),
        ("layers", "Dropout", {"rate": 0.5, "seed": 3}),
        ("layers", "Rescaling", {"scale": 0.5}),
        ("layers", "RandomRotation", {"factor": [-0.1, 0.1], "fill_mode": "nearest"}),
        ("layers", "LeakyReLU", {"negative_slope": 0.1}),
        ("layers", "Reshape", {"target_shape": [4, 3]}),
        ("losses", "CategoricalCrossentropy", {"label_smoothing": 0.1, "from_logits": True}),
        ("losses", "CategoricalFocalCrossentropy", {"alpha": 0.5, "gamma": 3.0}),
        ("losses", "Tversky", {"alpha": 0.25, "beta": 0.75}),
        ("metrics", "TopKCategoricalAccuracy", {"k": 3, "name": "top3"}),
        ("metrics", "PrecisionAtRecall", {"recall": 0.5}),
        ("metrics", "MeanIoU", {"num_classes": 3}),
        ("initializers", "RandomNormal", {"stddev": 0.5}),
        ("regularizers", "L1L2", {"l1": 0.25, "l2": 0.5}),
        ("optimizers.schedules", "PiecewiseConstantDecay", {"boundaries": [1, 2], "values": [1.0, 0.5, 0.25]}),
        ("optimizers.schedules", "CosineDecay", {"initial_learning_rate": 0.5, "decay_steps": 7, "warmup_steps": 2}),
        ("optimizers", "SGD", {"momentum": 0.5, "nesterov": True, "weight_decay": 0.25, "use_ema": True}),
    ],
)
def test_a_class_keeps_the_arguments_it_is_given(module: str, class_name: str, arguments: dict[str, Any]) -> None:
    config = make(module, class_name, **arguments).get_config()
    kept = {name: config[name] for name in arguments}
    assert {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()} == arguments


@pytest.mark.parametrize(
    ("argument", "described", "kind"),
    [
        ("kernel_initializer", {"class_name": "HeNormal", "seed": 3}, keras.initializers.HeNormal),
        ("kernel_initializer", {"class_name": "he_normal"}, keras.initializers.HeNormal),
        # keras.layers has an Identity, too.
        ("kernel_initializer", {"class_name": "Identity"}, keras.initializers.Identity),
        ("kernel_regularizer", {"class_name": "L2", "l2": 0.25}, keras.regularizers.L2),
        ("bias_constraint", {"class_name": "MaxNorm", "max_value": 3}, keras.constraints.MaxNorm),
        ("activation", {"class_name": "LeakyReLU", "negative_slope": 0.25}, keras.layers.LeakyReLU),
    ],
)
def test_an_argument_may_be_an_object_with_arguments_of_its_own(
    argument: str, described: dict[str, Any], kind: type
) -> None:
    made = getattr(make("layers", "Dense", units=3, **{argument: described}), argument)
    assert type(made) is kind
    for name, value in described.items():
        if name != "class_name":
            assert float(made.get_config()[name]) == value


def test_layers_and_optimizers_nest() -> None:
    wrapped = make("layers", "TimeDistributed", layer={"class_name": "Dense", "units": 3, "kernel_regularizer": "l2"})
    assert wrapped.layer.units == 3
    stack = make("layers", "Pipeline", layers=[{"class_name": "ReLU"}, {"class_name": "Dense", "units": 3}])
    assert [type(layer).__name__ for layer in stack.layers] == ["ReLU", "Dense"]
    scaled = make("optimizers", "LossScaleOptimizer", inner_optimizer={"class_name": "SGD", "momentum": 0.5})
    assert scaled.inner_optimizer.momentum == 0.5


@pytest.mark.parametrize(
    ("module", "name", "kind"),
    [
        ("optimizers", "adam", keras.optimizers.Adam),
        ("optimizers", "rmsprop", keras.optimizers.RMSprop),
        ("optimizers", "ADAMW", keras.optimizers.AdamW),
        ("layers", "conv2d", Conv2D),
        ("layers", "max_pooling2d", keras.layers.MaxPooling2D),
        ("layers", "Convolution2D", keras.layers.Conv2D),
        ("layers", "MaxPool2D", keras.layers.MaxPooling2D),
        ("losses", "categorical_crossentropy", keras.losses.CategoricalCrossentropy),
        ("losses", "mse", keras.losses.MeanSquaredError),
        ("losses", "kl_divergence", keras.losses.KLDivergence),
        ("metrics", "auc", keras.metrics.AUC),
        ("metrics", "bce", keras.metrics.BinaryCrossentropy),
        ("optimizers.schedules", "cosine_decay", keras.optimizers.schedules.CosineDecay),
        ("layers", "deserialize", None),
        ("layers", "__builtins__", None),
        ("losses", "", None),
    ],
)
def test_keras_short_names_find_their_class(module: str, name: str, kind: type | None) -> None:
    assert find_class(module, name) is kind


@pytest.mark.parametrize(
    ("module", "name", "nearest"),
    [
        ("layers", "Conv2Dd", "Conv2D"),
        ("layers", "dens", "Dense"),
        ("optimizers", "Adan", "Adam"),
        ("losses", "CategoricalCrosentropy", "CategoricalCrossentropy"),
        ("metrics", "Precison", "Precision"),
    ],
)
def test_an_unknown_class_is_answered_with_the_nearest(module: str, name: str, nearest: str) -> None:
    assert refusal(module, name) == f"here: keras.{module} has no {name!r}. Did you mean {nearest!r}?"


@pytest.mark.parametrize(
    ("module", "class_name", "arguments", "message"),
    [
        (
            "layers",
            "Conv2D",
            {"filters": 4, "kernal_size": 3},
            "it takes no argument 'kernal_size'. Did you mean 'kernel_size'?",
        ),
        ("layers", "ReLU", {"nam": "a"}, "it takes no argument 'nam'. Did you mean 'name'?"),
        ("layers", "Conv2D", {"filters": 4}, "it needs kernel_size."),
        ("layers", "Conv2D", {}, "it needs filters, kernel_size."),
        ("layers", "Conv2D", {"filters": -4, "kernel_size": 3}, "filters=-4"),
        ("layers", "Conv2D", {"filters": "four", "kernel_size": 3}, "filters = 'four'"),
        ("layers", "Conv2D", {"filters": 4, "kernel_size": 3, "padding": "sam"}, "Received: sam"),
        ("layers", "Dense", {"units": 4, "activation": "rellu"}, "rellu"),
        ("layers", "Dense", {"units": 4, "name": "a/b"}, "name=a/b"),
        ("layers", "Dropout", {"rate": 2.0}, "rate=2.0"),
        (
            "optimizers",
            "Adam",
            {"learning_rat": 0.1},
            "it takes no argument 'learning_rat'. Did you mean 'learning_rate'?",
        ),
        ("optimizers", "Adam", {"trainable": True}, "it takes no argument 'trainable'."),
        ("optimizers", "Adam", {"learning_rate": "fast"}, "learning_rate=fast"),
        ("optimizers", "SGD", {"momentum": 2.0}, "`momentum` must be"),
        ("losses", "Huber", {"delt": 2.0}, "it takes no argument 'delt'. Did you mean 'delta'?"),
        ("metrics", "PrecisionAtRecall", {}, "it needs recall."),
    ],
)
def test_a_wrong_argument_names_class_argument_and_nearest(
    module: str, class_name: str, arguments: dict[str, Any], message: str
) -> None:
    told = refusal(module, class_name, **arguments)
    assert told.startswith(f"here, {class_name}: ")
    assert message in told


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (
            {"class_name": "CosineDekay"},
            ": keras.optimizers.schedules has no 'CosineDekay'. Did you mean 'CosineDecay'?",
        ),
        ({"class_name": 3}, ": keras.optimizers.schedules has no '3'."),
        ({"class_name": "Adam"}, ": keras.optimizers.schedules has no 'Adam'."),
        (
            {"class_name": "CosineDecay", "decay_step": 3},
            ", CosineDecay: it takes no argument 'decay_step'. Did you mean 'decay_steps'?",
        ),
        ({"class_name": "CosineDecay"}, ", CosineDecay: it needs initial_learning_rate, decay_steps."),
    ],
)
def test_a_wrong_argument_of_a_nested_object_is_named_by_its_whole_key(schedule: dict[str, Any], message: str) -> None:
    assert refusal("optimizers", "Adam", learning_rate=schedule).startswith(f"here.learning_rate{message}")


@pytest.mark.parametrize("name", [*REFUSED_LAYERS, "lambda", "LAMBDA", "tfsm_layer", "jaxlayer"])
def test_layers_that_hold_code_or_bind_to_one_backend_are_refused(name: str) -> None:
    assert refusal("layers", name, function="x").startswith("here: a recipe may not use ")


@pytest.mark.parametrize(
    ("class_name", "arguments", "where"),
    [
        ("TimeDistributed", {"layer": {"class_name": "Lambda", "function": "x"}}, "here.layer"),
        ("Dense", {"units": 3, "activation": {"class_name": "lambda", "function": "x"}}, "here.activation"),
        ("Pipeline", {"layers": [{"class_name": "ReLU"}, {"class_name": "Lambda"}]}, "here.layers.1"),
    ],
)
def test_they_are_refused_inside_other_layers_too(class_name: str, arguments: dict[str, Any], where: str) -> None:
    assert refusal("layers", class_name, **arguments).startswith(f"{where}: a recipe may not use Lambda")


def test_nothing_that_holds_code_is_suggested() -> None:
    assert "Did you mean" not in refusal("layers", "Lambdaa")


@pytest.mark.parametrize(
    "smuggled",
    [
        {"class_name": "function", "config": "system", "module": "os"},
        {"class_name": "__lambda__", "config": {"code": "x"}},
        {"class_name": "Dense", "config": {"units": 3}, "module": "keras.layers"},
    ],
)
def test_keras_serialized_form_is_no_way_around(smuggled: dict[str, Any]) -> None:
    assert refusal("layers", "TimeDistributed", layer=smuggled).startswith("here.layer")


@pytest.mark.parametrize(
    ("argument", "module"),
    [
        ("learning_rate", "optimizers.schedules"),
        ("kernel_initializer", "initializers"),
        ("initializer", "initializers"),
        ("activity_regularizer", "regularizers"),
        ("bias_constraint", "constraints"),
        ("inner_optimizer", "optimizers"),
        ("activation", "layers"),
        ("layers", "layers"),
    ],
)
def test_an_argument_says_which_module_its_objects_come_from(argument: str, module: str) -> None:
    assert module_of_argument(argument) == module


def test_parameters_of_a_layer_are_its_own_then_those_of_every_layer() -> None:
    names = list(parameters_of(keras.layers.Conv2D))
    assert names[:2] == ["filters", "kernel_size"]
    assert {"name", "trainable", "dtype"} <= set(names)
    assert "self" not in names
    assert "kwargs" not in names
    assert "trainable" not in parameters_of(keras.optimizers.Adam)


def test_argument_problem_leaves_out_what_is_given_by_position() -> None:
    def function(a: int, b: int, *, c: int, d: int = 0) -> None: ...

    assert argument_problem(function, {"c": 1}, given=2) == ""
    assert argument_problem(function, {}, given=2) == "it needs c."
    assert argument_problem(function, {"a": 1, "c": 1}, given=2) == "it takes no argument 'a'. Known: c, d."


def test_explain_refusal_is_one_line() -> None:
    wrapped = (
        "Exception encountered when calling Dense.call().\n\n\x1b[1mToo\n  small\x1b[0m\n\nArguments received by x"
    )
    assert explain_refusal(ValueError(wrapped)) == "Too small"
    assert explain_refusal(TypeError("no"), {"a": 1, "b": "x"}) == "no (given: a = 1, b = 'x')"
    assert explain_refusal(NotImplementedError()) == "NotImplementedError"


@pytest.mark.parametrize(
    ("schedule", "is_open"),
    [
        ({"class_name": "CosineDecay", "initial_learning_rate": 0.1}, True),
        ({"class_name": "cosine_decay"}, True),
        ({"class_name": "CosineDecay", "decay_steps": 3}, False),
        ({"class_name": "CosineDecayRestarts"}, False),
        ({"class_name": "PiecewiseConstantDecay"}, False),
        ({"class_name": "NoSuchSchedule"}, False),
        ({}, False),
    ],
)
def test_a_schedule_says_whether_its_decay_steps_are_open(schedule: dict[str, Any], is_open: bool) -> None:
    assert leaves_decay_steps_open(schedule) is is_open
