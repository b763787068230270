"""Results of a sweep in memory: its records, tables, compare, diff and save."""

import dataclasses
import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gumbench.diagnostics import Note
from gumbench.errors import InputError, unknown
from gumbench.report import changes, ranking, tables
from gumbench.report.cost import CostModel
from gumbench.report.tables import Row
from gumbench.runs.store import Folder, Manifest, write_atomically
from gumbench.spec import schema
from gumbench.spec.schema import SweepSpec
from gumbench.types import Record

TIMES = "estimator_time"


def with_times(records: Iterable[Record]) -> tuple[Record, ...]:
    """Records, to each of which is added the time of its estimator that another one measured."""
    times = {
        r.cell.timed_as(): r.clock for r in records if r.measurement == TIMES and r.status == "done"
    }

    def joined(record: Record) -> Record:
        time = times.get(record.cell.timed_as(), {})
        if record.measurement == TIMES or record.status != "done" or not record.cell.estimator:
            return record
        return dataclasses.replace(record, clock={**record.clock, **time})

    return tuple(map(joined, records))


class Results:
    """The finished cells of a run, in the order of its grid.

    Attributes
    ----------
    records
        tuple of Record, with the times that other records have for their cells
    spec
        the SweepSpec that was run
    manifest
        a gumbench.runs.store.Manifest: spec, seed, machine with versions, digests, cells
    path
        the run's folder, or None
    variance
        DataFrame, one row per cell and part (columns: gumbench.report.tables.variance)
    throughput
        DataFrame, one row per estimator or sampler timed (gumbench.report.tables.throughput)
    """

    def __init__(
        self,
        records: Iterable[Record],
        spec: SweepSpec,
        manifest: Manifest,
        path: Path | None = None,
    ) -> None:
        self._records = tuple(records)
        self.records = with_times(self._records)
        self.spec = spec
        self.manifest = manifest
        self.path = path

    @property
    def machine(self) -> dict[str, Any]:
        """Facts of the machine and versions it was made with."""
        return self.manifest.machine

    @property
    def unfinished(self) -> str:
        """How many cells are done where some are missing, as a sentence; else empty."""
        planned = len(self.manifest.cells)
        if len(self.records) == planned:
            return ""
        return f"The run is unfinished: {len(self.records)} of {planned} cells are done."

    def rows(self, name: str) -> list[Row]:
        """The rows of a table, as dicts."""
        return tables.rows(name, self.records)

    def table(self, name: str, settings: str = "text") -> Any:
        """A table as a DataFrame: "variance", "throughput" or "components".

        Parameters
        ----------
        settings
            "text" for one column of all settings, "wide" for one column each, named `setting.NAME`,
            with numbers as numbers

        Raises
        ------
        InputError
            For another name or form.
        """
        if name not in tables.names():
            raise unknown("table", name, tables.names(), "gumbench export --help")
        if settings not in ("text", "wide"):
            raise InputError(f"settings = {settings!r}: give 'text' or 'wide'")
        return tables.frame(name, self.rows(name), wide=settings == "wide")

    @functools.cached_property
    def variance(self) -> Any:
        """Bias and variance of every cell and part."""
        return tables.frame("variance", self.rows("variance"))

    @functools.cached_property
    def throughput(self) -> Any:
        """Time of every estimator and sampler."""
        return tables.frame("throughput", self.rows("throughput"))

    def compare(
        self,
        *,
        budget: float | None = None,
        by: str = "direction",
        oracles: bool = False,
        where: Iterable[str] = (),
        cost: str | None = None,
        gradient_cost: float | None = None,
        cost_of_f: float | None = None,
        cost_of_gradient: float | None = None,
        batched: bool = False,
        reuse: float | None = None,
    ) -> list[ranking.Comparison]:
        """Which estimator, at which budget: a list of gumbench.report.ranking.Comparison.

        Parameters
        ----------
        budget
            of a step, in the unit of the cost; None for all budgets
        by
            "direction" (after the best step size) or "error"
        oracles
            let candidates take part that rest on what nobody has
        where
            `column=value` texts on rows of `variance`, all of which must hold
        cost
            "evaluations", "time" or "estimates"
        gradient_cost, cost_of_f, cost_of_gradient, batched, reuse
            as in CostModel, times in seconds
        """
        price = CostModel(cost, gradient_cost, cost_of_f, cost_of_gradient, batched, reuse)
        return ranking.compare(
            self.records, price, budget=budget, by=by, oracles=oracles, where=where
        )

    def diff(self, before: "Results", *, where: Iterable[str] = ()) -> changes.Diff:
        """What changed since another run: a report.changes.Diff, whose `failures` are a gate's.

        Parameters
        ----------
        before
            Results of the other run.
        where
            `column=value` texts on rows of `variance`, all of which must hold.
        """
        if not isinstance(before, Results):
            raise InputError(
                f"before = {before!r:.60}: give Results, such as gumbench.load(FOLDER)"
            )
        difference = changes.diff(before.records, self.records, where)
        notes = [*changes.machine_notes(before.machine, self.machine)]
        for word, run in (("first", before), ("second", self)):
            if run.unfinished:
                notes.append(Note("unfinished", f"of the {word}: {run.unfinished}"))
        return dataclasses.replace(difference, notes=(*notes, *difference.notes))

    def write_tables(self, folder: Folder) -> None:
        """Write all tables into a Folder, and their hashes into its manifest."""
        hashes = {}
        for name in tables.names():
            if rows := self.rows(name):
                write_atomically(folder / f"{name}.csv", tables.csv_text(name, rows))
                hashes[name] = tables.sha256(name, rows)
        folder.write_manifest(dataclasses.replace(self.manifest, sha256=hashes))

    def save(self, directory: Any) -> None:
        """Keep the run in a new or empty folder, as a sweep with `output` does.

        Raises
        ------
        InputError
            Where the folder holds anything or cannot be written.
        """
        folder = Folder(directory)
        folder.check_free()
        if folder.exists:
            raise InputError(f"{directory} holds a run: give a new or empty folder")
        folder.check_writable()
        with folder.locked():
            folder.write_manifest(self.manifest)
            folder.write_spec(schema.to_toml(self.spec))
            with folder.open_journal() as journal:
                for record in self._records:
                    folder.append(journal, record)
            self.write_tables(folder)
        self.path = folder.path

    def __repr__(self) -> str:
        where = f" in {self.path}" if self.path else ""
        return f"<gumbench.Results: {len(self.records)} cells{where}>"
