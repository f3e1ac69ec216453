"""Every exception lensmith raises on purpose, and what the command line makes of it.

```
LensmithError              exit 2   what the user gave is wrong; the message says what to do
├── DataError                       the images, labels or splits
│   └── DecodeError                 one image file
├── RecipeError                     a recipe, a setting, a layer, a network that cannot be built
├── RunError                        a run folder
├── UnsafeFile                      a file that could do more than it should
└── ExportError            exit 1   an exported file does not agree with the model
TrainingDiverged           exit 3   the loss stopped being a finite number
Interrupted                exit 130 stopped by Ctrl-C; the run can be resumed
└── Terminated             exit 143 stopped by the system, by SIGTERM; the run can be resumed
```
"""

from collections.abc import Iterable
from difflib import get_close_matches


class LensmithError(Exception):
    """What came, what was expected, what to do now: shown to the user without a traceback."""

    exit_code = 2


class DataError(LensmithError):
    """The images, labels or splits cannot be used as they are."""


class DecodeError(DataError):
    """One image file cannot be turned into pixels.

    Attributes:
        reason: A few words of a fixed list, such as `truncated` or `not an image`, for counting.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        """Keep `reason` for counting; the message is `reason: detail`."""
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class RecipeError(LensmithError):
    """A recipe, a setting or a network description is wrong."""


class RunError(LensmithError):
    """A run folder is missing, taken, unreadable or cannot be written."""


class UnsafeFile(LensmithError):
    """A file that may come from somebody else holds what could run code, reach for other files or fill the memory."""


class ExportError(LensmithError):
    """An exported file does not agree with the model it was made from."""

    exit_code = 1


class TrainingDiverged(LensmithError):
    """The loss became NaN or infinite; training stopped at that step."""

    exit_code = 3


class Interrupted(LensmithError):
    """The user stopped the command; what was done is kept."""

    exit_code = 130


class StopSignal(BaseException):
    """SIGTERM came. No `Exception`, so that whoever catches those does not take it for an error of theirs."""


class Terminated(Interrupted):
    """The system stopped the command, by SIGTERM; what was done is kept."""

    exit_code = 143


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Name the nearest of the known names, as the second half of an error message.

    Example:
        >>> did_you_mean("mnits", ["mnist", "cifar10"])
        " Did you mean 'mnist'?"
        >>> did_you_mean("zebra", ["mnist", "cifar10"])
        ' Known: cifar10, mnist.'
    """
    names = sorted(known)
    lowered = {known_name.lower(): known_name for known_name in names}
    close = get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    if close:
        return f" Did you mean {lowered[close[0]]!r}?"
    if not names or len(names) > 20:
        return ""
    return f" Known: {', '.join(names)}."
