"""What people read of a run: titled tables of texts, for a screen, a report or a paper."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gumbench import text
from gumbench.report import candidates, ranking, tables, verdict
from gumbench.report.candidates import Candidate
from gumbench.report.changes import Change, Diff
from gumbench.report.cost import REUSE, CostModel
from gumbench.report.ranking import Comparison
from gumbench.report.tables import Row
from gumbench.types import Record

MOST_ROWS = 12
SEEN_BELOW = 0.05
NOTHING_TESTED = 100.0
# Through fewer there goes no line that says anything.
LEAST_SIZES = 3


@dataclass(frozen=True)
class Column:
    """A column of a table.

    header : with \\n between its lines; group : what it has in common with its neighbours
    right : its cells end in line, as numbers do; wrap : they may be broken into lines
    keep : where there is no room, columns of lower numbers are left out first
    """

    header: str
    right: bool = False
    keep: int = 9
    group: str = ""
    wrap: bool = False


@dataclass(frozen=True)
class Table:
    """Texts in columns, with lines above and below."""

    title: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    below: tuple[str, ...] = ()


def table(
    title: Iterable[str],
    columns: Iterable[tuple[Column, Callable[[Any], str]]],
    items: Iterable[Any],
    below: Iterable[str] = (),
) -> Table:
    """A Table of some things; columns without a text in any row are left out.

    columns : pairs of a Column and what makes a thing's text
    """
    texts = [(column, [make(item) for item in items]) for column, make in columns]
    shown = [(column, cells) for column, cells in texts if any(cells)]
    rows = zip(*(cells for _, cells in shown), strict=True)
    return Table(tuple(title), tuple(c for c, _ in shown), tuple(rows), tuple(below))


def of_sweep(records: Iterable[Record]) -> Iterator[Table]:
    """Tables of a sweep: one a problem at its middle dimension, then one a number of categories."""
    groups: dict[tuple, list] = {}
    if any(row["status"] == "done" for row in tables.rows("variance", records)):
        for c in ranking.compare(records):
            groups.setdefault((c.problem, c.settings, c.dtype, c.part), []).append(c)
    for group in groups.values():
        group.sort(key=lambda c: c.dimension)
        middle = group[len(group) // 2]
        rows = best_temperatures(middle)
        more = [f"{len(rows) - MOST_ROWS} more rows: gumbench compare"] if rows[MOST_ROWS:] else []
        yield table(
            _title(middle, [c.dimension for c in group]),
            [*_NAMES, *_WORK, *_results(middle), _judged(middle, middle.by)],
            rows[:MOST_ROWS],
            [*more, *middle.verdict],
        )
    yield from of_literature(tables.rows("literature", records))
    yield from of_jobs(tables.rows("throughput", records))


def of_literature(rows: Sequence[Row]) -> Iterator[Table]:
    """What papers print of their toys, beside what it is."""
    printed = [row for row in rows if row["printed"] is not None]
    for paper in dict.fromkeys(row["paper"] for row in printed):
        group = [row for row in printed if row["paper"] == paper]
        title = f"{paper} · {group[0]['problem']} · variance of a mean of estimates"
        yield table([title], _LITERATURE, group)


def of_comparison(comparison: Comparison, every: bool = False) -> Table:
    """The table of a comparison, its verdict below. every : all temperatures, not the best ones."""
    cost = Column("cost", True, 6), lambda c: verdict.amount(comparison.cost, c.cost)
    errors = [b for b in candidates.ERROR_OF_LINE if comparison.relative or b == "error"]
    missing = [f"Not here: {name}: {why}" for name, why in comparison.missing]
    return table(
        [*_title(comparison, [comparison.dimension]), _price(comparison)],
        [*_NAMES, cost, *_results(comparison), *(_judged(comparison, b) for b in errors)],
        comparison.candidates if every else best_temperatures(comparison),
        [*comparison.verdict, *missing],
    )


def best_temperatures(comparison: Comparison) -> list[Candidate]:
    """Candidates, of which each estimator with its samples and settings has its best temperature.

    The least error counts at the comparison's budget, or at one estimate where that costs more.
    """
    best: dict[tuple, candidates.Candidate] = {}
    for c in comparison.candidates:
        key = c.estimator, c.inner_samples, c.settings
        if key not in best or _error(comparison, c) < _error(comparison, best[key]):
            best[key] = c
    return [c for c in comparison.candidates if any(c is b for b in best.values())]


def _error(comparison: Comparison, candidate: Candidate) -> float:
    error = candidate.at(comparison.by, max(comparison.budget, candidate.cost))
    return math.inf if error is None else error


def _title(comparison: Comparison, sizes: Sequence[int]) -> Iterator[str]:
    from gumbench import registry

    size = f"{registry.symbol(comparison.problem)} = {comparison.dimension:,}"
    if len(sizes) > 1:
        size += f" (of {', '.join(f'{s:,}' for s in sizes)})"
    settings = comparison.settings.replace(", ", " · ")
    parts = [comparison.problem, size, settings, _gradient(comparison)]
    yield " · ".join(part for part in parts if part)
    first = comparison.candidates[0].row
    estimates = max(c.row["estimates"] for c in comparison.candidates)
    counts = [f"{estimates:,} estimates", first["dtype"]]
    if any(c.temperature is not None for c in comparison.candidates):
        counts.append(f"each at its best τ for {_budget(comparison)} a step")
    yield " · ".join(counts)


def _gradient(comparison: Comparison) -> str:
    gradient, row = f"gradient in {comparison.part}", comparison.candidates[0].row
    if comparison.truth == "none":
        return f"{gradient}, not known"
    error = row["truth_error"] or 0.0
    norm = text.rounded(comparison.truth_norm, error)
    if comparison.truth == "estimated":
        return f"{gradient}, norm {norm} ± {text.digits(error, 1)}, estimated"
    return f"{gradient}, norm {norm} by {comparison.truth}"


def _budget(comparison: Comparison) -> str:
    amount = verdict.amount(comparison.cost, comparison.budget)
    return f"{amount}{verdict.unit_of(comparison.cost)}"


def _price(comparison: Comparison) -> str:
    """What an estimate costs, and why in that unit."""
    cost = comparison.cost
    if cost.is_measured:
        return f"cost is the time measured on this problem, {_spread_over(cost)}"
    if not cost.counts_evaluations:
        return "cost is one an estimate"
    counted = f"∇f counts {cost.price_of_gradient:g} f"
    if cost.cost_of_f is not None:
        f, g = (text.duration(cost.cost_of_f * x) for x in (1, cost.price_of_gradient))
        counted = f"f at {f}, ∇f at {g}"
    counted += ", those of one estimate run as one" if cost.batched else ""
    if cost.cost_of_f is None:
        return (
            f"cost is evaluations of f, the same on every machine: {counted}, {_spread_over(cost)}"
        )
    timed = any(c.row["nanoseconds_per_estimate"] for c in comparison.candidates)
    measured = ", and the time measured here" if timed else " (no time was measured here)"
    return f"cost is {counted}{measured}, {_spread_over(cost)}"


def _spread_over(cost: CostModel) -> str:
    return f"what is prepared for a θ is shared by {cost.reuse or REUSE:,} estimates"


def _name(candidate: Candidate) -> str:
    inner = f" (K = {candidate.inner_samples})" if candidate.inner_samples else ""
    settings = f" ({candidate.settings})" if candidate.settings else ""
    return candidate.estimator + inner + settings + ("  oracle" if candidate.oracle else "")


def _temperature(candidate: Candidate) -> str:
    return "" if candidate.temperature is None else f"{candidate.temperature:g}"


def _count(name: str) -> Callable[..., Any]:
    return lambda c: text.short(c.row[name])


def _nanoseconds(candidate: Candidate) -> str:
    return text.rounded(candidate.row["nanoseconds_per_estimate"], None)


_ONE = "per estimate"
_NAMES = [(Column("estimator"), _name), (Column("τ", True, 8), _temperature)]
_WORK = [
    (Column("f", True, 4, _ONE), _count("evaluations")),
    (Column("∇f", True, 3, _ONE), _count("gradient_evaluations")),
    (Column("ns", True, 2, _ONE), _nanoseconds),
]


def _results(comparison: Comparison) -> list[Any]:
    """Columns of variance and bias."""
    unit = "bias seen, %\nof gradient" if comparison.relative else "bias seen"
    return [
        (Column("variance (95 %)", keep=6), _variance),
        (Column(unit, keep=5), lambda c: bias(c.row, comparison.relative)),
    ]


def _judged(comparison: Comparison, by: str) -> tuple[Column, Callable[[Candidate], str]]:
    """A column of errors at the comparison's budget."""
    header = {"direction": "direction\nerror", "error": "error"}[by]
    keep = 7 if by == comparison.by else 4

    def cell(candidate: Candidate) -> str:
        if candidate.unseen:
            return "unseen"
        if by not in candidate.lines:
            return "none"
        value = candidate.direction_error if by == "direction" else candidate.error
        return "costs more" if value is None else text.rounded(value, None)

    return Column(header, True, keep, f"at {_budget(comparison)}:"), cell


def _variance(candidate: Candidate) -> str:
    if candidate.exact:
        return "0"
    ends = (candidate.row[name] for name in ("variance", "variance_low", "variance_high"))
    return text.interval(*ends)


def bias(row: Row, relative: bool) -> str:
    """The bias of a row of variance.csv, in % of the gradient where there is one, and its error."""
    if row["bias_norm"] is None:
        return ""
    scale = 100 / row["truth_norm"] if relative else 1.0
    if row["bias_high"] is None:
        return "not tested"
    norm, low, high = (row[f"bias_{end}"] * scale for end in ("norm", "low", "high"))
    if row["bias_p"] > SEEN_BELOW or low == 0:
        if relative and high > NOTHING_TESTED:
            return f"not tested below {text.short(high)}"
        return f"none (< {text.digits(high)})" if high > 0 else "none"
    return f"{text.rounded(norm, (high - low) / 2)} ± {text.digits((high - low) / 2, 1)}"


def of_diff(difference: Diff, before: str, after: str) -> Table:
    """The table of a changes.Diff of the runs in two folders; what is gone or new below."""
    new = (
        [f"{text.count(len(difference.new), 'new cell')}, such as {difference.new[0]}"]
        if difference.new
        else []
    )
    gone = [str(absence) for absence in difference.absent[:MOST_ROWS]]
    if difference.absent[MOST_ROWS:]:
        gone.append(f"and {len(difference.absent) - MOST_ROWS} more")
    return table([f"{after} against {before}"], _CHANGES, difference.changes, [*gone, *new])


def _ratio(change: Change) -> str:
    if change.ratio.low == change.ratio.high == 1.0:
        return "same"
    ends = change.ratio.value, change.ratio.low, change.ratio.high
    return text.interval(*ends) + ("  same" if change.same else "")


_CHANGES = [
    (Column("problem"), lambda c: c.row["problem"]),
    (Column("size", True, 8), lambda c: f"{c.row['dimension']:,}"),
    (Column("settings", keep=1), lambda c: c.row["settings"].replace(" ", ", ")),
    (Column("part", keep=2), lambda c: c.row["part"]),
    (Column("estimator", keep=8), lambda c: c.row["estimator"]),
    (Column("τ", True, 7), lambda c: _or_empty(c.row["temperature"])),
    (Column("K", True, 7), lambda c: _or_empty(c.row["inner_samples"])),
    (Column("ratio of variances\n(95 %)", keep=9), _ratio),
    (Column("bias", keep=6), lambda c: "" if c.new_bias is None else "appeared"),
]


def _or_empty(value: Any) -> str:
    return "" if value is None else f"{value:g}"


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


def _number(name: str) -> Callable[..., Any]:
    return lambda row: f"{row[name]:,}" if row[name] else ""


def _per_element(row: Row) -> str:
    ends = ("", "_low", "_high")
    return text.interval(*(row[f"nanoseconds_per_element{end}"] for end in ends))


def _of_the_roof(row: Row) -> str:
    share = row["fraction_of_roof"]
    return "" if share is None else f"{text.digits(100 * share)} %"


_LITERATURE = [
    (Column("estimator"), lambda row: row["estimator"]),
    (Column("of", True), _number("averaged")),
    *(
        (Column(name, True), lambda row, name=name: text.value(row[name]))
        for name in ("printed", "exact", "measured", "low", "high")
    ),
    (Column("verdict", keep=6, wrap=True), lambda row: row["verdict"]),
]
_TIMES = [
    (Column("library", keep=8), lambda r: r["implementation"].replace("gumbench", "")),
    (Column("by"), lambda r: r["name"]),
    (Column("rows", True, 3), _number("rows")),
    (Column("draws\nof each", True, 5), _number("draws")),
    (Column("ns each", True, 7), lambda r: text.rounded(r["nanoseconds_per_draw"], None)),
    (Column("ns per element\n(95 %)", True, 6), _per_element),
    (Column("of the\nroof", True, 4), _of_the_roof),
    (
        Column("test of\nits law, p", True, 2),
        lambda r: "" if r["check_p"] is None else text.digits(r["check_p"]),
    ),
]
