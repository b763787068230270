"""Two runs cell by cell: what changed, what is gone, and whether a gate lets that pass."""

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gumbench import text
from gumbench.diagnostics import UNBIASED_LIMIT, Note
from gumbench.errors import InputError
from gumbench.report import candidates, ranking, relative_errors
from gumbench.report.envelope import Interval
from gumbench.report.tables import Row
from gumbench.stats.intervals import jackknife_error, t_quantile
from gumbench.types import Cell, PartResult, Record

# A norm that differs by more is another: in standard errors, and as a share.
GRADIENT_ERRORS, SAME_GRADIENT = 6.0, 1e-3
# What may differ between two runs of a cell.
IGNORED_KEYS = ("seed", "estimates", "truth_estimates", "options")


@dataclass(frozen=True)
class Change:
    """A cell and part that both runs have.

    row : of the second run's variance.csv
    ratio : of its variance to that of the first
    new_bias : p of a bias that the first run did not show, or None
    """

    name: str
    row: dict
    ratio: Interval
    new_bias: float | None

    @property
    def same(self) -> bool:
        """Whether the variances cannot be told apart."""
        return self.ratio.low <= 1 <= self.ratio.high


@dataclass(frozen=True)
class Absence:
    """A cell that was done before and is not done after: why, and the nearest name there is."""

    name: str
    why: str
    nearest: str = ""

    def __str__(self) -> str:
        hint = f"; there is {self.nearest}" if self.nearest else ""
        return f"{self.name} was done before and is not now: {self.why}{hint}"


@dataclass(frozen=True)
class Diff:
    """What two runs have in common, and what the second lacks.

    new : names of cells that only the second has
    """

    changes: tuple[Change, ...]
    absent: tuple[Absence, ...]
    new: tuple[str, ...]
    notes: tuple[Note, ...] = ()

    def failures(self, limit: float, surely: bool = False) -> tuple[str, ...]:
        """Why a gate is shut, in sentences; none where it is open.

        limit : share by which a variance may grow, 0.1 for 10 %
        surely : it has to be more at the lower end of the ratio's interval
        """
        return tuple(self._failures(limit, surely))

    def _failures(self, limit: float, surely: bool) -> Iterator[str]:
        yield from map(str, self.absent)
        for c in self.changes:
            growth = (c.ratio.low if surely else c.ratio.value) - 1
            if growth > limit:
                grown = f"by {100 * (c.ratio.value - 1):.3g} %"
                if math.isinf(c.ratio.value):
                    grown = f"from 0 to {text.digits(c.row['variance'], 3)}"
                yield f"{c.name}: the variance grew {grown}"
            if c.new_bias is not None:
                yield f"{c.name}: a bias appeared, {text.p_value(c.new_bias)}"

    def sentence(self, limit: float) -> str:
        """What was held against what, where the gate is open."""
        return (
            f"Passed: all {text.count(len(self.changes), 'row')} done before are there, no "
            f"variance grew by more than {100 * limit:g} %, and no bias appeared."
        )


def diff(before: Iterable[Record], after: Iterable[Record], where: Iterable[str] = ()) -> Diff:
    """A Diff of the records of two runs; where : conditions on rows of the variance table.

    Raises InputError where the first has no finished cell, or the two have none in common.
    """
    old, new = (ranking.matching_rows(records, where) for records in (before, after))
    done = [pair for pair in old if pair[1]["status"] == "done"]
    if not done:
        raise InputError("the first run has no finished cell to compare with")
    there = {_cell(record): record for record, _ in new}
    rows = {(_cell(record), row["part"]): (record, row) for record, row in new}
    known = {_cell(record) for record, _ in old}
    added = {_name(record): None for record, _ in new if _cell(record) not in known}
    if not any(_cell(record) in there for record, _ in done):
        raise InputError(
            f"the runs have no cell in common: the first has {_name(done[0][0])}, the second "
            f"{next(iter(added), 'nothing like it')}"
        )
    changes, absent = [], {}
    for record, row in done:
        after_pair = rows.get((_cell(record), row["part"]))
        if after_pair and after_pair[1]["status"] == "done":
            changes.append(_change((record, row), after_pair))
        else:
            name = _name(record)
            absent[name] = _absence(name, there.get(_cell(record)), added)
    notes = tuple(_gradient_notes(done, rows))
    return Diff(tuple(changes), tuple(absent.values()), tuple(added), notes)


def _cell(record: Record) -> tuple[tuple[str, str], ...]:
    """What makes two cells the same in two runs."""
    return tuple((k, str(v)) for k, v in record.cell.identity().items() if k not in IGNORED_KEYS)


def _name(record: Record) -> str:
    return f"{candidates.candidate_name(record)} on {_place(record.cell)}"


def _place(cell: Cell) -> str:
    settings = candidates.pairs_text(cell.problem_settings)
    return f"{cell.problem} {cell.dimension}" + (f" ({settings})" if settings else "")


def _absence(name: str, record: Record | None, added: Mapping[str, Any]) -> Absence:
    if record is not None:
        return Absence(name, f"{record.status}: {record.message}")
    nearest = difflib.get_close_matches(name, list(added), n=1, cutoff=0.7)
    return Absence(name, "it is missing", *nearest)


def _change(old: tuple[Record, Row], new: tuple[Record, Row]) -> Change:
    (before, _), (after, row) = old, new
    parts = [record.parts[row["part"]] for record in (before, after)]
    p_before, p = (1.0 if part.bias_p is None else part.bias_p for part in parts)
    shared = (before.cell.seed, before.cell.estimates) == (after.cell.seed, after.cell.estimates)
    return Change(
        name=f"{_name(after)}, {row['part']}",
        row=row,
        ratio=_ratio(parts[0], parts[1], shared),
        new_bias=p if p < UNBIASED_LIMIT <= p_before else None,
    )


def _ratio(before: PartResult, after: PartResult, shared: bool) -> Interval:
    """Ratio of two variances with its 95 % interval; of two that are rounding, 1."""
    under, over = (relative_errors.variances(part) for part in (before, after))
    if under[0] == 0 or over[0] == 0:
        value = 1.0 if under[0] == over[0] else math.inf if over[0] > 0 else 0.0
        return Interval(value, value, value)
    with np.errstate(divide="ignore"):
        left = [np.log(values[1:]) for values in (over, under)]
    if shared:
        error = jackknife_error(left[0] - left[1])
    else:
        error = math.hypot(*map(jackknife_error, left))
    value = float(over[0] / under[0])
    if not math.isfinite(error):
        return Interval(value, 0.0, math.inf)
    factor = math.exp(t_quantile(left[0].size - 1) * error)
    return Interval(value, value / factor, value * factor)


def machine_notes(before: Any, after: Any) -> Iterator[Note]:
    """Notes on what differs in the facts of two machines and their versions."""
    there = dict(_flat(after))
    differing = [
        f"{key} {value} and {there.get(key)}"
        for key, value in _flat(before)
        if there.get(key) != value
    ]
    if differing:
        what = f"the runs differ in {'; '.join(differing)}"
        yield Note("other-machine", what, "their numbers may differ in the last digits")


def _gradient_notes(
    done: list[tuple[Record, Row]], rows: Mapping[Any, tuple[Record, Row]]
) -> Iterator[Note]:
    """Where the gradient itself is another one: a variance is then another, too."""
    changed = []
    for record, row in done:
        _, after = rows.get((_cell(record), row["part"]), (None, row))
        norms = row["truth_norm"], after["truth_norm"]
        if None in norms:
            continue
        errors = math.hypot(row["truth_error"], after["truth_error"])
        if abs(norms[0] - norms[1]) > GRADIENT_ERRORS * errors + SAME_GRADIENT * max(norms):
            changed.append((_place(record.cell), *norms))
    for place, before, after in dict.fromkeys(changed[:1]):
        what = (
            f"the gradient of {place} has norm {text.digits(after)}, and had {text.digits(before)}"
        )
        yield Note(
            "other-gradient", what, "the model changed: judge by the column relative_variance"
        )


def _flat(facts: Mapping[str, Any] | None) -> Iterator[tuple[str, Any]]:
    for key, value in (facts or {}).items():
        yield from _flat(value) if isinstance(value, dict) else [(key, value)]
