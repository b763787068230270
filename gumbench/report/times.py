"""Tables of times: jobs, how they grow with their size, and which sampler is chosen for which."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from gumbench import text
from gumbench.report.tables import Row
from gumbench.report.text_table import Column, Table, number, table

# Through fewer there goes no line that says anything.
LEAST_SIZES = 3


def of_jobs(rows: Sequence[Row]) -> Iterator[Table]:
    """Tables of jobs, one for each job and number of categories."""
    groups: dict[tuple, list] = {}
    for row in rows:
        if row["kind"] != "estimator" and row["status"] == "done":
            groups.setdefault(_job(row), []).append(row)
    for (kind, _, size, law, dtype, threads), group in groups.items():
        group.sort(key=lambda row: (row["draws"] or 0, row["nanoseconds_per_draw"]))
        parts = [_JOBS[kind], size and f"C = {size:,}", law and f"{law} logits", dtype]
        parts.append(text.count(threads, "thread"))
        yield table([" · ".join(filter(None, parts))], _TIMES, group, _flaws(group))


_JOBS = {
    "words": "random words of 32 bits",
    "fill": "standard Gumbels",
    "draws": "samplers",
    "concrete": "samples of the Concrete distribution",
    "estimates": "estimates with their moments, E‖x - b‖²",
    "roof": "what this machine can do at most, items of memory",
}


def _job(row: Row) -> tuple[Any, ...]:
    """Equal for rows of one table."""
    estimator = row["name"].split()[0].strip(",") if row["kind"] == "estimates" else None
    size = None if row["kind"] in ("words", "fill", "roof") else row["dimension"]
    return row["kind"], estimator, size, row["logits"], row["dtype"], row["threads"]


def of_choices(rows: Sequence[Row]) -> Table:
    """What the functions for Python choose by the shape alone, next to the fastest sampler."""
    from gumbench import registry

    shapes: dict[tuple[int, int], dict[str, float]] = {}
    for row in rows:
        if row["status"] == "done":
            times = shapes.setdefault((row["dimension"], row["draws"]), {})
            times[row["name"]] = row["nanoseconds_per_draw"]
    columns = [
        (Column("C", True), lambda item: f"{item[0][0]:,}"),
        (Column("draws\nof each", True), lambda item: f"{item[0][1]:,}"),
        (Column("chosen"), lambda item: registry.sampler_for("auto", *item[0])),
        (Column("fastest"), lambda item: min(item[1], key=item[1].__getitem__)),
        (
            Column("times as long\nas the fastest", True),
            lambda item: text.digits(
                item[1][registry.sampler_for("auto", *item[0])] / min(item[1].values()), 3
            ),
        ),
    ]
    title = f"choice of samplers by shape, version {registry.automatic()['version']}"
    return table([title], columns, sorted(shapes.items()))


def of_scaling(rows: Sequence[Row]) -> Iterator[Table]:
    """How time grows with the categories, of forms that were timed at three or more."""
    series: dict[tuple[Any, ...], dict[int, float]] = {}
    for row in rows:
        if row["status"] == "done" and row["kind"] in ("draws", "concrete", "estimates"):
            many = row["kind"] == "draws" and row["draws"] > 1
            key = row["kind"], row["implementation"], row["name"], many
            where = row["logits"], row["dtype"], row["threads"]
            times = series.setdefault((*key, *where), {})
            times[row["dimension"]] = row["nanoseconds_per_draw"]
    fitted = [(key, times) for key, times in series.items() if len(times) >= LEAST_SIZES]
    if not fitted:
        return
    sizes = sorted(next(iter(fitted))[1])
    columns: list = [
        (Column("library", keep=8), lambda item: item[0][1].replace("gumbench", "")),
        (Column("by"), lambda item: item[0][2]),
        (
            Column("of"),
            lambda item: (
                ("many draws of a row" if item[0][3] else "one draw of a row")
                if item[0][0] == "draws"
                else _JOBS[item[0][0]].split(" ")[0]
            ),
        ),
        *(
            (
                Column(f"C = {size:,}", True, 5),
                lambda item, size=size: text.short(item[1][size]) if size in item[1] else "",
            )
            for size in (sizes[0], sizes[len(sizes) // 2], sizes[-1])
        ),
        (Column("grows as", True, 8), lambda item: f"C^{_exponent(item[1]):.2f}"),
    ]
    yield table(["nanoseconds each, and how they grow with the categories"], columns, fitted)


def _exponent(times: dict[int, float]) -> float:
    """The slope of log time over log size."""
    x, y = ([math.log(n) for n in numbers] for numbers in (times, times.values()))
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    down = sum((a - mean_x) ** 2 for a in x)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / down


def _flaws(rows: Sequence[Row]) -> list[str]:
    """What is wrong with some samplers' laws."""
    from gumbench import registry

    own = (row for row in rows if row["kind"] == "draws")
    names = dict.fromkeys(row["name"] for row in own if row["implementation"] == "gumbench")
    return [f"{n}: {flaw}" for n in names if (flaw := registry.sampler(n).flaw)]


def _per_element(row: Row) -> str:
    ends = ("", "_low", "_high")
    return text.interval(*(row[f"nanoseconds_per_element{end}"] for end in ends))


def _of_the_roof(row: Row) -> str:
    share = row["fraction_of_roof"]
    return "" if share is None else f"{text.digits(100 * share)} %"


_TIMES = [
    (Column("library", keep=8), lambda r: r["implementation"].replace("gumbench", "")),
    (Column("by"), lambda r: r["name"]),
    (Column("rows", True, 3), number("rows")),
    (Column("draws\nof each", True, 6), number("draws")),
    (Column("ns each", True, 7), lambda r: text.rounded(r["nanoseconds_per_draw"], None)),
    (Column("ns per element\n(95 %)", True, 5), _per_element),
    (Column("of the\nroof", True, 4), _of_the_roof),
    (
        Column("test of\nits law, p", True, 2),
        lambda r: "" if r["check_p"] is None else text.digits(r["check_p"]),
    ),
]
