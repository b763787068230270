"""Bias and variance of estimators against the exact gradient."""

import dataclasses
import functools
import math
import time

import numpy as np

from gumbench import registry, statistics
from gumbench.families.bound import Bound, Program
from gumbench.kernels import driver, philox
from gumbench.types import BATCHES, Record, Truth

SECONDS_A_CALL = 0.2
LONGEST_CALL = 1 << 16
ITEMS_OF_SUMS = 1 << 22
ITEMS_OF_MEANS = 1 << 24
WIDE_INTERVAL = 0.2
MOST_COMPONENTS = 4096
NANOSECONDS = 1.2


class Silent:
    """A monitor that shows and saves nothing; the interface of every monitor."""

    def progress(self, fraction):
        """Told how much of the pass is done."""

    def load(self, name):
        """The state saved for `name`, or None."""

    def save(self, name, arrays):
        """Offered a state from which the work can go on; `arrays` is called if it is wanted."""


def measure(cells, monitor=None):
    """Records of cells that differ only in temperature; they share their noise."""
    monitor = monitor or Silent()
    cell = cells[0]
    bound = bound_problem(cell.problem, cell.dimension, cell.problem_settings, cell.dtype)
    estimator = registry.estimators(cell.estimator)[bound.problem.family]
    truth = exact_gradient(bound, cell.seed, cell.truth_estimates)
    most = max(1, ITEMS_OF_MEANS // (BATCHES * bound.theta.size))
    records = []
    for first in range(0, len(cells), most):
        some = cells[first : first + most]
        records += _measure_some(some, bound, estimator, truth, monitor)
    return records


@functools.lru_cache(maxsize=4)
def bound_problem(name, dimension, settings, dtype):
    """The problem of a cell, bound to its dtype."""
    return Bound(registry.make_problem(name, dimension, settings), dtype)


def _measure_some(cells, bound, estimator, truth, monitor):
    cell = cells[0]
    grouping = Grouping(bound, truth.gradient)
    temperatures = [c.temperature or 1.0 for c in cells]
    started = time.perf_counter()
    program = make_program(bound, estimator, temperatures, cell.inner_samples, cell.seed)
    prepared = time.perf_counter()
    name = " ".join(c.key for c in cells)
    moments = accumulate(program, grouping, cell.estimates // BATCHES, monitor, name)
    seconds = time.perf_counter() - prepared
    clock = {"prepare_seconds": prepared - started, "pass_seconds": seconds / len(cells)}
    return [
        dataclasses.replace(
            _record(c, bound, estimator, truth, grouping, moments.at(t)), clock=clock
        )
        for t, c in enumerate(cells)
    ]


def make_program(bound, estimator, temperatures, inner_samples, seed, purpose=None):
    """An estimator on a bound problem with what it prepares for each temperature."""
    prepared = estimator.prepare(bound, seed, {}) if estimator.prepare else np.zeros(1)
    prepared = np.tile(prepared, (len(temperatures), 1))
    return Program(bound, estimator, temperatures, inner_samples, seed, purpose, prepared)


class Grouping:
    """Groups of components of every part, and rows of their sums, as the driver takes them.

    parts: name -> (slice of the components, Groups, rows of each level).
    """

    def __init__(self, bound, truth):
        self.parts = {}
        groups = [statistics.group_components(n) for n in bound.problem.parts.values()]
        leaves = sum(g.sizes[0] for g in groups)
        leaf_row, next_row, first = 0, leaves, 0
        row_of, sign, roots = [], [], []
        children: list[tuple[int, int]] = []
        for (name, size), group in zip(bound.problem.parts.items(), groups, strict=True):
            levels = [range(leaf_row, leaf_row + group.sizes[0])]
            for count in group.sizes[1:]:
                below = levels[-1]
                for i in range(count):
                    child = below.start + statistics.BRANCHES * i
                    children.append((child, min(child + statistics.BRANCHES, below.stop)))
                levels.append(range(next_row, next_row + count))
                next_row += count
            row_of.append(group.leaf + leaf_row)
            sign.append(group.sign)
            roots.append(levels[-1].start)
            self.parts[name] = (slice(first, first + size), group, levels)
            leaf_row += group.sizes[0]
            first += size
        self.rows = next_row
        leaf, signs = np.concatenate(row_of), np.concatenate(sign)
        shift = truth.astype(bound.real).astype(np.float64)
        first_child, last_child = np.array(children, np.int64).reshape(-1, 2).T.copy()
        self.driver = driver.Grouping(
            shift,
            signs,
            np.argsort(leaf, kind="stable"),
            np.concatenate([[0], np.cumsum(np.bincount(leaf, minlength=leaves))]),
            np.bincount(leaf, signs * shift, leaves),
            first_child,
            last_child,
            np.array(roots, np.int64),
            leaves if all(g.single for g in groups) else 0,
        )
        self.shift = shift


@dataclasses.dataclass
class Moments:
    """Moments of the estimates around the grouping's shift, over all batches.

    Arrays lead with an axis of temperatures, which `at` removes. count: estimates of a batch.
    batch_means (batches, parameters); m2 (parameters,) sum of squares around the mean;
    batch_m2 (batches, parts) the same within a batch, summed over a part; row_means, row_m2
    (rows,) of the groups' sums; not_finite: batch and number of the first bad estimate, or -1.
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
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)[1:]}

    def add(self, first_batch, sums, slices):
        """Take in the finished sums of some batches."""
        n = self.count
        for b in range(sums.not_finite.shape[0]):
            batch = first_batch + b
            for total, means, m2 in (
                (sums.components, self.batch_means, self.m2),
                (sums.rows, self.row_means, self.row_m2),
            ):
                mean = total[b, :, :, 0] / n
                within = np.maximum(total[b, :, :, 1] - n * mean**2, 0.0)
                means[:, batch] = mean
                m2 += within
                if m2 is self.m2:
                    for p, part in enumerate(slices):
                        self.batch_m2[:, batch, p] = within[:, part].sum(axis=1)
            self.not_finite[:, batch] = sums.not_finite[b]

    def at(self, t):
        """The moments of one temperature, merged over the batches."""
        one = Moments(self.count, *(array[t] for array in self.arrays().values()))
        for means, m2 in ((one.batch_means, one.m2), (one.row_means, one.row_m2)):
            center = means.mean(axis=0)
            for batch in range(BATCHES):
                m2 = m2 + self.count * (means[batch] - center) ** 2
            if means is one.batch_means:
                one.m2 = m2
            else:
                one.row_m2, one.row_means = m2, center
        return one


def accumulate(program, grouping, count, monitor, name):
    """Moments of `count` estimates in each batch.

    Batches are worked on in groups whose sums fit memory, each in slices short enough for an
    interrupt; neither changes a bit of the result.
    """
    temperatures, parameters = program.inputs.temperatures.size, program.inputs.theta.size
    slices = [part for part, _, _ in grouping.parts.values()]
    moments = Moments.empty(count, temperatures, parameters, len(slices), grouping.rows)
    block = driver.block_size(program.elements)
    together = min(BATCHES, max(2, ITEMS_OF_SUMS // (temperatures * parameters)))
    batch = start = 0
    sums = None
    if saved := monitor.load(name):
        batch, start = (int(i) for i in saved.pop("place"))
        if start:
            sums = driver.Sums(*(saved.pop(field) for field in driver.Sums._fields))
        moments = Moments(count, **{key: saved[key] for key in moments.arrays()})
    length = block
    while batch < BATCHES:
        batches = min(together, BATCHES - batch)
        sums = sums or driver.Sums(
            np.zeros((batches, temperatures, parameters, 2)),
            np.zeros((batches, temperatures, grouping.rows, 2)),
            np.full((batches, temperatures), -1, np.int64),
        )
        while start < count:
            began = time.perf_counter()
            work = min(length, count - start)
            program.add_moments(grouping.driver, batch, start, work, block, sums)
            start += work
            length = _next_length(length, block, time.perf_counter() - began)
            monitor.progress((batch + batches * start / count) / BATCHES)
            place = {"place": np.array([batch, start])}
            monitor.save(name, lambda p=place, s=sums: {**p, **s._asdict(), **moments.arrays()})
        moments.add(batch, sums, slices)
        batch, start, sums = batch + batches, 0, None
    return moments


def _next_length(length, block, seconds):
    """Estimates of each batch for the next call: as many blocks as take the time wanted."""
    wanted = length * min(8.0, SECONDS_A_CALL / max(seconds, 1e-6))
    return min(LONGEST_CALL, max(block, int(wanted) // block * block))


def exact_gradient(bound, seed, truth_estimates):
    """The truth of a bound problem: closed form, enumeration, or estimated by a long run."""
    return _truth(_Key(bound), seed, truth_estimates)


class _Key:
    """A bound problem as a key of the cache: equal for the same object."""

    def __init__(self, bound):
        self.bound = bound

    def __hash__(self):
        return id(self.bound)

    def __eq__(self, other):
        return self.bound is other.bound


@functools.lru_cache(maxsize=4)
def _truth(key, seed, truth_estimates):
    bound = key.bound
    problem = bound.problem
    if problem.truth is not None:
        theta, data = bound.theta.astype(np.float64), bound.data.astype(np.float64)
        return Truth(np.asarray(problem.truth(theta, data), np.float64), "closed form")
    gradient = bound.family.exact_gradient(bound)
    if gradient is not None:
        return Truth(gradient, "enumeration")
    estimator = registry.estimators(bound.family.TRUTH_ESTIMATOR)[problem.family]
    if registry.why_not(estimator, problem):
        return Truth(np.zeros(bound.theta.size), "none")
    return _estimated_truth(bound, estimator, seed, truth_estimates)


def _estimated_truth(bound, estimator, seed, estimates):
    grouping = Grouping(bound, np.zeros(bound.theta.size))
    program = make_program(bound, estimator, [1.0], None, seed, philox.TRUTH)
    moments = accumulate(program, grouping, estimates // BATCHES, Silent(), "").at(0)
    n = moments.count * BATCHES

    def error(m2):
        return np.sqrt(m2 / (n - 1) / n)

    mean = moments.batch_means.mean(axis=0)
    return Truth(mean, "estimated", error(moments.m2), error(moments.row_m2))


def _record(cell, bound, estimator, truth, grouping, moments):
    bad = np.flatnonzero(moments.not_finite >= 0)
    result, notes, message = {}, [], ""
    if bad.size:
        status = "diverged"
        number = moments.not_finite[bad[0]]
        message = f"estimate {number} of batch {bad[0]} is not finite"
    else:
        status = "done"
        for index, name in enumerate(grouping.parts):
            result[name] = _part(cell, bound, truth, grouping, moments, index, name)
            if (result[name]["relative_error"] or 0.0) > WIDE_INTERVAL:
                notes.append("wide-interval")
    shared = _costs(cell, bound, estimator)
    return Record(
        key=cell.key,
        measurement=cell.measurement,
        cell=cell.identity(),
        status=status,
        result={**shared, "parts": result},
        notes=tuple(dict.fromkeys(notes)),
        message=message,
    )


def _costs(cell, bound, estimator):
    shape = bound.problem.shape
    inner = cell.inner_samples or 1
    return {
        "family": bound.problem.family,
        "unbiased": estimator.unbiased,
        "settings": cell.settings_text(),
        "part_sizes": dict(bound.problem.parts),
        "evaluations": float(estimator.evaluations(inner, *shape)),
        "gradient_evaluations": float(estimator.gradient_evaluations(inner, *shape)),
    }


def _finite(x):
    """A float for JSON, None for what is not a number."""
    x = float(x)
    return x if math.isfinite(x) else None


def _part(cell, bound, truth, grouping, moments, index, name):
    part, groups, levels = grouping.parts[name]
    n = moments.count * BATCHES
    differences = moments.batch_means[:, part] + (grouping.shift[part] - truth.gradient[part])
    component_variance = moments.m2[part] / (n - 1)
    variance = float(component_variance.sum())
    within = moments.batch_m2[:, index] / (moments.count - 1) if moments.count > 1 else []
    low, high, relative = statistics.variance_interval(variance, within)
    if not len(within) and variance == 0.0:
        low = high = relative = 0.0
    error = truth.error[part] if truth.error is not None else np.zeros(groups.leaf.size)
    found = {
        "truth": truth.source,
        "truth_norm": _finite(np.sqrt((truth.gradient[part] ** 2).sum())),
        "truth_error": _finite(np.sqrt((error**2).sum())),
        "variance": variance,
        "variance_low": _finite(low),
        "variance_high": _finite(high),
        "relative_error": _finite(relative),
        "batch_count": moments.count,
        "batch_variances": [float(v) for v in within],
    }
    if truth.source == "none":
        return found
    bias = statistics.bias_size(differences, variance / n, float((error**2).sum()))
    test = _bias_test(bound, truth, grouping, moments, name, relative, component_variance)
    found |= {
        "bias_norm": bias.norm,
        "bias_low": bias.low,
        "bias_high": bias.high,
        "bias_z": _finite(test.z),
        "bias_p": test.p,
        "bias_groups": test.groups,
        "mse": variance + max(0.0, bias.square),
    }
    if cell.components:
        keep = slice(0, MOST_COMPONENTS)
        found["components"] = {
            "truth": truth.gradient[part][keep].tolist(),
            "mean": (truth.gradient[part] + differences.mean(axis=0))[keep].tolist(),
            "standard_error": np.sqrt(component_variance / n)[keep].tolist(),
            "variance": component_variance[keep].tolist(),
        }
    return found


def _bias_test(bound, truth, grouping, moments, name, relative, component_variance):
    part, groups, levels = grouping.parts[name]
    n = moments.count * BATCHES
    epsilon = float(np.finfo(bound.real).eps)
    allowed = statistics.groups_allowed(relative if math.isfinite(relative) else 1.0, n)
    center = grouping.shift[part] - truth.gradient[part]
    size = np.abs(truth.gradient[part]) + bound.rounding_scale[part]
    if groups.single and groups.leaf.size <= allowed:
        difference = moments.batch_means[:, part].mean(axis=0) + center
        scale = size + np.sqrt(component_variance + (difference + truth.gradient[part]) ** 2)
        error = truth.error[part] if truth.error is not None else 0.0
        return statistics.bias_test(difference, component_variance, scale, epsilon, n, error)
    usable = levels[1:] if groups.single else levels
    rows = next((level for level in usable if len(level) <= allowed), levels[-1])
    level = levels.index(rows)
    group = groups.leaf // statistics.BRANCHES**level
    gather = functools.partial(np.bincount, group, minlength=len(rows))
    variance = moments.row_m2[rows.start : rows.stop] / (n - 1)
    signed_truth = gather(groups.sign * truth.gradient[part])
    difference = moments.row_means[rows.start : rows.stop] + gather(groups.sign * center)
    scale = gather(size) + np.sqrt(variance + (difference + signed_truth) ** 2)
    error = truth.row_error[rows.start : rows.stop] if truth.row_error is not None else 0.0
    return statistics.bias_test(difference, variance, scale, epsilon, n, error)


def expected_seconds(cells, threads):
    """A rough forecast of a pass from its counts of words, evaluations and components."""
    cell = cells[0]
    problem = registry.make_problem(cell.problem, cell.dimension, cell.problem_settings)
    estimator = registry.estimators(cell.estimator)[problem.family]
    inner = cell.inner_samples or 1
    elements = problem.shape[0] * problem.shape[1]
    evaluations = estimator.evaluations(inner, *problem.shape)
    if estimator.deterministic:
        return evaluations * problem.shape[0] * NANOSECONDS / 1e9
    work = elements * (estimator.noise(inner) + 2 * len(cells)) + evaluations * problem.shape[0]
    return 0.02 + cell.estimates * work * NANOSECONDS / threads / 1e9
