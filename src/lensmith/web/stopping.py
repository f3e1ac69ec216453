"""A server that says what it does when it is told to stop."""

from types import FrameType

import uvicorn
from fastapi import FastAPI

from lensmith.rendering.progress import current_screen

DRAINING_SECONDS = 30
"""That requests which are being answered have, once the server is told to stop."""


class Server(uvicorn.Server):
    """Finishes what it has taken, and says so."""

    def __init__(self, app: FastAPI) -> None:
        """Serve an app; what it says beyond its answers are warnings."""
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                lifespan="off",
                timeout_graceful_shutdown=DRAINING_SECONDS,
            )
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal: the first lets requests be finished, a second Ctrl-C cuts them off."""
        if not self.should_exit and self.server_state.tasks:
            current_screen().say(
                f"Finishing what was taken, for up to {DRAINING_SECONDS} s. Ctrl-C again stops at once."
            )
        super().handle_exit(sig, frame)
