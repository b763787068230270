"""Time of a job in every form that was asked for, of gumbench and of other libraries.

A cell is one form of one library. The cells of a pass do the same job, and are timed in turns, with
random words, logarithms and exponentials of the machine beside them. Before, each form's results
are held against the law it claims.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numba
import numpy as np

from gumbench import diagnostics, machine, peers, registry
from gumbench.engine.forecast import Forecast
from gumbench.engine.moments import Silent
from gumbench.errors import InputError
from gumbench.kernels.compiler.threads import limited
from gumbench.measure.throughput.checks import check
from gumbench.measure.throughput.jobs import rows_of
from gumbench.stats import timing
from gumbench.types import Cell, Form, Job, Record

OWN = "gumbench"
ROOF = 1 << 18
ROOFS = ("words", "log", "exp")
# About what it takes to build a form and to hold it against its law.
SECONDS_CHECKED = 0.3
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
    each = timing.MARGIN * timing.SECONDS_A_ROUND + timing.PAUSE
    return Forecast((timing.ROUNDS + 3) * works * each + SECONDS_CHECKED * len(cells))
