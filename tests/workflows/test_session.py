import os
import signal
import time
from pathlib import Path

import keras
import pytest

import lensmith
from lensmith.errors import Interrupted, RunError, StopSignal, Terminated
from lensmith.runs import Run
from lensmith.workflows import session
from lensmith.workflows.session import COMMAND_STARTED, Clock

QUICK = {"epochs": 1, "batch_size": 8}


class Ending(keras.callbacks.Callback):
    """Ends the training by an exception."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        raise self._error


def train(folder: Path, runs: Path, *callbacks: keras.callbacks.Callback) -> Run:
    lensmith.train(folder, "cifar-2conv", set=QUICK, name="r", runs=runs, callbacks=callbacks)
    return Run(runs / "r")


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (ZeroDivisionError("by nothing"), "failed", "ZeroDivisionError: by nothing"),
        (KeyboardInterrupt(), "interrupted", None),
        (StopSignal(), "interrupted", None),
    ],
)
def test_how_it_ended_is_kept_and_it_can_be_gone_on_with(
    error: BaseException, state: str, said: str | None, stripes_folder: Path, tmp_path: Path
):
    shown = {KeyboardInterrupt: Interrupted, StopSignal: Terminated}.get(type(error), type(error))
    with pytest.raises(shown):
        train(stripes_folder, tmp_path, Ending(error))
    info = Run(tmp_path / "r").info
    assert (info["state"], info["error"]) == (state, said)
    assert info["stopped"] > info["started"]
    assert lensmith.resume("r", runs=tmp_path).epochs == 1
    after = Run(tmp_path / "r").info
    assert (after["state"], after["error"], after["stopped"]) == ("finished", None, None)


def test_what_has_not_all_its_files_is_not_called_finished(
    stripes_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise RunError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(session, "write_report", full)
        with pytest.raises(RunError, match="No space"):
            train(stripes_folder, tmp_path)
    run = Run(tmp_path / "r")
    assert run.info["state"] == "failed"
    assert not run.report_file.exists()
    lensmith.resume("r", runs=tmp_path)
    assert run.info["state"] == "finished"
    assert run.report_file.exists()


def test_asked_to_stop_after_the_last_epoch_it_stops_all_the_same(stripes_folder: Path, tmp_path: Path):
    class Ask(keras.callbacks.Callback):
        def on_train_end(self, logs: dict | None = None) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Terminated, match="--resume"):
        train(stripes_folder, tmp_path, Ask())
    run = Run(tmp_path / "r")
    assert run.info["state"] == "interrupted"
    assert not run.keras_file.exists()
    assert lensmith.resume("r", runs=tmp_path).epochs == 1


def test_a_state_that_cannot_be_written_does_not_hide_why(
    stripes_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class FillDisk(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            def full(self: Run, **_: object) -> None:
                raise RunError("No space left on device")

            monkeypatch.setattr(Run, "update", full)
            raise ZeroDivisionError("by nothing")

    with pytest.raises(ZeroDivisionError, match="by nothing"):
        train(stripes_folder, tmp_path, FillDisk())


def test_the_command_counts_from_when_its_process_began():
    began = time.perf_counter() - 100
    token = COMMAND_STARTED.set(began)
    try:
        assert Clock.start().command == began
    finally:
        COMMAND_STARTED.reset(token)
    assert Clock.start().command > began
