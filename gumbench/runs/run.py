"""The loop of every command that computes: grid -> measure -> store -> tables."""

import contextlib
import hashlib
import json
import os
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from gumbench import limits, machine, measure, registry
from gumbench.diagnostics import Note
from gumbench.engine import resolve, validate
from gumbench.errors import GumbenchError, InputError, StoppedError
from gumbench.runs import grid, precompile
from gumbench.runs.results import Results
from gumbench.runs.store import SPEC, Folder, Manifest
from gumbench.spec import schema
from gumbench.spec.schema import SweepSpec
from gumbench.types import Cell, Record
from gumbench.user_code import loading

CHECKPOINT_SECONDS = 15.0
FINISHED = ("done", "diverged", "skipped")


@dataclass
class Plan:
    """A validated run: its cells in order, and what is already finished.

    folder is None for a run that is kept in memory. force: start over in a folder with a run.
    """

    spec: schema.SweepSpec
    cells: list
    folder: Folder | None
    force: bool = False
    done: dict[str, Record] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    @property
    def passes(self) -> list[tuple[Cell, ...]]:
        """Passes of the cells that are still missing."""
        missing = [c for c in self.cells if c.key not in self.done and not c.skipped]
        return measure.passes(missing)


class Monitor(Protocol):
    """What a run tells while it works."""

    def plan(self, plan: Plan) -> None:
        """Told before the first pass."""

    def compiling(self, begun: int, total: int) -> None:
        """Told while functions are compiled for a first run."""

    def forecast(self, find: Callable[[], Any]) -> None:
        """Told how to find out how long it will take (see `forecasts`), before the first pass."""

    def note(self, note: Note) -> None:
        """Told what a user should know."""

    def stage(self, words: str) -> None:
        """Told what is done beside making estimates; nothing for estimates."""

    def start(self, number: int, cells: Sequence[Cell]) -> None:
        """Told before each pass, with its number."""

    def progress(self, fraction: float) -> None:
        """Told how much of the pass is done."""

    def finish(self, records: Iterable[Record]) -> None:
        """Told after each pass."""


class Silent:
    """A Monitor that says nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *told: None


def default_folder(name: str, spec: SweepSpec) -> Path:
    """Where a run goes when nobody says: results/<name>-<hash of the spec and a user's files>."""
    hashed = hashlib.sha256(json.dumps(spec.identity(), sort_keys=True).encode())
    for path in dict.fromkeys(path for n in _own_files(spec) for path in loading.files(n)):
        hashed.update(path.read_bytes())
    return Path("results", f"{name}-{hashed.hexdigest()[:8]}")


@limits.numpys_own_errors
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
        own_problem = cell.problem and registry.is_own("problems", cell.problem)
        own_estimator = cell.estimator and registry.is_own("estimators", cell.estimator)
        if own_problem and place not in tried:
            validate.check(resolve.problem(*place))
        rule = (*place, cell.estimator, cell.estimator_settings)
        if own_estimator and rule not in tried:
            problem = resolve.problem(*place)
            estimator = registry.estimators(cell.estimator)[problem.family]
            validate.check_estimator(estimator, problem, cell.estimator_settings)
        tried |= {place, rule}
    return plan


def _edited(folder: Folder, spec: SweepSpec, cells: Sequence[Cell]) -> Iterator[Note]:
    """A Note where the newest run beside this folder differs in a user's files alone."""
    names = _own_files(spec)
    for folder_there in _runs(folder.path.parent) if names else ():
        manifest = _manifest_of(folder_there)
        if manifest and manifest.spec == spec.identity():
            digests = manifest.digests
            if any(digests.get(_pair(c), c.digest) != c.digest for c in cells):
                text = f"{' or '.join(names)} was edited since {folder_there}"
                yield Note("edited-file", text, "this is a new run")
            return


def _manifest_of(path: Path) -> Manifest | None:
    """The manifest of a run folder, or None where it cannot be read."""
    try:
        return Folder(path).manifest()
    except InputError:
        return None


def _own_files(spec: SweepSpec) -> list[str]:
    """FILE.py[:NAME] of problems and estimators in a spec."""
    named = (n for g in spec.grid for n in (*(g.problems or ()), *(g.estimators or ())))
    return [n for n in dict.fromkeys(named) if loading.is_file(n)]


def _runs(parent: Path) -> list[Path]:
    """Run folders in a folder, the newest first."""
    manifests = parent.glob("*/manifest.json")
    return [p.parent for p in sorted(manifests, key=lambda p: p.stat().st_mtime, reverse=True)]


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


@limits.numpys_own_errors
def run(plan: Plan, monitor: Monitor | None = None, fail_fast: bool = False) -> Results:
    """Compute the missing cells of a plan and return Results; every finished cell is kept."""
    monitor = monitor or cast(Monitor, Silent())
    from gumbench.kernels.compiler.threads import limited

    records = dict(plan.done)
    with limited(plan.spec.threads), _journal(plan, monitor) as keep:
        for cell in plan.cells:
            if cell.skipped and cell.key not in records:
                records[cell.key] = _skipped(cell)
                keep(records[cell.key])
        monitor.plan(plan)
        _compile(plan, monitor)
        monitor.forecast(lambda: forecasts(plan))
        for number, cells in enumerate(plan.passes):
            monitor.start(number, cells)
            measured = _measure(cells, _PassMonitor(plan.folder, monitor), fail_fast)
            for record in measured:
                keep(record)
                records[record.key] = record
            monitor.finish(measured)
            machine.release_memory()
        finished = [records[c.key] for c in plan.cells]
        results = Results(
            finished, plan.spec, _manifest(plan), plan.folder.path if plan.folder else None
        )
        if plan.folder:
            results.write_tables(plan.folder)
    return results


def _compile(plan: Plan, monitor: Monitor) -> None:
    threads = plan.spec.threads or machine.cores()
    precompile.compile_all(measure.tasks(plan.passes), threads, monitor.compiling)


def forecasts(plan: Plan) -> tuple[list[float], float]:
    """Seconds of each pass of a plan, and of all of them those in which truths are found."""
    threads = plan.spec.threads or machine.cores()
    return measure.forecasts(plan.passes, threads)


@contextlib.contextmanager
def _journal(plan: Plan, monitor: Monitor) -> Iterator[Callable[..., None]]:
    """Hold the folder and yield what keeps a record; in memory there is nothing to hold."""
    if plan.folder is None:
        yield lambda record: None
        return
    folder = plan.folder
    with folder.locked(monitor.note):
        if plan.force:
            folder.clear()
        folder.write_manifest(_manifest(plan))
        folder.write_spec(schema.to_toml(plan.spec))
        with folder.open_journal() as journal:
            yield lambda record: folder.append(journal, record)
        folder.drop_checkpoint()


def _pair(cell: Cell) -> str:
    return f"{cell.measurement} {cell.problem}{cell.sampler} {cell.estimator}"


def _manifest(plan: Plan) -> Manifest:
    digests = {_pair(c): c.digest for c in plan.cells}
    return Manifest(
        spec=plan.spec.identity(),
        seed=plan.spec.seed,
        machine=machine.facts(),
        digests=digests,
        cells=[c.key for c in plan.cells],
    )


def _measure(cells: Sequence[Cell], monitor: Any, fail_fast: bool) -> list[Record]:
    try:
        return measure.measurement(cells[0].measurement).measure(cells, monitor)
    except Exception as error:  # a cell that fails must not end the others
        message = _reason(error)
        if fail_fast:
            name = f"{cells[0].problem} {cells[0].estimator}"
            raise StoppedError(f"{name}: {message}; cells before it are saved") from error
        return [_failed(c, message) for c in cells]


def _reason(error: BaseException) -> str:
    if isinstance(error, GumbenchError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"


def _failed(cell: Cell, message: str) -> Record:
    return _without_result(cell, "error", message)


def _skipped(cell: Cell) -> Record:
    return _without_result(cell, "skipped", cell.skipped)


def _without_result(cell: Cell, status: str, message: str) -> Record:
    result = {"settings": cell.settings_text()}
    if cell.problem:
        result["family"] = registry.problem_maker(cell.problem).family
    return Record(cell.key, cell.measurement, cell, status, result, (), message)


class _PassMonitor:
    """What a measurement sees: progress goes to the run's monitor, states to the checkpoint."""

    def __init__(self, folder: Folder | None, monitor: Monitor) -> None:
        self.progress, self.stage = monitor.progress, monitor.stage
        self.folder = folder
        self.saved = time.monotonic()

    def load(self, name: str) -> Any:
        return self.folder.load_checkpoint(name) if self.folder else None

    def save(self, name: str, arrays: Callable[[], Any]) -> None:
        if self.folder and time.monotonic() - self.saved > CHECKPOINT_SECONDS:
            self.folder.save_checkpoint(name, arrays())
            self.saved = time.monotonic()


def load(path: str | Path) -> Results:
    """The Results of a run folder.

    Parameters
    ----------
    path
        the folder

    Returns
    -------
    Results

    Raises
    ------
    InputError
        Where the folder is no run, or is damaged or of a newer version.
    """
    folder = Folder(path)
    manifest = folder.manifest()
    spec = schema.checked_spec(schema.read_toml(_read(folder / SPEC), SPEC), SPEC)
    records = folder.records()
    cells = [records[key] for key in manifest.cells if key in records]
    return Results(cells, spec, manifest, folder.path)


def newest() -> Path:
    """The folder of the newest run in results/. Raises InputError where there is none."""
    for path in _runs(Path("results")):
        return path
    raise InputError("there is no run in results/: run `gumbench sweep`, or name a run folder")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise InputError(f"cannot read {path}: {reason}") from None


def sweep(
    spec: Any = None,
    *,
    output: str | Path | None = None,
    monitor: Monitor | None = None,
    **axes: Any,
) -> Results:
    """Run a sweep and return its Results.

    Parameters
    ----------
    spec
        a SweepSpec, a preset's name, a TOML file's path, or None for the preset "lecture"
    output
        folder to keep the run in; None keeps it in memory
    monitor
        told how far it is (see Monitor); by default nobody is
    axes
        fields of SweepSpec and Grid over it, as in the command's flags: problems=["..."],
        dimensions=[...], estimators=[...], temperatures=[...], inner_samples=[...],
        settings={"key": [...]}, estimates=..., seed=..., dtype=..., threads=...

    Returns
    -------
    Results

    Raises
    ------
    InputError
        For anything wrong with what is asked.
    """
    if isinstance(spec, schema.SweepSpec):
        data = spec.model_dump(mode="json", exclude_none=True)
    elif isinstance(spec, dict):
        data = spec
    elif spec is None and {"problems", "samplers"} & axes.keys():
        data = {}
    else:
        data, _ = schema.load_spec_data(str(spec or "lecture"))
    axes = {k: limits.plain(v) for k, v in axes.items()}
    axes = {k: _listed(v) if k in schema.Grid.model_fields else v for k, v in axes.items()}
    checked = schema.checked_spec(schema.merge(data, axes), "sweep")
    planned = plan(checked, output, typed=tuple(axes))
    return run(planned, monitor)


def _listed(value: Any) -> Any:
    """One value given for an axis is a list of one."""
    if isinstance(value, dict):
        return {k: v if isinstance(v, list) else [v] for k, v in value.items()}
    return value if isinstance(value, list) else [value]
