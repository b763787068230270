"""What people read of a run: titled tables of texts, for a screen, a report or a paper."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from gumbench import text
from gumbench.report import candidates, ranking, tables, times, verdict
from gumbench.report.candidates import Candidate
from gumbench.report.changes import Change, Diff
from gumbench.report.cost import REUSE, CostModel
from gumbench.report.ranking import Comparison
from gumbench.report.tables import Row
from gumbench.report.text_table import Column, Table, number, table
from gumbench.types import Record

MOST_ROWS = 12
SEEN_BELOW = 0.05
NOTHING_TESTED = 100.0


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
    yield from times.of_jobs(tables.rows("throughput", records))


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


_LITERATURE = [
    (Column("estimator"), lambda row: row["estimator"]),
    (Column("of", True), number("averaged")),
    *(
        (Column(name, True), lambda row, name=name: text.value(row[name]))
        for name in ("printed", "exact", "measured", "low", "high")
    ),
    (Column("verdict", keep=6, wrap=True), lambda row: row["verdict"]),
]
