"""The HTTP app of `serve`: image files in, the record of `predict` out."""

import asyncio
import os
from typing import Annotated, Any

from fastapi import FastAPI, File, Query, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lensmith import __version__
from lensmith.inference import Prediction, Predictor
from lensmith.records import to_json

MOST_BYTES = 64 * 2**20
"""Of a request, all its files together."""


def create_app(predictor: Predictor, run: str) -> FastAPI:
    """Make the app that answers with one model.

    Args:
        predictor: The model.
        run: The run's name, which answers carry.
    """
    app = FastAPI(title="lensmith", version=__version__, docs_url=None, redoc_url=None)
    app.add_middleware(_LimitedBody)
    app.add_exception_handler(HTTPException, _refusal)
    app.add_exception_handler(RequestValidationError, _misuse)
    app.add_exception_handler(Exception, _bug)
    # Each answer keeps every core busy, and holds its images in memory: more at once would be no sooner done.
    turn = asyncio.Semaphore(os.cpu_count() or 1)

    @app.post("/predict", responses={200: {"model": Prediction}})
    async def predict(
        files: Annotated[list[UploadFile], File(description="Image files.")],
        top: Annotated[int, Query(ge=1, description="How many classes to name for each file.")] = 5,
    ) -> Response:
        """Name the likeliest classes of image files; 422 where none of them can be read."""
        contents = [(file.filename or "", await file.read()) for file in files]
        async with turn:
            answers = await run_in_threadpool(predictor.predict_bytes, contents, top)
        record = Prediction(run, answers).to_dict()
        if all(its.error for its in answers):
            return _json(422, {"error": "None of these files could be answered; each says why.", **record})
        return _json(200, record)

    @app.get("/model")
    async def model() -> Response:
        """Say what the model takes and knows."""
        return _json(
            200,
            {
                "run": run,
                "class_names": predictor.class_names,
                "image_shape": predictor.image_shape,
                "temperature": predictor.temperature,
                "rejection_threshold": predictor.rejection_threshold,
            },
        )

    @app.get("/health")
    async def health() -> Response:
        """Say that requests are taken."""
        return _json(200, {"status": "ready"})

    return app


class _LimitedBody:
    """Refuses to read on in a request that is too long; Starlette's own middleware answers some of them in no JSON."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read = 0

        async def read_on() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MOST_BYTES:
                raise HTTPException(413, f"A request may have {MOST_BYTES // 2**20} MiB.")
            return message

        await self._app(scope, read_on, send)


def _json(status: int, value: dict[str, Any], headers: Any = None) -> Response:
    return Response(to_json(value), status, headers, media_type="application/json")


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _json(error.status_code, {"error": str(error.detail)}, error.headers)


async def _misuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = (f"{'.'.join(map(str, its['loc'][1:]))}: {its['msg']}" for its in error.errors())
    return _json(422, {"error": "; ".join(problems)})


async def _bug(request: Request, error: Exception) -> Response:
    return _json(500, {"error": "This is a bug in lensmith; the server's screen has the details."})
