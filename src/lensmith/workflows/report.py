"""Put a run's records together for `report.html`, and draw its curves."""

from typing import Any

from lensmith.config import Recipe
from lensmith.data import Dataset
from lensmith.diagnosis import DiagnoseRecord
from lensmith.errors import RunError
from lensmith.export import ExportedModel
from lensmith.files import write_text
from lensmith.rendering.figures import save_history
from lensmith.rendering.report import LayerRow, Report, render_report
from lensmith.runs import Run
from lensmith.training import TrainingResult
from lensmith.workflows.diagnose import evidence_of, read_history, record_of
from lensmith.workflows.measuring import Evaluated

SAMPLES = 16


def write_report(
    run: Run,
    dataset: Dataset,
    recipe: Recipe,
    training: TrainingResult,
    exported: ExportedModel,
    evaluated: Evaluated | None,
    diagnosed: DiagnoseRecord,
) -> None:
    """Draw `history.png` and write `report.html`."""
    save_history(training.history, run.path / "history.png")
    samples = dataset.train.sample(SAMPLES, recipe.seed)
    report = Report(
        run=run,
        dataset=dataset,
        recipe=recipe,
        training=training,
        layers=_layers(training.model),
        diagnosed=diagnosed,
        exported=exported,
        evaluation=evaluated.evaluation if evaluated else None,
        mistakes=evaluated.mistakes if evaluated else [],
        mistake_images=evaluated.mistake_images if evaluated else None,
        sample_images=samples.read(),
        sample_labels=[dataset.class_names[label] for label in samples.labels],
    )
    write_text(run.report_file, render_report(report))


def rewrite_report(run: Run, dataset: Dataset, recipe: Recipe, evaluated: Evaluated) -> None:
    """Write the report of a finished run anew, with another evaluation; all else is taken from the run's files.

    Raises:
        RunError: They do not say what they should.
    """
    info, artifact = run.info, run.artifact
    result = info.get("result") or {}
    try:
        training = TrainingResult(
            model=run.model,
            parameters=result["parameters"],
            epochs=result["epochs"],
            new_epochs=info.get("new_epochs", result["epochs"]),
            new_images=0,
            steps=result["steps"],
            best_epoch=result["best_epoch"],
            history=[{**row, "epoch": int(row["epoch"] or 0)} for row in read_history(run)],
            problems=info.get("problems") or [],
        )
        exported = ExportedModel(**artifact["agreement"])
    except (KeyError, TypeError) as error:
        raise RunError(f"The report of {run.path} cannot be written anew: its files lack {error}.") from None
    write_report(run, dataset, recipe, training, exported, evaluated, record_of(run, evidence_of(run)))


def _layers(model: Any) -> list[LayerRow]:
    return [
        LayerRow(layer.name, type(layer).__name__, tuple(layer.output.shape), int(layer.count_params()))
        for layer in model.layers
    ]
