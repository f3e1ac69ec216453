"""Write `docs/benchmarks.md` from the stored results, and from nothing else.

python -m benchmarks.page
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks import budget, folder, growth, saving, sgemm, speed, threads
from benchmarks.contestants import ROOT, Contestant
from benchmarks.goals import Everything
from benchmarks.harness import RESULTS, Result, load
from benchmarks.sections import budgets, comparisons, goals, growing, measured_on, reading, threading, time_spent
from lensmith.files import write_text

PAGE = ROOT / "docs" / "benchmarks.md"
BENCHMARKS = (
    *speed.BENCHMARKS.values(),
    *(module.BENCHMARK for module in (folder, saving, sgemm, threads, growth, budget)),
)
SECTIONS = (goals, comparisons, time_spent, threading, reading, growing, budgets)


def stored(results: Path = RESULTS) -> Everything:
    """Read all results that are those of today's commands."""
    return {benchmark.name: load(benchmark, results) for benchmark in BENCHMARKS}


def page(everything: Everything) -> str:
    """Write the page: what is not reached first."""
    lines = [
        "# Benchmarks",
        "",
        "This page is written by `python -m benchmarks.page`; nothing in it is typed by hand. "
        "`make bench` measures what takes minutes, `make bench-long` what takes hours.",
        "",
        "lensmith and its peers ran in turn, each as a process of its own. Training time runs from the first look at "
        "the data to the last step: tracing, compiling and augmentation are in it, importing the libraries is not; the "
        "whole process, with that, the evaluation, and what lensmith exports and draws, stands beside it. Accuracies "
        "are means over seeds of all test images, everything else is a median; in brackets the lowest and the highest. "
        "A ratio is that of two processes of the same repeat.",
        "",
        *measured_on([result for _, result in _results(everything)]),
        *(line for section in SECTIONS for line in section(everything)),
        *_commands(everything),
    ]
    return "\n".join(lines)


def _results(everything: Everything) -> Iterator[tuple[Contestant, Result]]:
    for benchmark in BENCHMARKS:
        for contestant in benchmark.contestants:
            for result in everything[benchmark.name][contestant.name].values():
                yield contestant, result


def _commands(everything: Everything) -> list[str]:
    """List the commands of what is measured."""
    used = dict.fromkeys(contestant.shown("SEED") for contestant, _ in _results(everything))
    if not used:
        return []
    places = (
        "`FOLDER`, `IMAGES`, `PHOTOS` and `WARM` are temporary folders that a benchmark fills before it starts, "
        "`PHOTOS` with those of flowers12, each once."
    )
    return ["## Commands", "", places, "", *(f"- `{command}`" for command in used), ""]


def main() -> None:
    """Write the page."""
    write_text(PAGE, page(stored()))


if __name__ == "__main__":
    main()
