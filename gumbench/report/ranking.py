"""Which estimator to use, at which budget of a step: candidates of a run, and the verdict on them.

Averaging budget / cost of its estimates, whose mean is m, an estimator leaves of the gradient g

    the error            (‖m - g‖² + variance · cost / budget) / ‖g‖²
    the direction error  1 - (m · g)₊² / (‖g‖² (‖m‖² + variance · cost / budget)),

the second after the best step size. They are e and e / (1 + e) of a line e = level + slope /
budget.
"""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gumbench.diagnostics import UNBIASED_LIMIT
from gumbench.errors import InputError, unknown
from gumbench.report import query, shares, tables, verdict
from gumbench.report.cost import CostModel
from gumbench.report.envelope import Interval, Line, best_at, envelope, rivals_at

BUDGET = 64.0
# Ranges of budgets that end within so many times their start are none where time was measured.
SLIVER = 1.02
WITHOUT_TRUTH = "none"


def _direction(e):
    return np.where(np.isinf(e), 1.0, e / (1 + np.where(np.isinf(e), 0.0, e)))


# The errors, and what makes each of its line.
SHAPES: dict[str, Callable] = {"direction": _direction, "error": lambda e: e}


@dataclass(frozen=True, eq=False)
class Candidate:
    """An estimator with its temperature, inner samples and settings.

    settings : as text
    unbiased : declared so, and not rejected by the bias test
    rejected : declared so, and rejected
    oracle : rests on what nobody has
    deterministic : one estimate says all
    cost : of one estimate
    exact : without variance, and nothing that was never drawn could add one
    unseen : what was hardly ever drawn may add more variance than was seen: its errors are not
        known, and it takes no part
    row : of variance.csv
    error, direction_error : at the comparison's budget; None where one estimate costs more than
        that, and where there is no such error
    """

    estimator: str
    temperature: float | None
    inner_samples: int | None
    settings: str
    unbiased: bool
    rejected: bool
    oracle: bool
    deterministic: bool
    cost: float
    exact: bool
    unseen: bool
    row: dict[str, Any] = field(repr=False)
    lines: dict[str, Line] = field(repr=False)
    error: float | None = None
    direction_error: float | None = None

    @property
    def name(self):
        """Estimator with what tells it apart."""
        return _name(self.estimator, self.temperature, self.inner_samples, self.settings)

    def plain(self):
        """All of it as JSON types."""
        names = ("estimator", "temperature", "inner_samples", "settings", "unbiased", "rejected")
        measured = ("variance", "variance_low", "variance_high", "relative_variance", "gain")
        bias = ("bias_norm", "bias_low", "bias_high", "bias_p", "evaluations")
        return {
            "name": self.name,
            **{name: getattr(self, name) for name in (*names, "oracle", "cost", "exact", "unseen")},
            **{name: self.row[name] for name in (*measured, *bias, "gradient_evaluations")},
            "error": self.error,
            "direction_error": self.direction_error,
        }

    def at(self, by, budget):
        """Its error of a kind at a budget, or None."""
        if self.unseen or by not in self.lines or self.cost > budget:
            return None
        return float(SHAPES[by](self.lines[by].at([budget])[0, 0]))


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
    def verdict(self):
        """Who is best at which budget, in sentences."""
        return tuple(verdict.sentences(self))

    def plain(self):
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

    def best_at(self, budget):
        """The candidate that is best at a budget, or None where it pays for no estimate."""
        found = [r.candidate for r in self.ranges if r.start <= budget]
        return found[-1] if found else None


def _plain_range(found):
    crossing = found.crossing
    ends = (crossing.low, crossing.high) if crossing else (None, None)
    low, high = (end if end is None or math.isfinite(end) else None for end in ends)
    return {
        "from": found.start,
        "from_low": low,
        "from_high": high,
        "best": found.candidate.name,
        "cannot_be_told_apart": [c.name for c in found.rivals],
    }


def compare(results, cost=None, *, budget=None, by="direction", oracles=False, where=()):
    """Comparisons of all problems, dimensions, settings and parts in some results.

    results : Results
    cost : a CostModel; evaluations of f by default
    budget : of a step, in the cost's unit; None for all budgets
    by : "direction" or "error"
    oracles : let candidates take part that rest on what nobody has
    where : `column=value` texts on rows of the variance table, all of which must hold

    Raises InputError where nothing is left to compare.
    """
    cost = cost or CostModel()
    if by not in SHAPES:
        raise unknown("kind of error", str(by), list(SHAPES))
    if isinstance(budget, str):
        raise InputError(f"budget = {budget!r}: give a number, in the unit of the cost")
    if budget is not None and not 0 < budget < float("inf"):
        raise InputError(f"--budget {budget}: give more than 0")
    groups: dict[tuple, list] = {}
    missing: dict[tuple, dict] = {}
    for record, row in kept(results, where):
        if row["status"] == "done":
            groups.setdefault(_group(record, row["part"], cost), []).append((record, row))
        else:
            reasons = missing.setdefault(_group(record, "", cost)[:4], {})
            reasons[named(record)] = f"{row['status']}: {row['message']}"
    if not groups:
        raise InputError("there is no finished cell to compare")
    return [
        _comparison(key, pairs, cost, budget, by, oracles, missing.get(key[:4], {}))
        for key, pairs in groups.items()
    ]


def kept(results, where):
    """Records with their rows that meet the conditions."""
    pairs = [
        (record, row) for record in results.records for row in tables.rows("variance", [record])
    ]
    kept = {id(row) for row in query.where("variance", [row for _, row in pairs], where)}
    return [(record, row) for record, row in pairs if id(row) in kept]


def _group(record, part, cost):
    """What candidates have in common; measured times of plain Python are compared among them."""
    cell = record.cell
    python = cost.is_measured and "python" in record.notes
    settings = pairs_text(cell.problem_settings)
    return cell.problem, cell.dimension, settings, cell.dtype, python, part


def named(record):
    """A cell as candidates are called."""
    cell = record.cell
    settings = pairs_text(cell.estimator_settings)
    return _name(cell.estimator, cell.temperature, cell.inner_samples, settings)


def _name(estimator, temperature, inner_samples, settings):
    parts = [f"τ = {temperature:g}"] if temperature is not None else []
    parts += [f"K = {inner_samples}"] if inner_samples else []
    parts += [settings] if settings else []
    return estimator + (f" ({', '.join(parts)})" if parts else "")


def pairs_text(pairs):
    """Settings as text."""
    return ", ".join(f"{key} = {_plain(value)}" for key, value in pairs)


def _plain(value):
    return f"{value:g}" if isinstance(value, float) else value


def _comparison(key, pairs, cost, budget, by, oracles, missing):
    problem, dimension, settings, dtype, _, part = key
    found = pairs[0][0].parts[part]
    varied = _varied_settings(record for record, _ in pairs)
    candidates = [_candidate(record, row, cost, varied) for record, row in pairs]
    relative = shares.gradient_square(found) is not None
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
        truth=found.truth,
        truth_norm=found.truth_norm,
    )


def default_budget(cost, candidates):
    """64 evaluations of f; where time was measured, 64 of the cheapest estimates."""
    if cost.is_measured:
        return BUDGET * min(c.cost for c in candidates)
    return BUDGET * (cost.cost_of_f or 1.0)


def _varied_settings(records):
    """Estimators whose candidates differ in their settings."""
    seen: dict[str, set] = {}
    for record in records:
        pairs = pairs_text(record.cell.estimator_settings)
        seen.setdefault(record.cell.estimator, set()).add(pairs)
    return {name for name, texts in seen.items() if len(texts) > 1}


def _candidate(record, row, cost, varied):
    cell, result = record.cell, record.result
    found = record.parts[row["part"]]
    p = found.bias_p
    rejected = result["unbiased"] and p is not None and p < UNBIASED_LIMIT
    price = cost.of(record)
    unbiased = result["unbiased"] and not rejected
    timed = {"rounds": tuple(record.clock.get("rounds", ()))} if cost.is_measured else {}
    lines = {
        by: Line(level, slope, price, result["deterministic"], unseen, **timed)
        for by, (level, slope, unseen) in _errors(found, unbiased, price).items()
    }
    return Candidate(
        estimator=cell.estimator,
        temperature=cell.temperature,
        inner_samples=cell.inner_samples,
        settings=pairs_text(cell.estimator_settings) if cell.estimator in varied else "",
        unbiased=unbiased,
        rejected=rejected,
        oracle=result["oracle"],
        deterministic=result["deterministic"],
        cost=price,
        exact=shares.is_rounding(found),
        unseen=shares.is_unseen(found),
        row=row,
        lines=lines,
    )


def _errors(found, unbiased, cost):
    """Level, slope and what nobody saw of the slope, by the errors that there are."""
    square = shares.gradient_square(found)
    unseen = 0.0
    if found.unseen and not shares.is_rounding(found) and not shares.is_unseen(found):
        unseen = found.unseen.spread * cost
    if found.truth == WITHOUT_TRUTH:
        work = shares.variances(found) * cost
        return {"error": (np.zeros_like(work), work, unseen)} if unbiased else {}
    moments = shares.moments(found)
    work, scale = moments.variance * cost, square or 1.0
    bias = np.zeros_like(work) if unbiased else moments.bias
    errors = {"error": (bias / scale, work / scale, unseen / scale)}
    if square is None:
        return errors
    if unbiased or (shares.is_rounding(found) and not bias.any()):
        return errors | {"direction": errors["error"]}
    gain, error = shares.gain(found)
    if not gain > shares.GAIN_ERRORS * error:
        return errors | {"direction": (np.full_like(work, np.inf), np.zeros_like(work), 0.0)}
    along = np.maximum(moments.by_truth, 0.0) ** 2 / square
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.maximum(moments.square / along - 1.0, 0.0)
        return errors | {"direction": (level, work / along, unseen / along[0])}


def _ranges(candidates, by, budget, cost):
    """The Ranges of budgets; at one budget, the one it is in."""
    racing = [c for c in candidates if by in c.lines and c.lines[by].level[0] < np.inf]
    lines = [c.lines[by] for c in racing]
    if budget is None:
        found = [
            Range(s.start, racing[s.best], s.crossing, tuple(racing[i] for i in s.rivals))
            for s in envelope(lines, SHAPES[by])
        ]
        return tuple(_without_slivers(found) if cost.in_seconds else found)
    best = best_at(lines, budget)
    if best is None:
        return ()
    rivals = rivals_at(lines, best, budget, SHAPES[by])
    return (Range(budget, racing[best], None, tuple(racing[i] for i in rivals)),)


def _without_slivers(ranges):
    """Ranges, but for those that end before a clock can tell: their budgets go to the next."""
    start = None
    for found, after in zip(ranges, [*ranges[1:], None], strict=True):
        start = found.start if start is None else start
        if after and after.start < SLIVER * start:
            continue
        yield dataclasses.replace(found, start=start)
        start = None


def _rank(candidate, by):
    """The order of rows: by the error at the budget; then those it does not pay for, by cost."""
    error = candidate.direction_error if by == "direction" else candidate.error
    return error is None, error or 0.0, candidate.cost, candidate.deterministic
