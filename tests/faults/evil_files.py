"""Have every evil file looked into, in a process that is watched. `python -m tests.faults.evil_files KIND FOLDER`."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.faults.outcome import Outcome

MOST_SECONDS, MOST_BYTES = 5.0, 512 * 2**20
WATCHED = (
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "subprocess.Popen", "socket.connect",
    "socket.getaddrinfo", "pickle.find_class", "shutil.rmtree", "os.remove", "os.rename", "os.mkdir", "os.symlink",
    "ctypes.dlopen", "exec", "import", "marshal.loads",
)  # fmt: skip
"""Events of Python that none of these may bring about. NumPy compiles the head of an array, but runs nothing of it.
https://docs.python.org/3/library/audit_events.html"""
HARMLESS = (
    "refused, with no code run, nothing written, no other file opened and no connection made, in at most "
    f"{MOST_SECONDS:g} s and {MOST_BYTES // 2**20} MB beyond those of what reads it"
)

Trial = tuple[str, Callable[[], object]]
"""A name, and what must be refused."""


def evil_models() -> Outcome:
    """Load each with `lensmith.load_run(…).model`."""
    return _watched(
        Outcome(
            "evil_models",
            "`.keras` files that would run code, reach for other files or fill the memory, each published way around "
            "Keras' safe mode among them, loaded as a run's model",
            HARMLESS,
        )
    )


def evil_onnx() -> Outcome:
    """Open each as `predict` does."""
    return _watched(
        Outcome(
            "evil_onnx",
            "`.onnx` files that would read other files, run code or fill the memory, opened as `predict` does",
            HARMLESS,
        )
    )


def evil_runs() -> Outcome:
    """Use each part of a run that somebody has changed."""
    return _watched(
        Outcome(
            "evil_runs",
            "run folders whose files are links, pipes, pickles, bombs, or say what no run says",
            HARMLESS,
        )
    )


def evil_archives() -> Outcome:
    """Read each as the download of CIFAR-10, as if its hash were right."""
    return _watched(
        Outcome(
            "evil_archives",
            "archives that would write elsewhere, or fill the disk or the memory, read as a downloaded data set whose "
            "hash is right",
            HARMLESS,
        )
    )


def _watched(outcome: Outcome) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.faults.evil_files", outcome.name, folder]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        )
        for trial in map(json.loads, done.stdout.splitlines()):
            outcome.add(trial["name"], trial["problem"])
            outcome.seen["longest seconds"] = max(outcome.seen.get("longest seconds", 0), round(trial["seconds"], 2))
            outcome.seen["most MB"] = max(outcome.seen.get("most MB", 0), round(trial["bytes"] / 2**20))
    return outcome


def models(folder: Path) -> Iterator[Trial]:
    """Every evil `.keras` file, after one that is not."""
    from tests.safety import evil_models as corpus

    from lensmith.runs import create_run

    files = corpus.write(folder)
    run = create_run("x", "run", folder)
    (folder / "good.keras").replace(run.keras_file)
    _ = run.model  # whatever is imported, is imported now
    for name, file in files.items():
        file.replace(run.keras_file)
        yield name, lambda: run.model


def onnx_files(folder: Path) -> Iterator[Trial]:
    """Every evil ONNX file, after one that is not."""
    from tests.safety import evil_onnx as corpus

    from lensmith.inference import Predictor

    run = _good_run(folder)
    Predictor.of_run(run)
    for name in corpus.EVIL:
        run.onnx_file.write_bytes(corpus.content(name))
        yield name, lambda: Predictor.of_run(run)


def runs(folder: Path) -> Iterator[Trial]:
    """A good run with one thing changed, again and again."""
    import shutil

    from tests.safety import evil_runs as corpus

    good = _good_run(folder)
    for use in corpus.USES.values():
        use(good)
    for name, (change, use) in corpus.EVIL.items():
        shutil.rmtree(folder / "evil", ignore_errors=True)
        shutil.copytree(good.path, folder / "evil")
        run = type(good)(folder / "evil")
        change(run)
        yield name, lambda use=use, run=run: use(run)


def archives(folder: Path) -> Iterator[Trial]:
    """Every evil archive."""
    from tests.data.made_downloads import CONTENT, EVIL

    from lensmith.data.downloading import read_cifar10

    del folder
    read_cifar10(CONTENT["cifar10"][0])
    for name, made in EVIL.items():
        content = made()
        yield name, lambda content=content: read_cifar10(content)


KINDS: dict[str, Callable[[Path], Iterator[Trial]]] = {
    "evil_models": models,
    "evil_onnx": onnx_files,
    "evil_runs": runs,
    "evil_archives": archives,
}


def main() -> None:
    """Use every file with an audit hook as canary, a line of JSON each."""
    from lensmith.errors import LensmithError

    kind, folder = sys.argv[1], Path(sys.argv[2])
    heard: list[str] = []
    listening = False

    def listen(event: str, arguments: tuple[Any, ...]) -> None:
        if listening and (event in WATCHED or (event == "open" and _is_elsewhere(arguments[0], folder))):
            heard.append(f"{event} {arguments[:1]}")

    sys.addaudithook(listen)
    (folder / "files").mkdir()
    (folder / "empty").mkdir()
    os.chdir(folder / "empty")
    for name, use in KINDS[kind](folder / "files"):
        heard.clear()
        peak()
        before, started, problem = peak(), time.perf_counter(), "it was not refused"
        listening = True
        try:
            use()
        except LensmithError:
            problem = ""
        except BaseException as error:
            problem = f"{type(error).__name__}: {error}"
        listening = False
        seconds, grown = time.perf_counter() - started, peak() - before
        problem = problem or (f"heard {heard}" if heard else "")
        problem = problem or (f"wrote {os.listdir()}" if os.listdir() else "")
        problem = problem or (f"took {seconds:.1f} s" if seconds > MOST_SECONDS else "")
        problem = problem or (f"took {grown:,} bytes" if grown > MOST_BYTES else "")
        print(json.dumps({"name": name, "problem": problem, "seconds": seconds, "bytes": grown}), flush=True)


def _is_elsewhere(path: Any, folder: Path) -> bool:
    """Tell whether a file that is opened is neither of the trial nor of the system's view of this process."""
    if not isinstance(path, str | bytes | os.PathLike):
        return False  # a file that is open already
    its = os.path.realpath(os.fsdecode(path))
    return not its.startswith((str(folder.resolve()), "/proc/self", f"/proc/{os.getpid()}"))


def _good_run(folder: Path) -> Any:
    """Train a small run as a user would."""
    import lensmith

    settings = {
        "epochs": 1,
        "model.layers": [
            {"class_name": "Flatten"},
            {"class_name": "Dense", "units": "num_classes", "activation": "softmax"},
        ],
    }
    lensmith.train("digits", "mnist-2conv", set=settings, name="good", runs=folder)
    return lensmith.load_run("good", folder)


def peak() -> int:
    """Return the most memory that this process has had since it was last asked."""
    table = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    Path("/proc/self/clear_refs").write_text("5")  # https://docs.kernel.org/filesystems/proc.html
    return int(table["VmHWM"].split()[0]) * 1024


if __name__ == "__main__":
    main()
