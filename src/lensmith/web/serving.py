"""`serve`: a run's exported model answers over HTTP, until it is stopped."""

import asyncio
import contextlib
import socket
from importlib.util import find_spec
from pathlib import Path

from lensmith.errors import LensmithError
from lensmith.inference import Predictor
from lensmith.rendering.calibration import threshold_text
from lensmith.rendering.progress import current_screen
from lensmith.runs import find_run

MOST_PORT = 65535
NEEDED = ("fastapi", "uvicorn", "python_multipart")


def serve(
    run: str | Path = "latest",
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    runs: str | Path | None = None,
    trust: bool = False,
) -> None:
    """Answer image files over HTTP as `predict` does, until Ctrl-C or SIGTERM; neither loads Keras.

    Args:
        run: A run folder, a run's name, or `latest`.
        host: Address to listen on; the default takes requests of this computer only.
        port: 0 takes one that is free.
        runs: The runs root.
        trust: Whether the run is one's own: its model is not looked into before it is loaded.

    Raises:
        RunError: No such run, or no model in it yet.
        LensmithError: Nothing can be listened to there, FastAPI is not installed, or an event loop runs already.
        KeyboardInterrupt: When Ctrl-C has ended it, and what it had taken is answered.
    """
    _check_possible()
    from lensmith.web.app import create_app
    from lensmith.web.stopping import Server

    found = find_run(run, runs, trust=trust)
    name = found.path.resolve().name
    predictor = Predictor.of_run(found)
    app = create_app(predictor, name)
    with _listen(host, port) as listening:
        url = _url(*listening.getsockname()[:2])
        below = predictor.rejection_threshold
        unknown = f" What is less likely than {threshold_text(below)} is `unknown`." if below else ""
        current_screen().say(f"Run {name} answers at {url}/predict.{unknown} Stop with Ctrl-C.")
        Server(app).run(sockets=[listening])


def _check_possible() -> None:
    if not all(map(find_spec, NEEDED)):
        raise LensmithError(f"A server needs {', '.join(NEEDED)}. Install them with: pip install 'lensmith[serve]'")
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop()
        raise LensmithError("A notebook cannot serve while it does other things. Use `lensmith serve` in a terminal.")


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= MOST_PORT:
        raise LensmithError(f"Port {port} is none: they go from 0, which takes one that is free, to {MOST_PORT}.")
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family)
    except (OSError, OverflowError, UnicodeError) as error:  # a host's name that cannot be one is no text for Python
        reason = getattr(error, "strerror", None) or error
        raise LensmithError(
            f"Nothing can be listened to at {host}, port {port}: {reason}. Give another --host or --port; 0 takes a "
            "port that is free."
        ) from None


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
