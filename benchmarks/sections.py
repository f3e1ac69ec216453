"""The parts of `docs/benchmarks.md`, each a list of lines made of the stored results; empty where there are none."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks import budget, folder, growth, sgemm, speed, threads
from benchmarks.contestants import ROOT, Benchmark
from benchmarks.goals import ACCURACY, GIGABYTES, GOALS, SECONDS, SHARE, TIMES, Everything, Goal, Unit, quickest_reader
from benchmarks.harness import Result
from benchmarks.spread import Spread, mean_of, median_of, ratios_of

NONE = "–"
AIRBENCH = (
    "airbench94_muon trained five of its 8 epochs each time; its last three count as long as the two before them. "
    "The published recipe, which `cifar10-94` starts from, was tuned on the accuracy on CIFAR-10's test images. "
    "The settings of `cifar10-94` were chosen on validation images, but for the last choice: two runs of ten passes "
    "had seen the test images, as had one of settings before, when the passes became nine and a half to save time."
)
SAME_NETWORK = (
    "The recipe in the first row computes in bfloat16 where the processor multiplies it fast; the tutorial it is "
    "compared with is float32, as its reader has it. "
    "lensmith trains the tutorial's network on all training images, without validation, as its peers do. Keras on JAX "
    "trained for one epoch{}, PyTorch, and everybody in bfloat16, for two: where something is compiled, that weighs "
    "more in these images a second than it would in a whole training."
)
NOTES = {
    "mnist": SAME_NETWORK.format(""),
    "cifar10": SAME_NETWORK.format(f" on {speed.JAX_IMAGES_OF_CIFAR:,} images"),
    "cifar10-94": AIRBENCH,
    "fashion-94": "",
}


def measured_on(found: Sequence[Result]) -> list[str]:
    """Name machine and versions, and how often others were at work on it."""
    if not found:
        return []
    machines = sorted({_machine(result["machine"]) for result in found})
    versions = {f"{name} {version}" for result in found for name, version in result["versions"].items()}
    busy = sum(not result["quiet"] for result in found)
    revisions = sorted({result["revision"] for result in found if result["revision"]})
    warning = f"The machine was not idle during {busy} of {len(found)} processes: their seconds are too many."
    return [
        f"Machine: {'; '.join(machines)}. {', '.join(sorted(versions))}. Commits of lensmith: "
        f"{', '.join(revisions) or 'not known'}.",
        "",
        *([warning, ""] if busy else []),
    ]


def _machine(its: Result) -> str:
    memory = f"{its['memory_bytes'] / 2**30:.0f} GiB"
    return f"{its['cores']} cores, {its['processor']}, {memory}, {its['system']}, Python {its['python']}"


def written(spread: Spread | None, unit: Unit, *, with_n: bool = False) -> str:
    """Write a middle with the lowest and highest beside it where they differ from it."""
    if spread is None:
        return NONE
    low, high = unit.write(spread.low), unit.write(spread.high)
    inside = [f"{low} to {high}"] if low != high else []
    inside += [f"n = {spread.n}"] if with_n else []
    return unit.write(spread.middle) + (f" ({', '.join(inside)})" if inside else "")


def table(header: Iterable[str], rows: Iterable[Iterable[str]], words: int | None = None) -> list[str]:
    """Lay out a Markdown table; where `words` is given, the columns after so many of words stand to the right."""
    names = list(header)
    sides = ["---" if words is None or place < words else "---:" for place in range(len(names))]
    return [f"| {' | '.join(cells)} |" for cells in [names, sides, *map(list, rows)]]


def goals(everything: Everything) -> list[str]:
    """List what is not reached, then what is not measured, then all goals with their numbers."""
    judged = [(goal, goal.is_reached(everything)) for goal in GOALS]
    missed = [goal for goal, reached in judged if reached is False]
    unknown = [goal for goal, reached in judged if reached is None]
    rows = [
        (goal.what, goal.wish, written(goal.measure(everything), goal.unit, with_n=True), goal.verdict(everything))
        for goal in GOALS
    ]
    return [
        *("## Not reached", "", *_listed(missed, everything, "Nothing that is measured."), ""),
        *(("## Not measured yet", "", *_listed(unknown, everything, ""), "") if unknown else ()),
        *("## All goals", "", *table(("what", "goal", "measured", "verdict"), rows), ""),
    ]


def _listed(some: list[Goal], everything: Everything, otherwise: str) -> list[str]:
    lines = [
        f"- {goal.what}: {goal.wish}; {written(goal.measure(everything), goal.unit)}, {goal.verdict(everything)}"
        if goal.measure(everything)
        else f"- {goal.what}: {goal.wish}"
        for goal in some
    ]
    return lines or [otherwise]


def comparisons(everything: Everything) -> list[str]:
    """Lay lensmith and its peers side by side, a table a benchmark."""
    lines = []
    for benchmark in speed.BENCHMARKS.values():
        found = everything[benchmark.name]
        if any(found.values()):
            note = NOTES[benchmark.name]
            lines += [f"### `{benchmark.name}`", "", *([note, ""] if note else []), *_compared(benchmark, found), ""]
    return ["## lensmith and its peers", "", *lines] if lines else []


def _compared(benchmark: Benchmark, results: Mapping[str, Mapping[int, Result]]) -> list[str]:
    ours = benchmark.contestants[0].name
    rows = []
    for contestant in benchmark.contestants:
        its = results[contestant.name]
        if not its:
            continue
        ended = its.values() if speed.is_whole(contestant.name) else ()
        accuracies = [mean_of(r[key] for r in ended if r.get(key)) for key in ("accuracy", "tta_accuracy")]
        whole = contestant.name != ours and speed.is_whole(contestant.name)
        ratios = [
            _times(its, results[ours], value) if whole else NONE
            for value in (speed.training_seconds, speed.process_seconds)
        ]
        twin = speed.twin(benchmark.name, contestant.name)
        ratios.append(_times(results[twin], its, speed.images_per_second) if twin else NONE)
        rows.append(
            (
                f"`{contestant.name}`",
                str(len(its)),
                written(median_of(map(speed.epochs, its.values())), Unit("{:.2g}")),
                written(median_of(map(speed.training_seconds, its.values())), SECONDS),
                written(median_of(map(speed.process_seconds, its.values())), SECONDS),
                written(median_of(map(speed.images_per_second, its.values())), Unit("{:,.0f}")),
                written(median_of(r["peak_bytes"] for r in its.values()), GIGABYTES),
                *(written(accuracy, ACCURACY) for accuracy in accuracies),
                *ratios,
            )
        )
    header = (
        "",
        "n",
        "epochs",
        "training",
        "whole process",
        "images/s",
        "peak memory",
        "test accuracy",
        "averaged views",
    )
    more = (f"training ÷ `{ours}`", f"process ÷ `{ours}`", "images/s of lensmith with this network ÷ its")
    columns = [*header, *more]
    if all(row[-1] == NONE for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return table(columns, rows)


def _times(a: Mapping[int, Result], b: Mapping[int, Result], value: Callable[[Result], float]) -> str:
    both = [{repeat: value(its) for repeat, its in results.items()} for results in (a, b)]
    return written(ratios_of(*both), TIMES)


def reading(everything: Everything) -> list[str]:
    """Lay the ways of reading a folder side by side."""
    results = everything["folder"]
    if not any(results.values()):
        return []
    quickest = {quickest_reader(peer, everything) for peer in folder.READERS}
    rows = []
    for name, its in results.items():
        if its:
            seconds = {key: median_of(r[key] for r in its.values()) for key in ("read_seconds", "whole_seconds")}
            counted = "counts" if name in quickest else ""
            rows.append(
                (f"`{name}`", str(len(its)), *(written(spread, SECONDS) for spread in seconds.values()), counted)
            )
    return [
        *("## Reading a folder of 50,000 PNG files of 32x32", ""),
        "The files had just been written, so the system had them in memory for everybody. lensmith looks at every "
        "file's content, hashes it and keeps the pixels; the peers believe the file's name. Of each peer the quickest "
        "setting counts.",
        "",
        *table(("", "n", "reading", "whole process", ""), rows),
        "",
    ]


def time_spent(everything: Everything) -> list[str]:
    """Say what share of the machine's arithmetic training makes use of, and what the time goes on."""
    results = everything["sgemm"]
    if not any(results.values()):
        return []
    rows = [_share(precision, results) for precision in sgemm.PRECISIONS]
    flops = results["flops"].get(0, {}).get("training_flops")
    lines = ["## What the time goes on", ""]
    if flops:
        lines += [
            f"Training `{sgemm.RECIPE}` costs {flops / 1e6:,.1f} MFLOP an image, counted from its layers' kernels. "
            f"Shares are of the second epoch on {sgemm.SETTING.images:,} images, without tracing and compiling.",
            "",
            *table(("", "peak: a large product", "training", "share of the peak"), rows),
            "",
        ]
    for recipe in sgemm.PROFILED:
        spent = [(kind, written(share, SHARE)) for kind, share in sgemm.profile(recipe, results).items()]
        cost = sgemm.augmentation_share(recipe, results)
        if cost:
            lines += [f"`{recipe}`: augmentation costs {written(cost, SHARE)} of an epoch; below 0 is noise.", ""]
        lines += [*table((f"`{recipe}`", "share of training time"), spent), ""] if spent else []
    return lines


def _share(precision: str, results: Mapping[str, Mapping[int, Result]]) -> tuple[str, ...]:
    rate = Unit("{:,.0f} GFLOP/s", 1e-9)
    found = [median_of(rates(results, precision).values()) for rates in (sgemm.peaks, sgemm.rates)]
    return precision, *(written(its, rate) for its in found), written(sgemm.share_of_peak(results, precision), SHARE)


def threading(everything: Everything) -> list[str]:
    """Set numbers of threads beside the one that is used."""
    results = everything["threads"]
    if not any(results.values()):
        return []
    rows = [
        (
            " and ".join(threads.TRIED[name].values()) if name in threads.TRIED else "TensorFlow's choice",
            str(len(its)),
            written(median_of(result["train_seconds"] for result in its.values()), SECONDS),
            written(threads.slower(name, results), TIMES),
        )
        for name, its in results.items()
    ]
    return [
        *("## Threads", ""),
        "lensmith leaves their number to TensorFlow: as many as cores, within an operation and between operations. "
        "`speedrun-cifar10` with that and with others:",
        "",
        *table(("within and between", "n", "training", "÷ TensorFlow's choice"), rows),
        "",
    ]


def growing(everything: Everything) -> list[str]:
    """Say how cost grows, with the lines' slopes and intercepts."""
    lines = growth.lines(everything["growth"])
    if not lines:
        return []
    rows = [
        (name, f"{1000 * line.slope:.3g} ms", f"{line.intercept:.2f} s", f"{line.r_squared:.4f}", str(line.n))
        for name, line in lines.items()
    ]
    start = growth.Setting()
    return [
        *("## How cost grows", ""),
        f"Training seconds of `fast-cnn` with {start.width} filters in its first group on {start.images:,} images of "
        f"{start.side}x{start.side} pixels, {start.epochs} epochs, with one of these changed at a time. The intercept "
        "is what is left when there is none of it: reading, tracing, and what grows with the others only.",
        "",
        *table(("against", "for each one more", "intercept", "R²", "n"), rows),
        "",
        *_picture(growth.PICTURE, "Training seconds against images, epochs, width squared and pixels"),
    ]


def budgets(everything: Everything) -> list[str]:
    """Say what a budget buys, what was planned for it, and when the runs ended."""
    results = everything["budget"]
    rows = []
    for one in budget.BUDGETS:
        its = results[one.contestant.name]
        if its:
            plans = sorted({_plan(result) for result in its.values()})
            share, mean = written(budget.used(one, results), SHARE), written(budget.accuracy(one, results), ACCURACY)
            rows.append((one.data.lower(), f"{one.seconds} s", str(len(its)), share, mean, "; ".join(plans)))
    if not rows:
        return []
    header = (
        "data",
        "budget",
        "n",
        "whole process, share of budget",
        "test accuracy",
        "widths, or the network, and steps chosen",
    )
    picture = _picture(budget.PICTURE, "Accuracy on CIFAR-10 against the budget")
    return ["## What a budget buys", "", *table(header, rows), "", *picture]


def _plan(result: Result) -> str:
    plan = result["plan"]
    widths = (plan["arguments"] or {}).get("widths", plan["builder"])
    return f"{widths}, {result['steps']:,} steps"


def _picture(file: Path, caption: str) -> list[str]:
    return [f"![{caption}]({file.relative_to(ROOT / 'docs').as_posix()})", ""] if file.exists() else []
