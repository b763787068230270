"""Time of a job in every form that was asked for, of gumbench and of other libraries.

A cell is one form of one library. The cells of a pass do the same job, and are timed in turns, with
random words, logarithms and exponentials of the machine beside them. Before, each form's results
are held against the law it claims.
"""

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numba
import numpy as np
from scipy import special

from gumbench import diagnostics, limits, machine, peers, registry
from gumbench.engine.forecast import Forecast
from gumbench.engine.moments import Silent
from gumbench.errors import InputError, unknown
from gumbench.kernels.compiler.threads import limited
from gumbench.kernels.loops.sampling import first_wrong
from gumbench.kernels.random import noise
from gumbench.stats import timing
from gumbench.stats.law import distance_test, law_test
from gumbench.types import BATCHES, KINDS, Cell, Form, Job, Record

OWN = "gumbench"
# Numbers of noise of one call, draws of one row, and what is larger than every cache.
ELEMENTS, MANY_DRAWS, MEMORY = 1 << 20, 1 << 16, 1 << 26
ROOF = 1 << 18
ROOFS = ("words", "log", "exp")
CATEGORIES = (10, 1000, 50_257)
MOST_CATEGORIES = 1 << 22
CHECKED_ITEMS, MOST_CHECKED = 1 << 24, 1 << 16
LAWS = ("normal", "uniform", "zipf", "peaked")
PEAK = 0.999
# Jobs of a grid with samplers alone.
OF_SAMPLERS = ("words", "fill", "draws")
ESTIMATORS = ("concrete", "score")
# What an element of each kind of job costs at least, in roofs.
LEAST: Mapping[str, Mapping[str, float]] = {
    "words": {"words": 1},
    "fill": {"words": 1, "log": 2},
    "concrete": {"words": 1, "log": 2, "exp": 1},
    "draws": {"exp": 1},
}


def pass_key(cell: Cell) -> str:
    """Equal for cells that are timed in turns."""
    options = {k: v for k, v in cell.options if k != "library"}
    return json.dumps([cell.dimension, cell.dtype, cell.estimator, options])


def rows_of(law: str, rows: int, categories: int) -> np.ndarray:
    """Logits (rows, categories) float64 of a law, or of a file: its rows, over and over."""
    if law not in LAWS:
        given = _of_file(law)
        return given[np.arange(rows) % len(given)]
    if law == "uniform":
        return np.zeros((rows, categories))
    if law == "zipf":
        shuffled = np.argsort(noise.constants("uniform", rows * categories, 0).reshape(rows, -1))
        return -np.log1p(shuffled)
    logits = noise.constants("normal", rows * categories, 0).reshape(rows, categories)
    if law == "peaked" and categories > 1:
        row, top = np.arange(rows), np.arange(rows) % categories
        logits[row, top] = -np.inf
        logits[row, top] = special.logsumexp(logits, axis=1) + np.log(PEAK / (1 - PEAK))
    return logits


def _of_file(path: str) -> np.ndarray:
    """The logits (rows, categories) of a file of NumPy's. Raises InputError for what is none."""
    if not path.endswith(".npy"):
        raise unknown("law of logits", path, [*LAWS, "FILE.npy"])
    try:
        given = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = getattr(error, "strerror", None) or "it is no array of NumPy's"
        raise InputError(f"cannot read {path}: {reason}") from None
    table = limits.table(given)
    rows = np.atleast_2d(table)
    if (wrong := int(first_wrong(rows))) >= 0:
        raise limits.wrong_logit(table, *divmod(wrong, rows.shape[1]))
    return rows.astype(np.float64)


def _sizes(law: str, dimensions: Sequence[int] | None) -> Sequence[int]:
    """Numbers of categories: those asked for, or those of a file."""
    if law in LAWS:
        return dimensions or CATEGORIES
    size = _of_file(law).shape[1]
    if dimensions and [*dimensions] != [size]:
        raise InputError(f"{law} has {size:,} categories: leave --dimensions out")
    return [size]


def jobs(
    kinds: Iterable[str],
    dimensions: Sequence[int] | None,
    shapes: tuple[Sequence[int] | None, Sequence[int] | None],
    dtypes: Sequence[str],
    threads: Sequence[int],
    laws: Sequence[str],
) -> Iterator[tuple[Job, tuple[tuple[str, Any], ...]]]:
    """Jobs without their logits, and the options of cells that do them.

    shapes : rows, and draws of each; by default one draw of many rows and many of one
    """
    if (most := max(threads)) > machine.cores():
        raise InputError(f"--threads {most}: this machine has {machine.cores()} cores")
    for kind, dtype, count in itertools.product(kinds, dtypes, threads):
        if kind not in KINDS:
            raise unknown("job", kind, KINDS)
        for law in laws if kind in ("draws", "concrete") else LAWS[:1]:
            sizes = _sizes(law, dimensions)
            for job in _of_kind(kind, dtype, sizes, shapes):
                options: dict[str, Any] = {"kind": kind, "rows": job.rows, "count": job.count}
                options |= {"threads": count, "logits": law}
                yield job, tuple(options.items())


def _of_kind(
    kind: str, dtype: str, dimensions: Sequence[int], shapes: tuple[Any, Any]
) -> Iterator[Job]:
    if kind in ("words", "fill", "roof"):
        yield Job(kind, MEMORY if kind == "roof" else ELEMENTS, dtype=dtype)
        return
    for categories in dimensions:
        if categories > MOST_CATEGORIES:
            most = f"{MOST_CATEGORIES:,}"
            raise InputError(f"C = {categories}: samplers are timed at up to {most} categories")
        many = max(1, ELEMENTS // categories)
        if kind == "draws":
            rows, draws = shapes
            usual = [(many, 1), (1, MANY_DRAWS)]
            given = list(itertools.product(rows or (1,), draws or (1,)))
            for row_count, count in given if rows or draws else usual:
                yield Job(kind, count, row_count, categories, dtype)
        elif kind == "concrete":
            yield Job(kind, many, 1, categories, dtype)
        else:
            for name in ESTIMATORS:
                yield Job(kind, BATCHES * max(1, many // BATCHES), 1, categories, dtype, 1.0, name)


def job_of(cell: Cell) -> Job:
    """The Job of a cell, without its logits."""
    options = dict(cell.options)
    given = options["count"], options["rows"], cell.dimension, cell.dtype
    return Job(options["kind"], *given, estimator=cell.estimator)


def _with_logits(job: Job, logits: np.ndarray) -> Job:
    """The same with logits, and with what estimates are of."""
    target = None
    if job.kind == "estimates":
        problem = registry.make_problem("categorical-quadratic", job.categories)
        logits, target = problem.theta[None], problem.data[:-1].astype(job.dtype)
    return dataclasses.replace(job, logits=logits.astype(job.dtype), target=target)


def measure(cells: Sequence[Cell], monitor: Any = None) -> list[Record]:
    """Records of cells that share their job."""
    monitor = monitor or Silent()
    job, options = job_of(cells[0]), dict(cells[0].options)
    threads, law = options["threads"], options["logits"]
    job = _with_logits(job, rows_of(law, job.rows, job.categories))
    works: dict[Any, Any] = {name: _work(_own("roof", name), _roof_job(job)) for name in ROOFS}
    failed: dict[str, str] = {}
    checks: dict[str, float | None] = {}
    with limited(threads):
        for cell in cells:
            try:
                library, form = _form(cell)
                _use_threads(library, threads)
                checks[cell.key] = check(form, job)
                works[cell.key] = _work(form, job)
            except Exception as error:  # another library's failure ends no other's row
                failed[cell.key] = f"{type(error).__name__}: {error}".splitlines()[0]
        rounds = timing.in_turns(works, monitor.progress)
    return [
        _record(cell, job, rounds, threads, checks.get(cell.key), failed.get(cell.key))
        for cell in cells
    ]


def _own(kind: str, name: str) -> Form:
    return next(f for f in peers.library(OWN).FORMS if (f.kind, f.name) == (kind, name))


def _roof_job(job: Job) -> Job:
    return Job("roof", ROOF, dtype=job.dtype)


def _form(cell: Cell) -> tuple[Any, Form]:
    name = dict(cell.options)["library"]
    library = peers.library(name)
    for form in library.FORMS:
        if form.kind == dict(cell.options)["kind"] and form.name == cell.sampler:
            return library, form
    raise InputError(f"{name} has no {cell.sampler}")


def _use_threads(library: Any, threads: int) -> None:
    if library.THREADS is None:
        library.use_threads(threads)


def _units(job: Job) -> int:
    """Draws, samples, estimates, words or Gumbels of one call."""
    return job.count * (job.rows if job.kind == "draws" else 1)


def _work(form: Form, job: Job) -> tuple[Callable[[int], None], int]:
    """Work of `units` for timing.in_turns, and the units of one call."""
    call, units = form.build(job), _units(job) * form.at_once

    def work(wanted: int) -> None:
        for _ in range(wanted // units):
            call()

    return work, units


def check(form: Form, job: Job) -> float | None:
    """p of a form's results under the law they should have; None where there is none to test."""
    if job.kind == "words":
        words = np.asarray(form.build(job)()).astype(np.uint32)[:MOST_CHECKED]
        return distance_test((words + 0.5) / 2.0**32)
    if job.kind == "fill":
        gumbels = np.asarray(form.build(job)(), np.float64)[:MOST_CHECKED]
        return distance_test(np.exp(-np.exp(-gumbels)))
    if job.kind == "draws":
        return _check_draws(form, job)
    if job.kind == "concrete":
        return _check_concrete(form, job)
    # Ours are held against the exact gradient by every sweep.
    return _check_estimates(form, job) if job.kind == "estimates" and form.at_once == 1 else None


def _law(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits.astype(float) - logits.max())
    return weights / weights.sum()


def _check_draws(form: Form, job: Job) -> float:
    """Many draws of the first row: one of each of many rows that are alike, or all of one."""
    few = min(MOST_CHECKED, max(1, CHECKED_ITEMS // job.categories))
    alike = np.ascontiguousarray(np.broadcast_to(job.logits[0], (few, job.categories)))
    checked = dataclasses.replace(job, rows=few, count=1, logits=alike)
    if job.count > 1 or not form.fits(checked):
        checked = dataclasses.replace(job, rows=1, count=MOST_CHECKED, logits=job.logits[:1])
    wanted = checked.rows * checked.count
    drawn = np.asarray(form.build(checked)()).ravel()
    if drawn.size != wanted or not (0 <= drawn.min() <= drawn.max() < job.categories):
        span = f"{drawn.size} numbers from {drawn.min()} to {drawn.max()}"
        asked = f"{wanted} categories below {job.categories}"
        raise InputError(f"{form.name} gave {span}; wanted were {asked}")
    return law_test(drawn.astype(np.int64), _law(job.logits[0]))


def _check_concrete(form: Form, job: Job) -> float:
    """τ log(y_0 / y_1) - θ_0 + θ_1 is a difference of two Gumbels, and so logistic."""
    samples = np.asarray(form.build(job)(), np.float64)[:MOST_CHECKED]
    if job.categories == 1 or not np.allclose(samples.sum(axis=1), 1, rtol=1e-3):
        return float(job.categories == 1)
    first, second = np.argsort(job.logits[0])[-2:]
    with np.errstate(divide="ignore"):
        ratio = job.temperature * np.log(samples[:, first] / samples[:, second])
    return distance_test(special.expit(ratio - (job.logits[0, first] - job.logits[0, second])))


def _check_estimates(form: Form, job: Job) -> float:
    """Of the largest distance of a component's mean, in standard errors, from NumPy's float64."""
    sums, squares = (np.asarray(part, np.float64) for part in form.build(job)())
    count, logits = job.count, job.logits[0].astype(np.float64)
    mean = sums / count
    variance = (squares / count - mean**2) / count
    p, target = _law(logits), job.target.astype(np.float64)
    if job.estimator == "score":
        f = (target**2).sum() + 1 - 2 * target
        wanted, other = p * (f - p @ f), 0.0
    else:
        samples = max(1, min(MOST_CHECKED, CHECKED_ITEMS // job.categories))
        shape = samples, job.categories
        z = (logits + np.random.default_rng(1).gumbel(size=shape)) / job.temperature
        y = np.exp(z - special.logsumexp(z, axis=1, keepdims=True))
        g = 2 * (y - target)
        estimates = y * (g - (y * g).sum(axis=1, keepdims=True)) / job.temperature
        wanted, other = estimates.mean(axis=0), estimates.var(axis=0) / samples
    # Sums of float32 are rounded.
    rounding = 1e-6 * np.sqrt(squares / count)
    z = np.abs(mean - wanted) / np.sqrt(variance + other + rounding**2)
    return min(1.0, float(2 * job.categories * special.ndtr(-z.max())))


def _record(
    cell: Cell, job: Job, rounds: Any, threads: int, check: float | None, failed: str | None
) -> Record:
    result = {
        "threads": threads,
        "threading_layer": numba.threading_layer(),
        "vector_bits": machine.vector_bits(),
        "check_p": check,
        "elements": job.elements / _units(job),
    }
    if failed:
        return Record(cell.key, cell.measurement, cell, "error", result, (), failed)
    return Record(
        key=cell.key,
        measurement=cell.measurement,
        cell=cell,
        status="done",
        result=result,
        notes=tuple(diagnostics.of_rounds(rounds[cell.key])),
        clock={"rounds": rounds[cell.key], "roof": _least(job, rounds)},
    )


def _least(job: Job, rounds: Any) -> list[float] | None:
    """Seconds of an element at least, round by round."""
    parts = LEAST.get(job.kind)
    if parts is None or (job.kind == "draws" and job.count > 1):
        return None
    return [float(s) for s in sum(np.multiply(rounds[name], n) for name, n in parts.items())]


def forecast(cells: Sequence[Cell], threads: int) -> Forecast:
    """The forecast.Forecast of a pass: its rounds, and what goes before them."""
    works = len(ROOFS) + len(cells)
    return Forecast((works + 2) * (timing.ROUNDS + 3) * timing.SECONDS_A_ROUND)
