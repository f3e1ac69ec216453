"""What comes in: requests of a length and a number that the memory holds; others are refused at once."""

import asyncio
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 64 * 2**20
"""Of a request, all its files together."""
MOST_AT_ONCE = 32
"""Requests that are answered or wait for their turn; together they may fill 2 GiB."""
_TOO_LONG = f"A request may have {MOST_BYTES // 2**20} MiB."


def refusal(status: int, error: str, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with an error."""
    return JSONResponse({"error": error}, status, headers)


class Gate:
    """Middleware: lets requests with a body in, or answers in the app's place."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an app."""
        self._app, self._inside = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] == "GET":
            await self._app(scope, receive, send)
        elif int(Headers(scope=scope).get("content-length", 0)) > MOST_BYTES:
            await refusal(413, _TOO_LONG)(scope, receive, send)
        elif self._inside >= MOST_AT_ONCE:
            too_many = f"{MOST_AT_ONCE} requests are being answered. Try again."
            await refusal(503, too_many, {"Retry-After": "1"})(scope, receive, send)
        else:
            self._inside += 1
            try:
                await self._app(scope, _limited(receive), send)
            except asyncio.CancelledError:  # so that who waited hears of it, and the screen shows no traceback
                await refusal(503, "The server is stopping.")(scope, receive, send)
            finally:
                self._inside -= 1


def _limited(receive: Receive) -> Receive:
    """Read on until it is too much: a request that comes in chunks does not say how long it is."""
    read = 0

    async def read_on() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > MOST_BYTES:
            raise HTTPException(413, _TOO_LONG)
        return message

    return read_on
