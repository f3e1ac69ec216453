"""From images to a classifier you can trust, see inside, and ship, on the machine you have.

Example:
    ```python
    import lensmith

    record = lensmith.train("digits")
    print(record.test.accuracy)
    run = lensmith.load_run(record.run)
    run.model  # a plain keras.Model
    ```
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lensmith.errors import LensmithError

if TYPE_CHECKING:
    from lensmith.runs import find_run as load_run
    from lensmith.web.serving import serve
    from lensmith.workflows.calibrate import calibrate
    from lensmith.workflows.check import check
    from lensmith.workflows.compare import compare
    from lensmith.workflows.diagnose import diagnose
    from lensmith.workflows.evaluate import evaluate
    from lensmith.workflows.explain import explain
    from lensmith.workflows.ladder import ladder
    from lensmith.workflows.predict import predict
    from lensmith.workflows.resume import resume
    from lensmith.workflows.robustness import robustness
    from lensmith.workflows.show import show
    from lensmith.workflows.summary import summary
    from lensmith.workflows.train import train

__version__ = "0.1.0"

_WHERE = {
    "calibrate": ("lensmith.workflows.calibrate", "calibrate"),
    "check": ("lensmith.workflows.check", "check"),
    "compare": ("lensmith.workflows.compare", "compare"),
    "diagnose": ("lensmith.workflows.diagnose", "diagnose"),
    "evaluate": ("lensmith.workflows.evaluate", "evaluate"),
    "explain": ("lensmith.workflows.explain", "explain"),
    "ladder": ("lensmith.workflows.ladder", "ladder"),
    "load_run": ("lensmith.runs", "find_run"),
    "predict": ("lensmith.workflows.predict", "predict"),
    "resume": ("lensmith.workflows.resume", "resume"),
    "robustness": ("lensmith.workflows.robustness", "robustness"),
    "serve": ("lensmith.web.serving", "serve"),
    "show": ("lensmith.workflows.show", "show"),
    "summary": ("lensmith.workflows.summary", "summary"),
    "train": ("lensmith.workflows.train", "train"),
}

__all__ = [
    "LensmithError",
    "__version__",
    "calibrate",
    "check",
    "compare",
    "diagnose",
    "evaluate",
    "explain",
    "ladder",
    "load_run",
    "predict",
    "resume",
    "robustness",
    "serve",
    "show",
    "summary",
    "train",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that importing lensmith imports neither Keras nor NumPy."""
    if name not in _WHERE:
        raise AttributeError(f"module 'lensmith' has no attribute {name!r}")
    module, attribute = _WHERE[name]
    return getattr(import_module(module), attribute)
