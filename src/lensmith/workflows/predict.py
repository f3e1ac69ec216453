"""`predict`: answers of a run's exported model for image files, without Keras."""

from collections.abc import Sequence
from pathlib import Path

from lensmith.inference import Prediction, Predictor, image_files
from lensmith.runs import find_run


def predict(
    run: str | Path,
    files: str | Path | Sequence[str | Path],
    *,
    top: int = 5,
    runs: str | Path | None = None,
    trust: bool = False,
) -> Prediction:
    """Name the likeliest classes of image files.

    Args:
        run: A run folder, a run's name, or `latest`.
        files: Files and folders; folders are searched at any depth.
        top: How many classes to name for each file.
        runs: The runs root.
        trust: Whether the run is one's own: its model is not looked into before it is loaded.

    Raises:
        RunError: No such run, or no model in it yet.
        DataError: A path that does not exist. A file that is not an image is no error: its entry says so.
    """
    paths = image_files([files] if isinstance(files, (str, Path)) else files)
    found = find_run(run, runs, trust=trust)
    return Prediction(str(found.path), Predictor.of_run(found).predict_files(paths, top))
