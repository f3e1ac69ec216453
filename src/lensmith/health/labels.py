"""Labels that are probably wrong: images that a classifier, which has not seen them, is sure are something else."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from lensmith.data.dataset import Labels
from lensmith.errors import LensmithError
from lensmith.health.findings import Finding, Whole, finding


@dataclass(frozen=True)
class LabelError:
    """An image that is probably labelled wrong.

    Attributes:
        place: Of the image.
        suggested: The class that it looks like.
        probability: Of that class, out of sample.
    """

    place: int
    suggested: int
    probability: float


def check_cleanlab() -> None:
    """Refuse to begin what needs cleanlab where it is not installed.

    Raises:
        LensmithError: It is not.
    """
    if find_spec("cleanlab") is None:
        raise LensmithError("Looking for wrong labels needs cleanlab. Install it with: pip install 'lensmith[labels]'")


def label_errors(labels: Labels, probabilities: npt.NDArray[np.floating]) -> list[LabelError]:
    """Rank the images that are probably labelled wrong, the surest first.

    Args:
        labels: `(N,)`, as they are.
        probabilities: `(N, K)`, out of sample: no image's are of a classifier that has seen it.

    Source:
        Northcutt, Jiang and Chuang, Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 2021,
        arXiv:1911.00068.
    """
    from cleanlab.filter import find_label_issues

    ranked = find_label_issues(labels, probabilities, return_indices_ranked_by="normalized_margin", n_jobs=1)
    likeliest = probabilities.argmax(axis=1)
    return [
        LabelError(int(place), int(likeliest[place]), float(probabilities[place, likeliest[place]])) for place in ranked
    ]


def mislabelled(whole: Whole, errors: Sequence[LabelError]) -> list[Finding]:
    """List the images that are probably labelled wrong."""
    return finding(
        "probably labelled wrong",
        "warning",
        whole.names_of([its.place for its in errors]),
        "Look at them, the first ones first, and move those that are wrong to the folder (or give them the label) that "
        "is right.",
        [
            f"{whole.class_of(its.place)}, looks like {whole.class_names[its.suggested]} ({its.probability:.0%})"
            for its in errors
        ],
    )
