"""The HTTP app of `serve`: image files in, the record of `predict` out."""

import asyncio
import os
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import FastAPI, File, Query, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from lensmith import __version__
from lensmith.inference import FilePrediction, Prediction, Predictor
from lensmith.records import Record, to_json
from lensmith.web.gate import Gate, refusal

FILES_AT_ONCE = 16
"""Of a request, before others have their turn."""


@dataclass(frozen=True)
class Refusal(Record):
    """What comes instead of an answer."""

    error: str


@dataclass(frozen=True)
class Unanswered(Refusal):
    """What comes where no request was understood, or, with `predictions`, where none of its files could be read."""

    run: str | None = None
    predictions: list[FilePrediction] | None = None


@dataclass(frozen=True)
class Served(Record):
    """What the model takes and knows.

    Attributes:
        run: The run's name.
        class_names: K names, in the order of the probabilities.
        image_shape: Height, width and channels that images are brought to.
        temperature: By which the logits were divided; `None` where there is none.
        rejection_threshold: Below which probability the answer is `unknown`; `None` where all are answered.
    """

    run: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    temperature: float | None
    rejection_threshold: float | None


@dataclass(frozen=True)
class Health(Record):
    """That requests are taken."""

    status: str = "ready"


def create_app(predictor: Predictor, run: str) -> FastAPI:
    """Make the app that answers with one model.

    Args:
        predictor: The model.
        run: The run's name, which answers carry.
    """
    app = FastAPI(title="lensmith", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.add_middleware(Gate)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misunderstood)
    app.add_exception_handler(Exception, _failed)
    # More at once would be no sooner done, and each holds images in memory.
    turn = asyncio.Semaphore(os.cpu_count() or 1)
    refusals: dict[int | str, dict[str, Any]] = {code: {"model": Refusal} for code in (400, 413, 503)}
    refusals[422] = {"model": Unanswered}

    @app.post("/predict", responses={200: {"model": Prediction}, **refusals})
    async def predict(
        files: Annotated[list[UploadFile], File(description="Image files.")],
        top: Annotated[int, Query(ge=1, description="How many classes to name for each file.")] = 5,
    ) -> Response:
        """Name the likeliest classes of image files; 422 where none of them can be read."""
        answers = []
        for start in range(0, len(files), FILES_AT_ONCE):
            async with turn:
                some = files[start : start + FILES_AT_ONCE]
                contents = [(file.filename or "", await file.read()) for file in some]
                answers += await run_in_threadpool(predictor.predict_bytes, contents, top)
        return await run_in_threadpool(_answer, Prediction(run, answers))

    @app.get("/model", responses={200: {"model": Served}})
    async def model() -> Response:
        """Say what the model takes and knows."""
        threshold = predictor.rejection_threshold
        return _json(Served(run, predictor.class_names, predictor.image_shape, predictor.temperature, threshold))

    @app.head("/health", include_in_schema=False)
    @app.get("/health", responses={200: {"model": Health}})
    async def health() -> Response:
        """Say that requests are taken."""
        return _json(Health())

    return app


def _json(value: Any, status: int = 200) -> Response:
    return Response(to_json(value), status, media_type="application/json")


def _answer(prediction: Prediction) -> Response:
    if all(its.error for its in prediction.predictions):
        said = "None of these files could be answered; each says why."
        return _json(Unanswered(said, prediction.run, prediction.predictions), 422)
    return _json(prediction)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refusal(error.status_code, str(error.detail), error.headers)


async def _misunderstood(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = {str(its["loc"][1]): f"{its['loc'][1]}: {its['msg']}" for its in error.errors()}
    if "files" in problems:
        problems["files"] = (
            "Send multipart/form-data with the images in parts called `files`, each with a file name, as "
            "`curl -F files=@photo.jpg` does"
        )
    return refusal(422, "; ".join(problems.values()))


async def _failed(request: Request, error: Exception) -> Response:
    return refusal(500, "This is a bug in lensmith; the server's screen has the details.")
