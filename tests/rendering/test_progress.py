import io

import keras
import numpy as np
import pytest
from rich.console import Console

from lensmith.rendering.progress import SCREEN, Screen, TrainingView, current_screen


def train_two_epochs(screen: Screen) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with screen:
        showing = screen.training_callback(steps=4, images=8, batch_size=4)
        model.fit(np.ones((8, 2)), np.ones((8, 1)), batch_size=4, epochs=2, verbose=0, callbacks=[showing])


def test_without_a_terminal_there_is_a_line_an_epoch_on_stderr(capsys: pytest.CaptureFixture[str]):
    train_two_epochs(Screen())
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.strip().splitlines()
    assert [line[:9] for line in lines] == ["Epoch 1/2", "Epoch 2/2"]
    assert all("loss" in line and "images/s" in line for line in lines)


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]):
    screen = Screen(quiet=True)
    screen.say("hello")
    train_two_epochs(screen)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("quiet", [False, True])
def test_what_matters_is_said_to_who_wants_no_progress_too(quiet: bool, capsys: pytest.CaptureFixture[str]):
    Screen(quiet=quiet).warn("[b] is damaged")
    assert capsys.readouterr() == ("", "[b] is damaged\n")


def test_a_terminal_shows_a_bar_with_eta_speed_loss_and_percentage(monkeypatch: pytest.MonkeyPatch):
    written = io.StringIO()
    terminal = Console(file=written, force_terminal=True, width=160, highlight=False)
    monkeypatch.setattr("lensmith.rendering.progress.Console", lambda **_: terminal)
    train_two_epochs(Screen())
    for part in ("ETA", "images/s", "loss", "%", "Epoch 2/2"):
        assert part in written.getvalue()


def test_speed_and_bar_of_a_resumed_epoch_are_of_the_steps_of_this_session(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    clock = iter([100.0, *[102.0] * 9])
    monkeypatch.setattr("lensmith.rendering.progress.time.perf_counter", lambda: next(clock))
    screen = Screen()
    view = TrainingView(screen, screen._progress, steps=10, images=20, batch_size=4, done=3)
    view.epoch_begins(0)
    view.steps_done(5, {})
    view.epoch_ends(0, {"loss": 1.0})
    (task,) = screen._progress.tasks
    assert (task.completed, task.total) == (2, 7)
    assert capsys.readouterr().err == "Epoch 1/2  loss 1.0000  2.0 s, 4 images/s\n"  # 2 steps of 4 images in 2 s


def test_a_part_of_an_epoch_is_called_so(capsys: pytest.CaptureFixture[str]):
    screen = Screen()
    view = TrainingView(screen, screen._progress, steps=7, images=20, batch_size=4)
    for epoch, steps in enumerate((5, 2)):
        view.epoch_begins(epoch)
        view.steps_done(steps, {})
        view.epoch_ends(epoch, {})
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("Epoch   1/1.4 ")
    assert last.startswith("Epoch 1.4/1.4 ")


def test_the_decoding_bar_takes_files_done_and_in_all():
    screen = Screen(quiet=True)
    bar = screen.decoding()
    bar(1, 10)
    bar(10, 10)
    (task,) = screen._progress.tasks
    assert (task.completed, task.total, task.visible) == (10, 10, False)


def test_the_command_lines_screen_is_the_one_workflows_talk_to():
    screen = Screen(quiet=True)
    token = SCREEN.set(screen)
    try:
        assert current_screen() is screen
    finally:
        SCREEN.reset(token)
    assert current_screen() is not screen
