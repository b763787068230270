"""Which estimator of a run to use, at which budget of a step, and the verdict on them."""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gumbench.errors import InputError, unknown
from gumbench.report import query, relative_errors, tables, verdict
from gumbench.report.candidates import (
    ERROR_OF_LINE,
    Candidate,
    candidate,
    candidate_name,
    pairs_text,
    varied_settings,
)
from gumbench.report.cost import CostModel
from gumbench.report.envelope import Interval, best_at, envelope, rivals_at
from gumbench.report.tables import Row
from gumbench.types import Record

BUDGET = 64.0
# Ranges of budgets that end within so many times their start are none where time was measured.
SLIVER = 1.02


@dataclass(frozen=True)
class Range:
    """Budgets at which a candidate is best, from `start` to that of the next range.

    crossing : where its error and that of the one before are equal, with its interval; None where
        its first estimate is paid for
    rivals : candidates that cannot be told apart from it anywhere in the range
    """

    start: float
    candidate: Candidate
    crossing: Interval | None
    rivals: tuple[Candidate, ...]


@dataclass(frozen=True)
class Comparison:
    """Candidates of one problem, dimension, settings, dtype and part.

    settings : of the problem, as text
    by : "direction" or "error", by which they are judged
    relative : errors are shares of ‖g‖²; else they are absolute, and without any truth variance ×
        cost of the unbiased ones
    budget : of a step, at which errors are shown; asked : whether somebody asked for it
    candidates : best first
    ranges : by growing budget; one where a budget was asked for
    others : the same by the other error, where that names others; else empty
    missing : names of candidates that are not there, and why
    truth, truth_norm : where the gradient comes from, and its length
    """

    problem: str
    settings: str
    dimension: int
    dtype: str
    part: str
    cost: CostModel
    by: str
    relative: bool
    budget: float
    asked: bool
    candidates: tuple[Candidate, ...]
    ranges: tuple[Range, ...]
    others: tuple[Range, ...]
    missing: tuple[tuple[str, str], ...]
    truth: str
    truth_norm: float | None

    @property
    def verdict(self) -> tuple[str, ...]:
        """Who is best at which budget, in sentences."""
        return tuple(verdict.sentences(self))

    def plain(self) -> dict[str, Any]:
        """All of it as JSON types."""
        return {
            **{name: getattr(self, name) for name in ("problem", "dimension", "settings", "dtype")},
            **{name: getattr(self, name) for name in ("part", "truth", "truth_norm", "by")},
            "cost": dataclasses.asdict(self.cost),
            "unit": self.cost.name,
            "budget": self.budget if self.asked else None,
            "errors_at": self.budget,
            "errors_are_shares": self.relative,
            "verdict": list(self.verdict),
            "ranges": [_plain_range(r) for r in self.ranges],
            "ranges_by_the_other_error": [_plain_range(r) for r in self.others],
            "candidates": [c.plain() for c in self.candidates],
            "missing": dict(self.missing),
        }

    def best_at(self, budget: float) -> Candidate | None:
        """The candidate that is best at a budget, or None where it pays for no estimate."""
        paid_for = [r.candidate for r in self.ranges if r.start <= budget]
        return paid_for[-1] if paid_for else None


def _plain_range(span: Range) -> dict[str, Any]:
    crossing = span.crossing
    ends = (crossing.low, crossing.high) if crossing else (None, None)
    low, high = (end if end is None or math.isfinite(end) else None for end in ends)
    return {
        "from": span.start,
        "from_low": low,
        "from_high": high,
        "best": span.candidate.name,
        "cannot_be_told_apart": [c.name for c in span.rivals],
    }


def compare(
    records: Iterable[Record],
    cost: CostModel | None = None,
    *,
    budget: float | None = None,
    by: str = "direction",
    oracles: bool = False,
    where: Iterable[str] = (),
) -> list[Comparison]:
    """Comparisons of all problems, dimensions, settings and parts in some records.

    cost : a CostModel; evaluations of f by default
    budget : of a step, in the cost's unit; None for all budgets
    by : "direction" or "error"
    oracles : let candidates take part that rest on what nobody has
    where : `column=value` texts on rows of the variance table, all of which must hold

    Raises InputError where nothing is left to compare.
    """
    cost = cost or CostModel()
    if by not in ERROR_OF_LINE:
        raise unknown("kind of error", str(by), list(ERROR_OF_LINE))
    if isinstance(budget, str):
        raise InputError(f"budget = {budget!r}: give a number, in the unit of the cost")
    if budget is not None and not 0 < budget < float("inf"):
        raise InputError(f"--budget {budget}: give more than 0")
    groups: dict[tuple, list] = {}
    missing: dict[tuple, dict] = {}
    for record, row in matching_rows(records, where):
        if row["status"] == "done":
            groups.setdefault(_group(record, row["part"], cost), []).append((record, row))
        else:
            reasons = missing.setdefault(_group(record, "", cost)[:4], {})
            reasons[candidate_name(record)] = f"{row['status']}: {row['message']}"
    if not groups:
        raise InputError("there is no finished cell to compare")
    return [
        _comparison(key, pairs, cost, budget, by, oracles, missing.get(key[:4], {}))
        for key, pairs in groups.items()
    ]


def matching_rows(records: Iterable[Record], where: Iterable[str]) -> list[tuple[Record, Row]]:
    """Records with their rows that meet the conditions."""
    pairs = [(record, row) for record in records for row in tables.rows("variance", [record])]
    kept = {id(row) for row in query.where("variance", [row for _, row in pairs], where)}
    return [(record, row) for record, row in pairs if id(row) in kept]


def _group(record: Record, part: str, cost: CostModel) -> tuple[Any, ...]:
    """What candidates have in common; measured times of plain Python are compared among them."""
    cell = record.cell
    python = cost.is_measured and "python" in record.notes
    settings = pairs_text(cell.problem_settings)
    return cell.problem, cell.dimension, settings, cell.dtype, python, part


def _comparison(
    key: tuple[Any, ...],
    pairs: list[tuple[Record, Row]],
    cost: CostModel,
    budget: float | None,
    by: str,
    oracles: bool,
    missing: Mapping[str, str],
) -> Comparison:
    problem, dimension, settings, dtype, _, part = key
    first = pairs[0][0].parts[part]
    varied = varied_settings(record for record, _ in pairs)
    candidates = [candidate(record, row, cost, varied) for record, row in pairs]
    relative = relative_errors.gradient_square(first) is not None
    by = by if relative else "error"
    shown = budget or default_budget(cost, candidates)
    candidates = [
        dataclasses.replace(c, error=c.at("error", shown), direction_error=c.at("direction", shown))
        for c in candidates
    ]
    racing = [c for c in candidates if (oracles or not c.oracle) and not c.unseen]
    ranges = _ranges(racing, by, budget, cost)
    others = _ranges(racing, "error" if by == "direction" else "direction", budget, cost)
    same = [r.candidate for r in others] == [r.candidate for r in ranges]
    return Comparison(
        problem=problem,
        settings=settings,
        dimension=dimension,
        dtype=dtype,
        part=part,
        cost=cost,
        by=by,
        relative=relative,
        budget=shown,
        asked=budget is not None,
        candidates=tuple(sorted(candidates, key=lambda c: _rank(c, by))),
        ranges=ranges,
        others=() if same or not relative else others,
        missing=tuple(missing.items()),
        truth=first.truth,
        truth_norm=first.truth_norm,
    )


def default_budget(cost: CostModel, candidates: Sequence[Candidate]) -> float:
    """64 evaluations of f; where time was measured, 64 of the cheapest estimates."""
    if cost.is_measured:
        return BUDGET * min(c.cost for c in candidates)
    return BUDGET * (cost.cost_of_f or 1.0)


def _ranges(
    candidates: Sequence[Candidate], by: str, budget: float | None, cost: CostModel
) -> tuple[Range, ...]:
    """The Ranges of budgets; at one budget, the one it is in."""
    racing = [c for c in candidates if by in c.lines and c.lines[by].level[0] < np.inf]
    lines = [c.lines[by] for c in racing]
    if budget is None:
        ranges = [
            Range(s.start, racing[s.best], s.crossing, tuple(racing[i] for i in s.rivals))
            for s in envelope(lines, ERROR_OF_LINE[by])
        ]
        return tuple(_without_slivers(ranges) if cost.in_seconds else ranges)
    best = best_at(lines, budget)
    if best is None:
        return ()
    rivals = rivals_at(lines, best, budget, ERROR_OF_LINE[by])
    return (Range(budget, racing[best], None, tuple(racing[i] for i in rivals)),)


def _without_slivers(ranges: Sequence[Range]) -> Iterator[Range]:
    """Ranges, but for those that end before a clock can tell: their budgets go to the next."""
    start = None
    for span, after in zip(ranges, [*ranges[1:], None], strict=True):
        start = span.start if start is None else start
        if after and after.start < SLIVER * start:
            continue
        yield dataclasses.replace(span, start=start)
        start = None


def _rank(candidate: Candidate, by: str) -> tuple[Any, ...]:
    """The order of rows: by the error at the budget; then those it does not pay for, by cost."""
    error = candidate.direction_error if by == "direction" else candidate.error
    return error is None, error or 0.0, candidate.cost, candidate.deterministic
