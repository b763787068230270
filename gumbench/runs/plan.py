"""What a run has to compute: cells that are missing, or the reason why it is refused."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gumbench import limits, machine, measure, registry
from gumbench.diagnostics import Note
from gumbench.engine import resolve, validate
from gumbench.errors import InputError
from gumbench.runs import grid
from gumbench.runs.folders import runs_in
from gumbench.runs.store import Folder, Manifest
from gumbench.spec.schema import SweepSpec
from gumbench.types import Cell, Record
from gumbench.user_code import loading

FINISHED = ("done", "diverged", "skipped")


@dataclass
class Plan:
    """A validated run: its cells in order, and what is already finished.

    folder is None for a run that is kept in memory. force: start over in a folder with a run.
    """

    spec: SweepSpec
    cells: list[Cell]
    folder: Folder | None
    force: bool = False
    done: dict[str, Record] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    @property
    def passes(self) -> list[tuple[Cell, ...]]:
        """Passes of the cells that are still missing."""
        missing = [c for c in self.cells if c.key not in self.done and not c.skipped]
        return measure.passes(missing)

    def manifest(self) -> Manifest:
        """The Manifest of the run."""
        return Manifest(
            spec=self.spec.identity(),
            seed=self.spec.seed,
            machine=machine.facts(),
            digests={_pair(c): c.digest for c in self.cells},
            cells=[c.key for c in self.cells],
        )


def default_folder(name: str, spec: SweepSpec) -> Path:
    """Where a run goes when nobody says: results/<name>-<hash of the spec and a user's files>."""
    hashed = hashlib.sha256(json.dumps(spec.identity(), sort_keys=True).encode())
    for path in dict.fromkeys(path for n in _user_files(spec) for path in loading.files(n)):
        hashed.update(path.read_bytes())
    return Path("results", f"{name}-{hashed.hexdigest()[:8]}")


@limits.default_errstate
def plan(
    spec: SweepSpec,
    output: str | Path | None = None,
    typed: Sequence[str] = (),
    force: bool = False,
) -> Plan:
    """Check everything that can be checked before anything is written or computed.

    Raises InputError for what is wrong with the spec, the threads or the folder.
    """
    if spec.threads and spec.threads > machine.cores():
        cap = os.environ.get("NUMBA_NUM_THREADS")
        why = f"NUMBA_NUM_THREADS is {cap}" if cap else f"this machine has {machine.cores()} cores"
        raise InputError(f"--threads {spec.threads}: {why}")
    for name in spec.measurements:
        measure.measurement(name)
    cells, notes = grid.cells(spec, typed)
    cells = measure.cells(cells)
    if output is None:
        return _tried(Plan(spec, cells, None, notes=notes))
    folder = Folder(output)
    folder.check_free()
    folder.check_writable()
    planned = Plan(spec, cells, folder, force, notes=notes)
    if folder.exists:
        manifest = folder.manifest()
        if not force:
            _check_contains(spec, cells, manifest, folder)
            keys = {c.key for c in cells}
            records = {k: r for k, r in folder.records().items() if k in keys}
            planned.done = {k: r for k, r in records.items() if r.status in FINISHED}
    else:
        planned.notes += _edited(folder, spec, cells)
    return _tried(planned)


def _tried(plan: Plan) -> Plan:
    """The plan, when a user's own code in it has passed its trial."""
    if plan.spec.trust:
        return plan
    tried = set()
    for cell, *_ in plan.passes:
        place = cell.problem, cell.dimension, cell.problem_settings
        user_problem = cell.problem and registry.is_external("problems", cell.problem)
        user_estimator = cell.estimator and registry.is_external("estimators", cell.estimator)
        if user_problem and place not in tried:
            validate.check(resolve.problem(*place))
        rule = (*place, cell.estimator, cell.estimator_settings)
        if user_estimator and rule not in tried:
            problem = resolve.problem(*place)
            estimator = registry.estimators(cell.estimator)[problem.family]
            validate.check_estimator(estimator, problem, cell.estimator_settings)
        tried |= {place, rule}
    return plan


def _edited(folder: Folder, spec: SweepSpec, cells: Sequence[Cell]) -> Iterator[Note]:
    """A Note where the newest run beside this folder differs in a user's files alone."""
    names = _user_files(spec)
    for neighbour in runs_in(folder.path.parent) if names else ():
        manifest = _manifest_of(neighbour)
        if manifest and manifest.spec == spec.identity():
            digests = manifest.digests
            if any(digests.get(_pair(c), c.digest) != c.digest for c in cells):
                text = f"{' or '.join(names)} was edited since {neighbour}"
                yield Note("edited-file", text, "this is a new run")
            return


def _manifest_of(path: Path) -> Manifest | None:
    """The manifest of a run folder, or None where it cannot be read."""
    try:
        return Folder(path).manifest()
    except InputError:
        return None


def _user_files(spec: SweepSpec) -> list[str]:
    """FILE.py[:NAME] of problems and estimators in a spec."""
    named = (n for g in spec.grid for n in (*(g.problems or ()), *(g.estimators or ())))
    return [n for n in dict.fromkeys(named) if loading.is_file(n)]


def _check_contains(
    spec: SweepSpec, cells: Sequence[Cell], manifest: Manifest, folder: Folder
) -> None:
    """Refuse a folder whose run is not part of the one asked for."""
    before, now = manifest.spec, spec.identity()
    differing = sorted(key for key in {*before, *now} - {"grid"} if before.get(key) != now.get(key))
    hint = "give another folder with --output, or --force to start over"
    if differing:
        pairs = ", ".join(f"{k} {before.get(k)} there, {now.get(k)} here" for k in differing)
        raise InputError(f"{folder.path} holds a run with another {pairs}: {hint}")
    old_keys, new_keys = set(manifest.cells), {c.key for c in cells}
    if old_keys <= new_keys:
        return
    old_digests = manifest.digests
    changed = [c for c in cells if old_digests.get(_pair(c), c.digest) != c.digest]
    edited = [n for c in changed for n in (c.problem, c.estimator) if loading.is_file(n)]
    if edited:
        raise InputError(f"{folder.path} is of before {edited[0]} was edited: {hint}")
    if changed:
        raise InputError(f"{folder.path} was made by other code than this gumbench: {hint}")
    raise InputError(
        f"{folder.path} holds a run with another grid: {len(old_keys - new_keys)} of its "
        f"{len(old_keys)} cells are not asked for here: {hint}"
    )


def _pair(cell: Cell) -> str:
    return f"{cell.measurement} {cell.problem}{cell.sampler} {cell.estimator}"
