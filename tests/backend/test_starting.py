import os
from pathlib import Path

import keras
import numpy as np
import pytest
from tests.backend.small_models import in_new_process, saved, small_model

from lensmith.backend import (
    BACKENDS,
    backend_name,
    choose_backend,
    load_model,
    make_deterministic,
    multiplies_bfloat16_fast,
    start_keras,
    starting,
    versions,
)
from lensmith.errors import LensmithError, UnsafeFile


def another(name: str) -> str:
    return next(its for its in BACKENDS if its != name)


def test_starting_what_runs_already_is_fine() -> None:
    start_keras()
    start_keras(backend_name())


def test_another_backend_than_the_one_running_is_refused() -> None:
    other = another(backend_name())
    with pytest.raises(LensmithError, match=rf"Keras already runs on {backend_name()} .* '{other}' cannot be used"):
        start_keras(other)
    with pytest.raises(LensmithError, match=r"'tensorflw' cannot be used in it.*tensorflow, jax, torch"):
        start_keras("tensorflw")


def test_an_unknown_backend_is_answered_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "unchanged")
    with pytest.raises(LensmithError, match=r"^No Keras backend named 'tensorflw'\. Did you mean 'tensorflow'\?$"):
        choose_backend("tensorflw")
    assert os.environ["KERAS_BACKEND"] == "unchanged"


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_that_is_not_installed_says_how_to_get_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "unchanged")
    monkeypatch.setattr(starting, "find_spec", lambda module: None)
    with pytest.raises(LensmithError, match=rf"The Keras backend {name} is not installed\. .*pip install \S+$"):
        choose_backend(name)
    assert os.environ["KERAS_BACKEND"] == "unchanged"


def test_choosing_an_installed_backend_sets_what_keras_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    choose_backend("tensorflow")
    assert os.environ["KERAS_BACKEND"] == "tensorflow"


def test_a_wrong_backend_in_the_environment_is_a_clear_error() -> None:
    done = in_new_process("from lensmith.backend import start_keras; start_keras()", KERAS_BACKEND="tensorflw")
    assert "LensmithError: No Keras backend named 'tensorflw'. Did you mean 'tensorflow'?" in done.stderr


def test_starting_keras_prints_nothing() -> None:
    done = in_new_process("from lensmith.backend import *; start_keras(); assert backend_name() == 'tensorflow'")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def trained_weights(seed: int) -> list[np.ndarray]:
    make_deterministic(seed)
    model = small_model()
    model.compile("adam", "sparse_categorical_crossentropy")
    images = np.random.randint(0, 256, (8, 6, 5, 3))
    model.fit(images, np.arange(8) % 3, batch_size=4, epochs=2, verbose=0)
    return [np.asarray(array) for array in model.get_weights()]


def test_the_same_seed_trains_to_the_same_weights_bit_for_bit() -> None:
    first, second = trained_weights(3), trained_weights(3)
    for its, again in zip(first, second, strict=True):
        np.testing.assert_array_equal(its, again)


def test_another_seed_begins_with_other_weights() -> None:
    begun = []
    for seed in (3, 4):
        make_deterministic(seed)
        begun.append(small_model().get_weights()[0])
    assert (begun[0] != begun[1]).any()


def test_versions_are_those_that_decide_a_result() -> None:
    assert versions().keys() == {"lensmith", "keras", "numpy", "pillow", "onnxruntime", backend_name()}
    assert versions()["keras"] == keras.__version__


def test_a_saved_model_is_read_back(tmp_path: Path) -> None:
    model = small_model()
    images = np.random.default_rng(0).integers(0, 256, (4, 6, 5, 3)).astype(np.float32)
    np.testing.assert_array_equal(load_model(saved(model, tmp_path))(images), model(images))


def test_a_saved_model_that_holds_code_is_not_run(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x * 2)])
    with pytest.raises(UnsafeFile, match=r"holds Lambda of keras\.layers"):
        load_model(saved(model, tmp_path))


def test_only_tensorflow_on_a_processor_with_instructions_for_it_is_taken_to_multiply_bfloat16_fast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for backend, flags, fast in (
        ("tensorflow", "avx512f amx_bf16 amx_tile", True),
        ("tensorflow", "avx512f avx512_bf16", True),
        ("tensorflow", "avx512f avx512_bf16x avx512_fp16", False),
        ("jax", "amx_bf16", False),
    ):
        monkeypatch.setattr(starting, "backend_name", lambda its=backend: its)
        monkeypatch.setattr(Path, "read_text", lambda path, encoding, its=flags: f"flags : {its}")
        assert multiplies_bfloat16_fast() is fast


def test_bfloat16_is_not_fast_where_the_library_that_multiplies_it_is_turned_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(starting, "backend_name", lambda: "tensorflow")
    monkeypatch.setattr(Path, "read_text", lambda path, encoding: "flags : amx_bf16")
    for setting, fast in (("0", False), ("False", False), ("1", True)):
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", setting)
        assert multiplies_bfloat16_fast() is fast


def test_where_the_processor_cannot_be_asked_bfloat16_is_not_taken_to_be_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(path: Path, encoding: str) -> str:
        raise FileNotFoundError(path)

    monkeypatch.setattr(starting, "backend_name", lambda: "tensorflow")
    monkeypatch.setattr(Path, "read_text", missing)
    assert multiplies_bfloat16_fast() is False
