"""The loop of every command that computes: grid -> measure -> store -> tables."""

import contextlib
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from gumbench import limits, machine, measure, registry
from gumbench.errors import GumbenchError, StoppedError
from gumbench.runs import precompile
from gumbench.runs.monitor import Monitor, Silent
from gumbench.runs.plan import Plan, plan
from gumbench.runs.results import Results
from gumbench.runs.store import Folder
from gumbench.spec import schema
from gumbench.types import Cell, Record

CHECKPOINT_SECONDS = 15.0


@limits.default_errstate
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
            finished, plan.spec, plan.manifest(), plan.folder.path if plan.folder else None
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
        folder.write_manifest(plan.manifest())
        folder.write_spec(schema.to_toml(plan.spec))
        with folder.open_journal() as journal:
            yield lambda record: folder.append(journal, record)
        folder.drop_checkpoint()


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
