"""The run folder: the only code that knows what it looks like.

```
runs/<name>/
  run.json          state, versions, machine, command, seed, data, times, and the record of `train`
  recipe.toml       resolved
  history.csv       one row an epoch
  checkpoints/      the whole training state, at epochs' ends and within them
  model.keras  model.onnx  artifact.json
  evaluation/       evaluation.json, predictions.csv, *.png
  report.html
```

Every file a reader may look at is replaced by rename, never rewritten in place. While a process trains the run it
holds `.lock`. Beside the runs, `test-looks.csv` has a line for each look at test images.
"""

from lensmith.runs.creating import check_destination, create_run
from lensmith.runs.finding import find_run, list_runs, runs_root
from lensmith.runs.looks import Looks, count_looks, note_look
from lensmith.runs.run import Run, now

__all__ = [
    "Looks",
    "Run",
    "check_destination",
    "count_looks",
    "create_run",
    "find_run",
    "list_runs",
    "note_look",
    "now",
    "runs_root",
]
