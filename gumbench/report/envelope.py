"""Who is best at which budget: the lower envelope of lines level + slope / budget.

A line takes part from the budget on that pays for one estimate. Two lines cross at most once, and
so do two growing functions of them.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gumbench.stats.intervals import log_ratio_of_medians, t_quantile

# Errors this close, as a share, are equal.
EQUAL = 1e-12
# How far from a crossing an interval of budgets is looked for, and in how many steps.
FARTHEST, STEPS, HALVINGS = 1e9, 240, 30
# Points of a range at which a rival is held against its winner.
POINTS = 9


@dataclass(frozen=True, eq=False)
class Line:
    """An error before its last step: of all batches (first), then with each of them left out.

    level, slope : (batches + 1,)
    cost : budget of one estimate
    last : of equal lines and costs, this one comes after the others
    unseen : what events that never happened could add to the slope
    rounds : seconds of the estimate in each round of timing, where the cost was measured
    """

    level: np.ndarray
    slope: np.ndarray
    cost: float
    last: bool = False
    unseen: float = 0.0
    rounds: tuple[float, ...] = ()

    def at(self, budgets: Any, unseen: float = 0.0) -> np.ndarray:
        """(batches + 1, n) at budgets (n,)."""
        return self.level[:, None] + (self.slope[:, None] + unseen) / np.asarray(budgets, float)


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Stretch:
    """Budgets from `start` to the next stretch, at which line number `best` is lowest.

    crossing : where the line before it was crossed; None where its first estimate is paid for
    rivals : numbers of lines that cannot be told apart from it anywhere in the stretch
    """

    start: float
    best: int
    crossing: Interval | None
    rivals: tuple[int, ...]


def envelope(lines: Sequence[Line], shape: Callable[..., Any]) -> list[Stretch]:
    """The Stretches of the lower envelope of some lines, by growing budget.

    shape : shape(line values) -> errors, a growing function
    """
    if not lines:
        return []
    starts = list(_walk(lines))
    stretches = []
    for number, (start, best) in enumerate(starts):
        stop = starts[number + 1][0] if number + 1 < len(starts) else math.inf
        crossing = None
        if number and lines[best].cost < start * (1 - EQUAL):
            crossing = _around(lines[best], lines[starts[number - 1][1]], start, shape)
        rivals = _rivals(lines, best, start, stop, shape)
        stretches.append(Stretch(start, best, crossing, rivals))
    return stretches


def best_at(lines: Sequence[Line], budget: float) -> int | None:
    """The number of the line that is lowest at a budget, and better just beyond it, or None."""
    paid = [i for i, line in enumerate(lines) if line.cost <= budget * (1 + EQUAL)]
    if not paid:
        return None
    values = {i: float(lines[i].level[0] + lines[i].slope[0] / budget) for i in paid}
    least = min(values.values())
    equal = [i for i in paid if values[i] <= least * (1 + EQUAL)]
    return min(equal, key=lambda i: (float(lines[i].level[0]), lines[i].cost, lines[i].last))


def rivals_at(
    lines: Sequence[Line], best: int, budget: float, shape: Callable[..., Any]
) -> tuple[int, ...]:
    """Numbers of the lines that cannot be told apart from the best one at a budget."""
    return _rivals(lines, best, budget, budget, shape)


def _walk(lines: Sequence[Line]) -> Iterator[tuple[float, int]]:
    """Pairs of a budget and the line that is lowest from there on."""
    level = np.array([line.level[0] for line in lines])
    slope = np.array([line.slope[0] for line in lines])
    cost = np.array([line.cost for line in lines])
    budget, before = _first_budget(cost), None
    while budget < math.inf:
        best = best_at(lines, budget)
        if best is not None and best != before:
            yield float(budget), best
        before = best
        with np.errstate(divide="ignore", invalid="ignore"):
            crossed = (slope - slope[best]) / (level[best] - level)
        ahead = (level < level[best]) & (cost <= budget) & (crossed > budget * (1 + EQUAL))
        later = cost[cost > budget * (1 + EQUAL)]
        budget = min(later.min(initial=math.inf), crossed[ahead].min(initial=math.inf))


def _first_budget(costs: np.ndarray) -> float:
    """The least that pays for an estimate; of those that cost nothing, any budget does."""
    priced = costs[costs > 0]
    return priced.min() if priced.size else 1.0


def _around(line: Line, other: Line, crossing: float, shape: Callable[..., Any]) -> Interval:
    """A crossing with the budgets around it at which the two errors cannot be told apart."""
    least = max(line.cost, other.cost)
    ends = []
    for far in (max(least, crossing / FARTHEST), crossing * FARTHEST):
        budgets = np.geomspace(crossing, far, STEPS)
        apart = np.flatnonzero(~covers(line, other, budgets, shape))
        if not apart.size:
            ends.append(far if far < crossing else math.inf)
            continue
        inside, outside = budgets[max(apart[0] - 1, 0)], budgets[apart[0]]
        for _ in range(HALVINGS):
            middle = math.sqrt(inside * outside)
            if covers(line, other, [middle], shape)[0]:
                inside = middle
            else:
                outside = middle
        ends.append(float(inside))
    return Interval(float(crossing), min(ends[0], crossing), max(ends[1], crossing))


def _rivals(
    lines: Sequence[Line], best: int, start: float, stop: float, shape: Callable[..., Any]
) -> tuple[int, ...]:
    far = min(stop, start * FARTHEST)
    budgets = np.geomspace(start, far, POINTS) if far > start else [start]
    return tuple(
        i
        for i, line in enumerate(lines)
        if i != best
        and line.cost <= start * (1 + EQUAL)
        and covers(line, lines[best], budgets, shape).all()
    )


def covers(line: Line, other: Line, budgets: Any, shape: Callable[..., Any]) -> np.ndarray:
    """Whether the paired 95 % interval of two errors' ratio covers 1, at each of some budgets.

    The jackknife over the batches on the logarithm takes their shared noise into account; where
    leaving a batch out leaves no error, it works on the difference. What nobody saw could raise
    either. Equal errors without any width are not unclear, but equal.
    """
    budgets = np.asarray(budgets, float)
    tests = []
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for scale in (lambda line_at: np.log(shape(line_at)), shape):
            here, there = (scale(one.at(budgets)) for one in (line, other))
            half_width = _half_width(here - there, _timing(line, other, budgets, scale))
            up, down = (
                np.hypot(
                    half_width, scale(one.at(budgets, one.unseen)[0]) - scale(one.at(budgets)[0])
                )
                for one in (line, other)
            )
            apart = here[0] - there[0]
            inside = (-up <= apart) & (apart <= down) & ((up > 0) | (down > 0))
            tests.append((np.isfinite(here - there).all(axis=0), inside))
    (finite, by_ratio), (_, by_difference) = tests
    return np.where(finite, by_ratio, by_difference)


def _half_width(differences: np.ndarray, timing: float) -> np.ndarray:
    """Of a 95 % interval, from differences (batches + 1, n) of all batches and without each."""
    left = differences[1:]
    count = left.shape[0]
    error = np.sqrt((count - 1) / count * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    return np.hypot(t_quantile(count - 1) * error, timing)


def _timing(line: Line, other: Line, budgets: Any, scale: Callable[..., Any]) -> Any:
    """What the error of two measured costs adds to it."""
    pair = line.rounds, other.rounds
    if not all(pair) or len(set(map(len, pair))) > 1:
        return 0.0
    _, error = log_ratio_of_medians(*pair)
    factor = math.exp(t_quantile(len(line.rounds) - 1) * error)
    moved = (one.level[0] + one.slope[0] * factor / budgets for one in (line, other))
    stood = (one.at(budgets)[0] for one in (line, other))
    return np.maximum(*(np.abs(scale(m) - scale(s)) for m, s in zip(moved, stood, strict=True)))
