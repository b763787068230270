"""Estimators of a run as candidates: errors as functions of the budget of a step.

Averaging budget / cost of its estimates, whose mean is m, an estimator leaves of the gradient g

    the error            (‖m - g‖² + variance · cost / budget) / ‖g‖²
    the direction error  1 - (m · g)₊² / (‖g‖² (‖m‖² + variance · cost / budget)),

the second after the best step size. They are e and e / (1 + e) of a line e = level + slope /
budget.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gumbench.diagnostics import UNBIASED_LIMIT
from gumbench.report import relative_errors
from gumbench.report.cost import CostModel
from gumbench.report.envelope import Line
from gumbench.report.tables import Row
from gumbench.types import PartResult, Record

WITHOUT_TRUTH = "none"


def _direction(e: Any) -> Any:
    return np.where(np.isinf(e), 1.0, e / (1 + np.where(np.isinf(e), 0.0, e)))


# The errors, and what makes each of its line.
ERROR_OF_LINE: dict[str, Callable] = {"direction": _direction, "error": lambda e: e}


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
    def name(self) -> str:
        """Estimator with what tells it apart."""
        return _name(self.estimator, self.temperature, self.inner_samples, self.settings)

    def plain(self) -> dict[str, Any]:
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

    def at(self, by: str, budget: float) -> float | None:
        """Its error of a kind at a budget, or None."""
        if self.unseen or by not in self.lines or self.cost > budget:
            return None
        return float(ERROR_OF_LINE[by](self.lines[by].at([budget])[0, 0]))


def candidate_name(record: Record) -> str:
    """A cell as candidates are called."""
    cell = record.cell
    settings = pairs_text(cell.estimator_settings)
    return _name(cell.estimator, cell.temperature, cell.inner_samples, settings)


def _name(
    estimator: str, temperature: float | None, inner_samples: int | None, settings: str
) -> str:
    parts = [f"τ = {temperature:g}"] if temperature is not None else []
    parts += [f"K = {inner_samples}"] if inner_samples else []
    parts += [settings] if settings else []
    return estimator + (f" ({', '.join(parts)})" if parts else "")


def pairs_text(pairs: Iterable[tuple[str, Any]]) -> str:
    """Settings as text."""
    return ", ".join(f"{key} = {_plain(value)}" for key, value in pairs)


def _plain(value: Any) -> Any:
    return f"{value:g}" if isinstance(value, float) else value


def varied_settings(records: Iterable[Record]) -> set[str]:
    """Estimators whose candidates differ in their settings."""
    seen: dict[str, set] = {}
    for record in records:
        pairs = pairs_text(record.cell.estimator_settings)
        seen.setdefault(record.cell.estimator, set()).add(pairs)
    return {name for name, texts in seen.items() if len(texts) > 1}


def candidate(record: Record, row: Row, cost: CostModel, varied: set[str]) -> Candidate:
    """The Candidate of a record and its row; varied : estimators whose settings are said."""
    cell, result = record.cell, record.result
    part = record.parts[row["part"]]
    p = part.bias_p
    rejected = result["unbiased"] and p is not None and p < UNBIASED_LIMIT
    price = cost.of(record)
    unbiased = result["unbiased"] and not rejected
    timed = {"rounds": tuple(record.clock.get("rounds", ()))} if cost.is_measured else {}
    lines = {
        by: Line(level, slope, price, result["deterministic"], unseen, **timed)
        for by, (level, slope, unseen) in _errors(part, unbiased, price).items()
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
        exact=relative_errors.is_rounding(part),
        unseen=relative_errors.is_unseen(part),
        row=row,
        lines=lines,
    )


def _errors(result: PartResult, unbiased: bool, cost: float) -> dict[str, tuple[Any, Any, float]]:
    """Level, slope and what nobody saw of the slope, by the errors that there are."""
    square = relative_errors.gradient_square(result)
    unseen = 0.0
    if (
        result.unseen
        and not relative_errors.is_rounding(result)
        and not relative_errors.is_unseen(result)
    ):
        unseen = result.unseen.half_width * cost
    if result.truth == WITHOUT_TRUTH:
        work = relative_errors.variances(result) * cost
        return {"error": (np.zeros_like(work), work, unseen)} if unbiased else {}
    moments = relative_errors.moments(result)
    work, scale = moments.variance * cost, square or 1.0
    bias = np.zeros_like(work) if unbiased else moments.bias
    errors = {"error": (bias / scale, work / scale, unseen / scale)}
    if square is None:
        return errors
    if unbiased or (relative_errors.is_rounding(result) and not bias.any()):
        return errors | {"direction": errors["error"]}
    gain, error = relative_errors.gain(result)
    if not gain > relative_errors.GAIN_ERRORS * error:
        return errors | {"direction": (np.full_like(work, np.inf), np.zeros_like(work), 0.0)}
    along = np.maximum(moments.by_truth, 0.0) ** 2 / square
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.maximum(moments.square / along - 1.0, 0.0)
        return errors | {"direction": (level, work / along, unseen / along[0])}
