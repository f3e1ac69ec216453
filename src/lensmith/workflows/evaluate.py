"""`evaluate`: metrics of a run on one of its splits, with predictions and pictures in the run folder."""

from pathlib import Path

from lensmith.backend import start_keras
from lensmith.errors import LensmithError, did_you_mean
from lensmith.evaluation import TTA, Evaluation
from lensmith.inference import Predictor
from lensmith.rendering.progress import current_screen
from lensmith.runs import find_run, note_look
from lensmith.workflows.answers import open_split
from lensmith.workflows.measuring import evaluate_model
from lensmith.workflows.provenance import recipe_of
from lensmith.workflows.report import rewrite_report

SPLITS = ("test", "validation", "train")


def evaluate(
    run: str | Path = "latest",
    *,
    split: str = "test",
    tta: str | None = None,
    runs: str | Path | None = None,
    trust: bool = False,
) -> Evaluation:
    """Measure a run's model on one of the run's splits, and write the result into the run folder.

    On the test split the run's report is written anew, with what was found.

    Args:
        run: A run folder, a run's name, or `latest`.
        split: `test`, `validation` or `train`.
        tta: Test-time augmentation to measure beside the plain answers: `none`, `flip` or `shift`. By default
            what the run's recipe says.
        runs: The runs root.
        trust: Whether the run is one's own: its model is not looked into before it is loaded.

    Raises:
        RunError: No such run, no model yet, or the data has changed since.
        LensmithError: The run's data has no such split, there is no such augmentation, or the images are too
            small for it.
    """
    if split not in SPLITS:
        raise LensmithError(f"No split named {split!r}.{did_you_mean(split, SPLITS)}")
    if tta is not None:
        TTA[tta]  # so that a mistyped name is answered with the nearest one
    found = find_run(run, runs, trust=trust)
    recipe = recipe_of(found, {} if tta is None else {"evaluation.tta": tta})
    with current_screen() as screen:
        predictor = Predictor.of_run(found)
        start_keras()
        dataset = open_split(found, split, screen)
        if split == "test":
            note_look(found.path.parent, dataset.fingerprint, "evaluate", [found.name])
        evaluated = evaluate_model(found, predictor, dataset, recipe, split)
        if split == "test":
            try:
                rewrite_report(found, dataset, recipe, evaluated)
            except LensmithError as error:  # the numbers are there all the same
                screen.warn(f"The report is as it was: {error}")
        return evaluated.evaluation
