"""Put a run's records together for `report.html`, and draw its curves."""

from typing import Any

from lensmith.config import Recipe
from lensmith.data import Dataset
from lensmith.diagnosis import DiagnoseRecord
from lensmith.export import ExportedModel
from lensmith.files import write_text
from lensmith.rendering.figures import save_history
from lensmith.rendering.report import LayerRow, Report, render_report
from lensmith.runs import Run
from lensmith.training import TrainingResult
from lensmith.workflows.evaluate import Evaluated

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


def _layers(model: Any) -> list[LayerRow]:
    return [
        LayerRow(layer.name, type(layer).__name__, tuple(layer.output.shape), int(layer.count_params()))
        for layer in model.layers
    ]
