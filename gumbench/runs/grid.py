"""From a spec to the cells of its grid, and to the passes that are computed together."""

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic.fields import FieldInfo

from gumbench import machine, peers, registry
from gumbench.diagnostics import Note
from gumbench.engine import applicability, resolve
from gumbench.errors import InputError, unknown
from gumbench.measure.throughput import OWN
from gumbench.measure.throughput.jobs import OF_SAMPLERS, jobs
from gumbench.runs import digest
from gumbench.settings import value_of
from gumbench.spec.schema import Grid, SweepSpec
from gumbench.types import BATCHES, Cell, Estimator, Problem, ProblemMaker

MOST_CELLS = 1_000_000
BYTES_A_PARAMETER = 3 * 8 * BATCHES


def cells(spec: SweepSpec, typed: Sequence[str] = ()) -> tuple[list[Cell], list[Note]]:
    """The cells of a spec, in order, and Notes on what was dropped.

    typed: names of axes given by hand, for which a value that is not allowed is an error; from a
    preset it is dropped. Estimators named in full that do not apply become skipped cells.
    Raises InputError for unknown names, settings and dimensions.
    """
    by_key: dict[str, Cell] = {}
    notes: list[Note] = []
    _check_settings(spec)
    for grid in spec.grid:
        for cell in _grid_cells(spec, grid, typed, notes):
            by_key.setdefault(cell.key, cell)
            if len(by_key) > MOST_CELLS:
                raise InputError(f"more than {MOST_CELLS:,} cells: give fewer values")
    if not any(not cell.skipped for cell in by_key.values()):
        reasons = sorted({f"{c.estimator}: {c.skipped}" for c in by_key.values()})
        reasons = reasons or [str(note) for note in notes] or ["No estimator applies"]
        raise InputError("no cell to run. " + "; ".join(reasons))
    if "estimates" in typed and spec.estimates % BATCHES:
        each = -(-spec.estimates // BATCHES)
        text = f"{BATCHES * each:,} estimates are made, {each:,} in each of {BATCHES} batches"
        notes.append(Note("rounded", f"{text}, instead of {spec.estimates:,}"))
    for axis, field in (("temperatures", "temperature"), ("inner_samples", "inner_samples")):
        if axis in typed and all(getattr(c, field) is None for c in by_key.values()):
            words = axis.replace("_", " ")
            notes.append(Note("unused-axis", f"no estimator here takes {words}; they are not used"))
    notes += [
        Note("skipped", f"skipped {c.estimator} on {c.problem}: {c.skipped}")
        for c in by_key.values()
        if c.skipped
    ]
    return list(by_key.values()), list(dict.fromkeys(notes))


def _grid_cells(
    spec: SweepSpec, grid: Grid, typed: Sequence[str], notes: list[Note]
) -> Iterator[Cell]:
    if grid.samplers or grid.jobs:
        if {"estimator_time", "throughput"} & {*spec.measurements}:
            yield from _job_cells(spec, grid)
        elif "samplers" in typed:
            raise InputError("--samplers are timed, and --no-throughput leaves that out")
        return
    problems, chosen = _selected(grid)
    makers = [registry.problem_maker(name) for name in problems]
    fitting = [m for m in makers if any(map(m.allows, grid.dimensions or m.dimensions))]
    for name, maker in zip(problems, makers, strict=True):
        refuse = "dimensions" in typed and not fitting
        for dimension in _dimensions(grid, maker, refuse, notes):
            for settings in _settings(grid.settings, name, maker.settings):
                problem = resolve.problem(name, dimension, settings)
                notes += [Note("direct", f"{name}: {remark}") for remark in problem.remarks]
                _check_representable(problem, spec.dtype)
                for estimator_name, named in chosen:
                    yield from _problem_cells(
                        spec, grid, maker, problem, settings, estimator_name, named, typed, notes
                    )


def _job_cells(spec: SweepSpec, grid: Grid) -> Iterator[Cell]:
    """A cell for each form of each library, of each job."""
    samplers = {name for name, _ in registry.select("samplers", grid.samplers or ("*",))}
    for job, options in jobs(
        grid.jobs or OF_SAMPLERS,
        grid.dimensions,
        (grid.rows, grid.draws),
        grid.dtypes or (spec.dtype,),
        grid.on_threads or (1,),
        grid.logits or ("normal",),
    ):
        for library in (OWN, *(grid.peers or ())):
            for form in peers.forms(library, job):
                if (library, job.kind) == (OWN, "draws") and form.name not in samplers:
                    continue
                yield Cell(
                    measurement="throughput",
                    problem="",
                    dimension=job.categories,
                    problem_settings=(),
                    estimator=job.estimator,
                    estimator_settings=(),
                    temperature=None,
                    inner_samples=None,
                    dtype=job.dtype,
                    seed=0,
                    estimates=0,
                    truth_estimates=0,
                    digest=digest.job_digest(dict(options)["logits"], library),
                    options=(*options, ("library", library)),
                    sampler=form.name,
                )


def _check_representable(problem: Problem, dtype: str) -> None:
    info = np.finfo(dtype)
    for numbers in (problem.theta, problem.data):
        size = np.abs(np.asarray(numbers, np.float64))
        large = (size > info.max) & (size < np.inf)
        if np.any(large | ((size > 0) & (size < info.tiny))):
            kind = "large" if np.any(large) else "small"
            raise InputError(f"{problem.name}: its numbers are too {kind} for {dtype}")


def _problem_cells(
    spec: SweepSpec,
    grid: Grid,
    maker: ProblemMaker,
    problem: Problem,
    settings: tuple[tuple[str, Any], ...],
    name: str,
    named: bool,
    typed: Sequence[str],
    notes: list[Note],
) -> Iterator[Cell]:
    estimator = registry.estimators(name).get(problem.family)
    reason = applicability.why_not(estimator, problem)
    if reason and not named:
        return
    declared = estimator or next(iter(registry.estimators(name).values()))
    base = Cell(
        measurement="",
        problem=problem.name,
        dimension=problem.dimension,
        problem_settings=settings,
        estimator=name,
        estimator_settings=(),
        temperature=None,
        inner_samples=None,
        dtype=spec.dtype,
        seed=spec.seed,
        estimates=0,
        truth_estimates=BATCHES * math.ceil(spec.truth_estimates / BATCHES),
        options=tuple((n, True) for n in ("components", "exact") if getattr(spec, n)),
        digest="",
        skipped=reason,
    )
    digests = {m: digest.digest(m, problem, estimator) for m in spec.measurements}
    temperatures = (
        grid.temperatures or maker.temperatures if declared.takes_temperature else (None,)
    )
    for measurement, estimator_settings, inner, temperature in itertools.product(
        spec.measurements,
        _settings(grid.settings, name, declared.settings),
        _inner_samples(grid, declared, problem, name, "inner_samples" in typed, notes),
        temperatures,
    ):
        yield dataclasses.replace(
            base,
            measurement=measurement,
            estimator_settings=estimator_settings,
            inner_samples=inner,
            temperature=temperature,
            estimates=_estimates(spec.estimates, declared, inner),
            digest=digests[measurement],
        )


def _estimates(wanted: int, estimator: Estimator, inner_samples: int | None) -> int:
    """How many estimates a cell makes, in whole batches."""
    if estimator.deterministic:
        return BATCHES
    if estimator.inner_samples and inner_samples:
        wanted = estimator.inner_samples.estimates(wanted, inner_samples)
    return BATCHES * math.ceil(wanted / BATCHES)


def _dimensions(grid: Grid, maker: ProblemMaker, refuse: bool, notes: list[Note]) -> list[int]:
    wanted = grid.dimensions or maker.dimensions
    allowed = [d for d in wanted if maker.allows(d)]
    refused = [d for d in wanted if d not in allowed]
    if refused:
        text = f"{maker.name} does not allow {registry.dimension_text(maker, refused[0])}"
        if refuse:
            raise InputError(text)
        notes.append(Note("dimension", text, "left out"))
    needed, memory = max(allowed, default=0) * BYTES_A_PARAMETER, machine.memory()
    if memory and needed > memory:
        raise InputError(
            f"{maker.name} at {maker.symbol} = {max(allowed)} needs {needed >> 30:,} GiB of "
            f"memory; this machine has {memory >> 30}"
        )
    return allowed


def _inner_samples(
    grid: Grid, estimator: Estimator, problem: Problem, name: str, typed: bool, notes: list[Note]
) -> Sequence[int | None]:
    declared = estimator.inner_samples
    if declared is None:
        return (None,)
    usual = declared.usual(problem)
    reasons = {k: declared.why_not(k, problem) for k in grid.inner_samples or (usual,)}
    taken = [k for k, reason in reasons.items() if not reason] or [usual]
    for k, reason in reasons.items():
        if reason and typed and k < declared.least:
            raise InputError(f"--inner-samples {k}: {name} needs {reason}")
        if reason:
            text = f"{name} on {problem.name} needs {reason} inner samples, not {k}"
            notes.append(Note("inner-samples", text, f"it has {', '.join(map(str, taken))}"))
    return taken


def _settings(
    given: Mapping[str, Any], name: str, declared: Mapping[str, FieldInfo]
) -> list[tuple[tuple[str, Any], ...]]:
    """All combinations of settings for one problem or estimator, each a sorted tuple of pairs."""
    axes = {
        key: [value_of(f"{name}.{key}", value, field) for value in values]
        for key, field in sorted(declared.items())
        for values in [given.get(f"{name}.{key}", given.get(key, (field.default,)))]
    }
    return [tuple(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


def _check_settings(spec: SweepSpec) -> None:
    """Refuse a setting that no grid which has it declares."""
    known = [_declared_settings(grid) for grid in spec.grid]
    for key in dict.fromkeys(key for grid in spec.grid for key in grid.settings):
        declared = [
            keys for keys, grid in zip(known, spec.grid, strict=True) if key in grid.settings
        ]
        if not any(key in keys for keys in declared):
            raise unknown("setting", key, sorted(set().union(*declared)), "gumbench explain NAME")


def _declared_settings(grid: Grid) -> set[str]:
    problems, chosen = _selected(grid)
    declared = {name: registry.problem_maker(name).settings for name in problems}
    for name, _ in chosen:
        by_family = registry.estimators(name).values()
        declared[name] = {k: v for e in by_family for k, v in e.settings.items()}
    return {text for n, keys in declared.items() for k in keys for text in (k, f"{n}.{k}")}


def _selected(grid: Grid) -> tuple[list[str], list[tuple[str, bool]]]:
    """Names of problems, and of estimators with whether each is named in full."""
    problems = [name for name, _ in registry.select("problems", grid.problems or ())]
    if grid.samplers:
        return [], []
    if grid.estimators:
        return problems, registry.select("estimators", grid.estimators)
    return problems, [(name, False) for name in registry.names("estimators")]
