"""Moments of the estimates of an estimator, batch by batch, and of groups of their components."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from gumbench.engine.bound_estimator import BoundEstimator
from gumbench.engine.bound_problem import BoundProblem
from gumbench.kernels.loops import driver, records
from gumbench.kernels.loops.records import Sums
from gumbench.stats.bias import BRANCHES, group_components
from gumbench.types import BATCHES

SECONDS_A_CALL = 0.2
LONGEST_CALL = 1 << 16
ITEMS_OF_SUMS = 1 << 19


class Silent:
    """A monitor that shows and saves nothing; the interface of every monitor."""

    def progress(self, fraction: float) -> None:
        """Told how much of the pass is done."""

    def stage(self, words: str) -> None:
        """Told what is done beside making estimates; nothing for estimates."""

    def load(self, name: str) -> Any:
        """The state saved for `name`, or None."""

    def save(self, name: str, arrays: Callable[[], Any]) -> None:
        """Offered a state from which the work can go on; `arrays` is called if it is wanted."""


class Grouping:
    """Groups of components of every part, and rows of their sums, as the driver takes them.

    Components that are groups of their own need no row. parts: name -> (slice of the components,
    Groups, rows of each level that has them).
    """

    def __init__(self, bound: BoundProblem, truth: np.ndarray) -> None:
        self.parts, self.rows, first = {}, 0, 0
        row_of, children, roots = [], [], []
        for name, size in bound.problem.parts.items():
            groups = group_components(size)
            finest = 1 if groups.single and len(groups.sizes) > 1 else 0
            rows, counts = _in_post_order(groups.sizes[finest:], self.rows)
            row_of.append(rows[0][groups.leaf // BRANCHES**finest])
            children.append(counts)
            roots.append(rows[-1][0])
            part = slice(first, first + size)
            self.parts[name] = part, groups, dict(enumerate(rows, finest))
            self.rows, first = self.rows + counts.size, part.stop
        self.shift = truth.astype(bound.real).astype(np.float64)
        self.sign = np.concatenate([groups.sign for _, groups, _ in self.parts.values()])
        leaf, waiting = np.concatenate(row_of), np.cumsum(1 - np.concatenate(children))
        self.driver = records.Grouping(
            self.sign,
            self.sign * self.shift,
            np.argsort(leaf, kind="stable"),
            np.append(0, np.cumsum(np.bincount(leaf, minlength=self.rows))),
            np.concatenate(children),
            np.array(roots),
            int(waiting.max()),
        )


def _in_post_order(sizes: tuple[int, ...], first: int) -> Any:
    """Rows of the groups on each level of one part, and how many children each row has, by row.

    A row comes right after all that it sums, from row `first` on.
    """
    size = np.array(sizes)
    level = np.repeat(np.arange(size.size), size)
    index = np.concatenate([np.arange(n) for n in sizes])
    last = np.minimum((index + 1) * BRANCHES**level, sizes[0])
    order = np.lexsort((level, last))
    row = first + np.argsort(order)
    of_last = size[level - 1] - BRANCHES * index
    children = np.where(level > 0, np.minimum(of_last, BRANCHES), 0)
    return [row[level == k] for k in range(size.size)], children[order]


@dataclasses.dataclass
class Moments:
    """Moments of the estimates around the grouping's shift, over all batches.

    Arrays lead with an axis of temperatures, which `at` removes. count: estimates of a batch.
    batch_means (batches, parameters); m2 (parameters,) sum of squares around the mean;
    batch_m2 (batches, parts) the same within a batch, summed over a part; row_means (batches,
    rows) and row_m2 (rows,) of the groups' sums; not_finite (batches,) the number of the first
    estimate that is not finite, or -1.
    """

    count: int
    batch_means: np.ndarray
    m2: np.ndarray
    batch_m2: np.ndarray
    row_means: np.ndarray
    row_m2: np.ndarray
    not_finite: np.ndarray

    @classmethod
    def empty(
        cls, count: int, temperatures: int, parameters: int, parts: int, rows: int
    ) -> "Moments":
        """No batches yet."""
        return cls(
            count,
            np.zeros((temperatures, BATCHES, parameters)),
            np.zeros((temperatures, parameters)),
            np.zeros((temperatures, BATCHES, parts)),
            np.zeros((temperatures, BATCHES, rows)),
            np.zeros((temperatures, rows)),
            np.full((temperatures, BATCHES), -1, np.int64),
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)[1:]}

    def add(self, first_batch: int, sums: Sums, sign: np.ndarray, slices: Sequence[slice]) -> None:
        """Take in the finished sums of some batches, whose components have a sign."""
        for b in range(sums.not_finite.shape[0]):
            batch = first_batch + b
            mean, within = _mean_and_m2(sums.components[b], self.count)
            self.batch_means[:, batch] = sign * mean
            self.m2 += within
            for p, part in enumerate(slices):
                self.batch_m2[:, batch, p] = within[:, part].sum(axis=1)
            self.row_means[:, batch], within = _mean_and_m2(sums.rows[b], self.count)
            self.row_m2 += within
            self.not_finite[:, batch] = sums.not_finite[b]

    def at(self, t: int) -> "Moments":
        """The moments of one temperature, merged over the batches."""
        one = Moments(self.count, *(array[t] for array in self.arrays().values()))
        one.m2 = one.m2 + self.count * _spread(one.batch_means)
        one.row_m2 = one.row_m2 + self.count * _spread(one.row_means)
        return one


def _mean_and_m2(sums: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sum of squares around it."""
    with np.errstate(invalid="ignore", over="ignore"):
        total = records.totals(sums)
        mean = total[..., 0] / count
        return mean, np.maximum(total[..., 1] - count * mean**2, 0.0)


def _spread(means: np.ndarray) -> np.ndarray:
    """Sum of squares of the batches' means around their mean (Chan et al. 1979)."""
    with np.errstate(invalid="ignore"):
        return ((means - means.mean(axis=0)) ** 2).sum(axis=0)


def accumulate(
    bound_estimator: BoundEstimator, grouping: Grouping, count: int, monitor: Any, name: str
) -> Moments:
    """Moments of `count` estimates in each batch.

    Batches are worked on in groups whose sums fit memory, each in slices short enough for an
    interrupt; neither changes a bit of the result.
    """
    temperatures, parameters = len(bound_estimator.temperatures), bound_estimator.parameters
    slices = [part for part, _, _ in grouping.parts.values()]
    moments = Moments.empty(count, temperatures, parameters, len(slices), grouping.rows)
    block = driver.block_for(bound_estimator.block, count)
    together = min(BATCHES, max(2, ITEMS_OF_SUMS // (temperatures * parameters)))
    batch = start = 0
    sums = None
    if saved := monitor.load(name):
        batch, start = (int(i) for i in saved["place"])
        if start:
            sums = records.Sums(*(saved[f"sums_{field}"] for field in records.Sums._fields))
        moments = Moments(count, **{key: saved[key] for key in moments.arrays()})
    length = block
    while batch < BATCHES:
        batches = min(together, BATCHES - batch)
        sums = sums or records.no_sums(batches, temperatures, parameters, grouping.rows)
        while start < count:
            began = time.perf_counter()
            work = min(length, count - start)
            bound_estimator.add_moments(grouping.driver, batch, start, work, block, sums)
            start += work
            length = _next_length(length, block, time.perf_counter() - began)
            monitor.progress((batch + batches * start / count) / BATCHES)
            state = _State(batch, start, sums, moments)
            monitor.save(name, state.arrays)
        moments.add(batch, sums, grouping.sign, slices)
        batch, start, sums = batch + batches, 0, None
    return moments


class _State(NamedTuple):
    """From where the work can go on."""

    batch: int
    start: int
    sums: records.Sums
    moments: Moments

    def arrays(self) -> dict[str, np.ndarray]:
        """As arrays by name."""
        sums = {f"sums_{name}": array for name, array in self.sums._asdict().items()}
        return {"place": np.array([self.batch, self.start]), **sums, **self.moments.arrays()}


def _next_length(length: int, block: int, seconds: float) -> int:
    """Estimates of each batch for the next call: as many blocks as take the time wanted."""
    wanted = length * min(8.0, SECONDS_A_CALL / max(seconds, 1e-6))
    longest = LONGEST_CALL // block * block or LONGEST_CALL
    return min(longest, max(block, int(wanted) // block * block))
