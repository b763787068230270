"""Which estimator, at what cost: ranking, break-even and paired intervals.

A candidate is an estimator with its temperature, inner samples and settings. Candidates of one
problem, dimension, dtype and part are compared with each other. Unbiased ones rank by variance ×
cost; a biased one stands below with its break-even, the number of reference estimates averaged up
to which its mean squared error is below the best unbiased candidate's at equal cost.
"""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from gumbench import rows, statistics, tables
from gumbench.errors import InputError, unknown
from gumbench.notes import Note

GRADIENT_COST = 3.0
# Below this share of the largest variance in a comparison, a variance is 0 up to rounding.
ZERO = 1e-10
COSTS = ("time", "evaluations", "estimates")


@dataclass(frozen=True)
class Cost:
    """What one estimate costs.

    unit : "time" (what was measured), "evaluations" (f plus gradient_cost times ∂f/∂x) or
        "estimates" (one each)
    gradient_cost : what an evaluation of ∂f/∂x costs, in evaluations of f, 3 where None; only
        where evaluations count
    seconds_of_f : seconds an evaluation of f takes in the user's own model, or None; an estimate
        then costs its evaluations at that price, and the time measured, where it was
    """

    unit: str = "evaluations"
    gradient_cost: float | None = None
    seconds_of_f: float | None = None

    def __post_init__(self):
        if self.unit not in COSTS:
            raise unknown("cost", self.unit, COSTS)
        if self.unit == "estimates" and self.seconds_of_f is not None:
            raise InputError("--cost-of-f is the price of evaluations: leave out --cost estimates")
        if self.gradient_cost is not None and self.unit != "evaluations" and not self.seconds_of_f:
            raise InputError(
                "--gradient-cost prices evaluations: add --cost evaluations, or --cost-of-f"
            )
        if not (math.isfinite(self.price_of_gradient) and self.price_of_gradient >= 0):
            raise InputError(f"--gradient-cost {self.gradient_cost}: give a number from 0")

    @property
    def price_of_gradient(self):
        """What an evaluation of ∂f/∂x costs, in evaluations of f."""
        return GRADIENT_COST if self.gradient_cost is None else self.gradient_cost

    def of(self, record):
        """Cost of one estimate of a finished cell. Raises InputError where none was measured."""
        if self.unit == "estimates":
            return 1.0
        result, rounds = record.result, record.clock.get("rounds")
        seconds = statistics.median_interval(rounds)[0] if rounds else 0.0
        evaluations = (
            result["evaluations"] + self.price_of_gradient * result["gradient_evaluations"]
        )
        if self.seconds_of_f:
            return seconds + evaluations * self.seconds_of_f
        if self.unit == "evaluations":
            return evaluations
        if not rounds and not _is_exact(record):
            name = f"{record.cell['estimator']} on {record.cell['problem']}"
            raise InputError(f"{name} has no time: give --cost evaluations, or sweep again")
        return seconds

    @property
    def is_measured(self):
        """Whether it is the time of the toy, and nothing else."""
        return self.unit == "time" and not self.seconds_of_f

    @property
    def name(self):
        """What the cost is counted in."""
        return "seconds" if self.seconds_of_f or self.unit == "time" else self.unit


def measured_cost(results, **facts):
    """A Cost in time where all noisy cells of some results have one, else in evaluations."""
    done = [r for r in results.records if r.status == "done" and r.measurement == "variance"]
    timed = all(r.clock.get("rounds") or _is_exact(r) for r in done)
    return Cost("time" if timed else "evaluations", **facts)


def _is_exact(record):
    """Whether one estimate says all: nothing is averaged, so its time does not matter."""
    return all(part["variance"] == 0 for part in record.result["parts"].values())


@dataclass(frozen=True)
class Ratio:
    """A ratio with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def apart(self):
        """Whether the interval leaves out 1."""
        return not self.low <= 1 <= self.high


@dataclass(frozen=True)
class Candidate:
    """One row of a comparison.

    exact : its variance is 0 to rounding
    work : variance × cost of one estimate
    to_best : ratio of the work to the best unbiased candidate's
    break_even, ..._low, ..._high : in reference estimates, with 95 %; None for the unbiased
    mse : at the budget, or None
    """

    estimator: str
    temperature: float | None
    inner_samples: int | None
    settings: str
    unbiased: bool
    cost: float
    variance: float
    bias_norm: float | None
    bias_low: float | None
    bias_high: float | None
    truth_norm: float | None
    batch_variances: tuple[float, ...] = dataclasses.field(repr=False)
    rounds: tuple[float, ...] = dataclasses.field(default=(), repr=False)
    seed: int = 0
    work: float = 0.0
    exact: bool = False
    to_best: Ratio | None = None
    break_even: float | None = None
    break_even_low: float | None = None
    break_even_high: float | None = None
    mse: float | None = None

    @property
    def name(self):
        """Estimator with what tells it apart."""
        parts = [f"τ = {self.temperature:g}"] if self.temperature is not None else []
        parts += [f"K = {self.inner_samples}"] if self.inner_samples else []
        parts += [self.settings] if self.settings else []
        return self.estimator + (f" ({', '.join(parts)})" if parts else "")


@dataclass(frozen=True)
class Comparison:
    """Candidates of one problem, dimension, dtype and part, best first.

    reference : the candidate that break-evens are counted in. budget : in units of the cost.
    """

    problem: str
    settings: str
    dimension: int
    dtype: str
    part: str
    cost: Cost
    candidates: tuple[Candidate, ...]
    reference: Candidate | None
    budget: float | None = None

    @property
    def best(self):
        """The unbiased candidate of least work, those without variance left out, or None."""
        noisy = [c for c in self.candidates if c.unbiased and not c.exact]
        return min(noisy, key=lambda c: c.work, default=None)

    @property
    def ties(self):
        """Unbiased candidates that cannot be told apart from the best."""
        others = [c for c in self.candidates if c.unbiased and not c.exact and c is not self.best]
        return [c for c in others if c.to_best is not None and not c.to_best.apart]

    def notes(self):
        """What to know about it, as Notes."""
        reference = self.reference
        if reference is not None and reference.exact:
            text = f"{reference.name} has no variance here, and break-evens are counted in it"
            yield Note("exact-reference", text, "--reference NAME counts in another")


def paired_ratio(over, under, factor=1.0):
    """Ratio of two variances from those of their batches, times a constant factor.

    over, under : variances of equally many batches that share their noise. The jackknife on the
    logarithm takes their correlation into account.
    """
    over, under = np.asarray(over, float), np.asarray(under, float)
    left_over, left_under = map(statistics.leave_one_out_means, (over, under))
    if left_over.min() <= 0 or left_under.min() <= 0:
        if over.mean() == under.mean() == 0:
            return Ratio(1.0, 1.0, 1.0)
        value = over.mean() / under.mean() * factor if under.mean() > 0 else math.inf
        return Ratio(value, value, value)
    error = statistics.jackknife_error(np.log(left_over) - np.log(left_under))
    return _log_interval(over.mean() / under.mean() * factor, error, over.size)


def unpaired_ratio(over, under, factor=1.0):
    """The same for batches that do not share their noise."""
    means = [statistics.leave_one_out_means(v) for v in (over, under)]
    if min(m.min() for m in means) <= 0:
        return paired_ratio(over, under, factor)
    error = math.hypot(*(statistics.jackknife_error(np.log(m)) for m in means))
    value = float(np.mean(over) / np.mean(under)) * factor
    return _log_interval(value, error, len(over))


def _log_interval(value, error, batches):
    spread = math.exp(statistics.t_quantile(batches - 1) * error)
    return Ratio(value, value / spread, value * spread)


def compare(results, cost=None, reference=None, budget=None, conditions=()):
    """Comparisons of all problems, dimensions and parts in some results.

    results : Results
    cost : a Cost; measured time by default, where all have one, else evaluations
    reference : name of the estimator that break-evens are counted in; score where there is one
    budget : what may be spent a step, in the cost's unit, by which all candidates then rank
    conditions : `column=value` texts on rows of the variance table, all of which must hold

    Raises InputError where nothing is left to compare.
    """
    cost = cost or measured_cost(results)
    groups: dict[tuple, list] = {}
    for record, row in _kept(results, conditions):
        candidate = _candidate(record, record.result["parts"][row["part"]], cost)
        groups.setdefault(_group(record, row["part"], cost), []).append(candidate)
    if not groups:
        raise InputError("there is no finished cell to compare")
    return [_comparison(key, group, cost, reference, budget) for key, group in groups.items()]


def _kept(results, conditions):
    """Records with their rows that are done and meet the conditions."""
    pairs = [
        (record, row)
        for record in results.records
        for row in tables.rows("variance", [record])
        if row["status"] == "done"
    ]
    kept = {id(row) for row in rows.where("variance", [row for _, row in pairs], conditions)}
    return [(record, row) for record, row in pairs if id(row) in kept]


@dataclass(frozen=True)
class Change:
    """A cell and part in two runs: the ratio of its variance in the second to the first."""

    problem: str
    dimension: int
    part: str
    settings: str
    estimator: str
    temperature: float | None
    inner_samples: int | None
    ratio: Ratio


# What may differ between two runs of a cell.
OWN = ("seed", "estimates", "truth_estimates", "components")


def changes(first, second, conditions=()):
    """Ratios of the variances of the cells that two results have in common.

    Raises InputError where there are none.
    """
    before = {_same(record, row): (record, row) for record, row in _kept(first, conditions)}
    found = []
    for record, row in _kept(second, conditions):
        if (key := _same(record, row)) in before:
            old, _ = before[key]
            found.append(_change(old, record, row))
    if not found:
        raise InputError("the runs have no cell in common")
    return found


def _same(record, row):
    cell = {key: str(value) for key, value in record.cell.items() if key not in OWN}
    return row["part"], *sorted(cell.items())


def _change(old, new, row):
    part = row["part"]
    # A deterministic estimator has no batches, and no variance.
    over, under = (r.result["parts"][part]["batch_variances"] or [0.0, 0.0] for r in (new, old))
    shared = all(old.cell[name] == new.cell[name] for name in ("seed", "estimates"))
    ratio = (paired_ratio if shared else unpaired_ratio)(over, under)
    names = [f.name for f in dataclasses.fields(Change)][:-1]
    return Change(**{name: row[name] for name in names}, ratio=ratio)


def machine_notes(first, second):
    """A Note where the machines and versions of two results differ."""
    there = dict(_flat(second.machine))
    found = [
        f"{key} {value} and {there.get(key)}"
        for key, value in _flat(first.machine)
        if there.get(key) != value
    ]
    if found:
        text = f"the runs differ in {'; '.join(found)}"
        yield Note("other-machine", text, "their numbers may differ in the last digits")


def _flat(facts):
    for key, value in (facts or {}).items():
        yield from _flat(value) if isinstance(value, dict) else [(key, value)]


def _pairs_text(pairs):
    return " ".join(f"{key}={value}" for key, value in pairs)


def _group(record, part, cost):
    """What candidates have in common; measured times of plain Python are compared among them."""
    cell = record.cell
    settings = _pairs_text(cell["problem_settings"])
    python = cost.is_measured and "python" in record.notes
    return cell["problem"], settings, cell["dimension"], cell["dtype"], part, python


def _candidate(record, found, cost):
    cell, price = record.cell, cost.of(record)
    return Candidate(
        estimator=cell["estimator"],
        temperature=cell["temperature"],
        inner_samples=cell["inner_samples"],
        settings=_pairs_text(cell["estimator_settings"]),
        unbiased=record.result["unbiased"],
        cost=price,
        variance=found["variance"],
        bias_norm=found.get("bias_norm"),
        bias_low=found.get("bias_low"),
        bias_high=found.get("bias_high"),
        truth_norm=found.get("truth_norm"),
        batch_variances=tuple(found["batch_variances"]),
        rounds=tuple(record.clock.get("rounds", ())) if cost.is_measured else (),
        seed=cell["seed"],
        work=found["variance"] * price,
    )


def _comparison(key, candidates, cost, reference, budget):
    largest = max(c.variance for c in candidates)
    candidates = [dataclasses.replace(c, exact=c.variance <= ZERO * largest) for c in candidates]
    noisy = [c for c in candidates if c.unbiased and not c.exact]
    best = min(noisy, key=lambda c: c.work, default=None)
    counted = _reference(key[0], candidates, reference, best)
    judged = [_against(c, best, counted) for c in candidates]
    if budget is None:
        judged.sort(key=_rank)
    else:
        judged = [dataclasses.replace(c, mse=_error_at(c, budget)) for c in judged]
        judged.sort(key=lambda c: (c.mse, c.cost))
    problem, settings, dimension, dtype, part, _ = key
    return Comparison(
        problem, settings, dimension, dtype, part, cost, tuple(judged), counted, budget
    )


def _rank(candidate):
    """Unbiased ones by work, the exact ones first by cost; then the biased by break-even."""
    if candidate.unbiased:
        return 0, not candidate.exact, candidate.cost if candidate.exact else candidate.work
    return 1, False, -(candidate.break_even or 0.0)


def _error_at(candidate, budget):
    """Mean squared error of the average that a budget pays for, inf where it pays for none."""
    if candidate.cost > budget:
        return math.inf
    square = 0.0 if candidate.unbiased else (candidate.bias_norm or 0.0) ** 2
    return square + candidate.work / budget


def _reference(problem, candidates, name, best):
    if name is not None:
        found = [c for c in candidates if c.estimator == name]
        if not found:
            names = sorted({c.estimator for c in candidates})
            raise InputError(
                f"--reference {name} is not in the run of {problem}, which has {', '.join(names)}"
            )
        return found[0]
    return next((c for c in candidates if c.estimator == "score"), best)


def _against(candidate, best, reference):
    if best is None:
        return candidate
    own = candidate is best or candidate.exact
    ratio = None if own else _work_ratio(candidate, best)
    if candidate.unbiased:
        return dataclasses.replace(candidate, to_best=ratio)

    def ahead(bias):
        gain = best.work - candidate.work
        if gain <= 0 or reference is None:
            return 0.0
        return gain / bias / bias / reference.cost if bias and reference.cost else math.inf

    if candidate.bias_norm is None:
        return dataclasses.replace(candidate, to_best=ratio)
    return dataclasses.replace(
        candidate,
        to_best=ratio,
        break_even=ahead(candidate.bias_norm),
        break_even_low=ahead(candidate.bias_high),
        break_even_high=ahead(candidate.bias_low),
    )


def _work_ratio(candidate, best):
    over, under = candidate.batch_variances, best.batch_variances
    factor = candidate.cost / best.cost if best.cost else math.inf
    if len(over) < 2 or len(over) != len(under):
        return None
    ratio = (paired_ratio if candidate.seed == best.seed else unpaired_ratio)(over, under, factor)
    rounds = candidate.rounds, best.rounds
    if not all(rounds) or not math.isfinite(ratio.value) or len(set(map(len, rounds))) > 1:
        return ratio
    _, error = statistics.log_ratio_of_medians(*rounds)
    spread = statistics.t_quantile(len(best.rounds) - 1) * error
    low, high = math.log(ratio.low / ratio.value), math.log(ratio.high / ratio.value)
    return Ratio(
        ratio.value,
        ratio.value * math.exp(-math.hypot(low, spread)),
        ratio.value * math.exp(math.hypot(high, spread)),
    )
