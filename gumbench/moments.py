"""Moments of the estimates of a program, batch by batch, and of groups of their components."""

import dataclasses
import time
from typing import NamedTuple

import numpy as np

from gumbench import statistics
from gumbench.kernels import driver
from gumbench.types import BATCHES

SECONDS_A_CALL = 0.2
LONGEST_CALL = 1 << 16
ITEMS_OF_SUMS = 1 << 19


class Silent:
    """A monitor that shows and saves nothing; the interface of every monitor."""

    def progress(self, fraction):
        """Told how much of the pass is done."""

    def load(self, name):
        """The state saved for `name`, or None."""

    def save(self, name, arrays):
        """Offered a state from which the work can go on; `arrays` is called if it is wanted."""


class Grouping:
    """Groups of components of every part, and rows of their sums, as the driver takes them.

    Components that are groups of their own need no row. parts: name -> (slice of the components,
    Groups, rows of each level that has them).
    """

    def __init__(self, bound, truth):
        self.parts = {}
        all_groups = [statistics.group_components(n) for n in bound.problem.parts.values()]
        finest = [1 if g.single and len(g.sizes) > 1 else 0 for g in all_groups]
        leaves = sum(g.sizes[f] for g, f in zip(all_groups, finest, strict=True))
        leaf_row, next_row, first = 0, leaves, 0
        row_of, order, roots = [], [], []
        children: list[tuple[int, int]] = []
        for name, groups, level in zip(bound.problem.parts, all_groups, finest, strict=True):
            rows = {level: slice(leaf_row, leaf_row + groups.sizes[level])}
            row_of.append(groups.leaf // statistics.BRANCHES**level + leaf_row)
            order.append(np.argsort(groups.leaf, kind="stable") + first)
            for above in range(level + 1, len(groups.sizes)):
                below = rows[above - 1]
                for i in range(groups.sizes[above]):
                    child = below.start + statistics.BRANCHES * i
                    children.append((child, min(child + statistics.BRANCHES, below.stop)))
                rows[above] = slice(next_row, next_row + groups.sizes[above])
                next_row += groups.sizes[above]
            roots.append(rows[len(groups.sizes) - 1].start)
            self.parts[name] = (slice(first, first + groups.leaf.size), groups, rows)
            leaf_row += groups.sizes[level]
            first += groups.leaf.size
        self.rows = next_row
        members = np.bincount(np.concatenate(row_of), minlength=leaves)
        first_child, last_child = np.array(children, np.int64).reshape(-1, 2).T.copy()
        self.shift = truth.astype(bound.real).astype(np.float64)
        self.driver = driver.Grouping(
            self.shift,
            np.concatenate([groups.sign for groups in all_groups]),
            np.concatenate(order),
            np.concatenate([[0], np.cumsum(members)]),
            first_child,
            last_child,
            np.array(roots, np.int64),
        )


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
    def empty(cls, count, temperatures, parameters, parts, rows):
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

    def arrays(self):
        """All arrays by name."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)[1:]}

    def add(self, first_batch, sums, slices):
        """Take in the finished sums of some batches."""
        for b in range(sums.not_finite.shape[0]):
            batch = first_batch + b
            self.batch_means[:, batch], within = _mean_and_m2(sums.components[b], self.count)
            self.m2 += within
            for p, part in enumerate(slices):
                self.batch_m2[:, batch, p] = within[:, part].sum(axis=1)
            self.row_means[:, batch], within = _mean_and_m2(sums.rows[b], self.count)
            self.row_m2 += within
            self.not_finite[:, batch] = sums.not_finite[b]

    def at(self, t):
        """The moments of one temperature, merged over the batches."""
        one = Moments(self.count, *(array[t] for array in self.arrays().values()))
        one.m2 = one.m2 + self.count * _spread(one.batch_means)
        one.row_m2 = one.row_m2 + self.count * _spread(one.row_means)
        return one


def _mean_and_m2(sums, count):
    """Mean and sum of squares around it."""
    with np.errstate(invalid="ignore", over="ignore"):
        total = driver.totals(sums)
        mean = total[..., 0] / count
        return mean, np.maximum(total[..., 1] - count * mean**2, 0.0)


def _spread(means):
    """Sum of squares of the batches' means around their mean (Chan et al. 1979)."""
    with np.errstate(invalid="ignore"):
        return ((means - means.mean(axis=0)) ** 2).sum(axis=0)


def accumulate(program, grouping, count, monitor, name):
    """Moments of `count` estimates in each batch.

    Batches are worked on in groups whose sums fit memory, each in slices short enough for an
    interrupt; neither changes a bit of the result.
    """
    temperatures, parameters = len(program.temperatures), program.parameters
    slices = [part for part, _, _ in grouping.parts.values()]
    moments = Moments.empty(count, temperatures, parameters, len(slices), grouping.rows)
    block = driver.block_for(program.block, count)
    together = min(BATCHES, max(2, ITEMS_OF_SUMS // (temperatures * parameters)))
    batch = start = 0
    sums = None
    if saved := monitor.load(name):
        batch, start = (int(i) for i in saved["place"])
        if start:
            sums = driver.Sums(*(saved[f"sums_{field}"] for field in driver.Sums._fields))
        moments = Moments(count, **{key: saved[key] for key in moments.arrays()})
    length = block
    while batch < BATCHES:
        batches = min(together, BATCHES - batch)
        sums = sums or driver.no_sums(batches, temperatures, parameters, grouping.rows)
        while start < count:
            began = time.perf_counter()
            work = min(length, count - start)
            program.add_moments(grouping.driver, batch, start, work, block, sums)
            start += work
            length = _next_length(length, block, time.perf_counter() - began)
            monitor.progress((batch + batches * start / count) / BATCHES)
            state = _State(batch, start, sums, moments)
            monitor.save(name, state.arrays)
        moments.add(batch, sums, slices)
        batch, start, sums = batch + batches, 0, None
    return moments


class _State(NamedTuple):
    """From where the work can go on."""

    batch: int
    start: int
    sums: driver.Sums
    moments: Moments

    def arrays(self):
        """As arrays by name."""
        sums = {f"sums_{name}": array for name, array in self.sums._asdict().items()}
        return {"place": np.array([self.batch, self.start]), **sums, **self.moments.arrays()}


def _next_length(length, block, seconds):
    """Estimates of each batch for the next call: as many blocks as take the time wanted."""
    wanted = length * min(8.0, SECONDS_A_CALL / max(seconds, 1e-6))
    longest = LONGEST_CALL // block * block or LONGEST_CALL
    return min(longest, max(block, int(wanted) // block * block))
