"""A run in memory."""

import functools

from gumbench import compare as comparing
from gumbench import config, tables
from gumbench.errors import InputError
from gumbench.store import Folder, write_atomically


class Results:
    """The finished cells of a run, in the order of its grid.

    records : tuple of Record
    spec : the SweepSpec that was run
    manifest : what the folder's manifest.json says: seed, machine, versions, digests, cells
    path : the run's folder, or None
    variance : DataFrame, one row per cell and part (columns: gumbench.tables.variance)
    throughput : DataFrame, one row per estimator that was timed (gumbench.tables.throughput)
    """

    def __init__(self, records, spec, manifest, path=None):
        self.records = tuple(records)
        self.spec = spec
        self.manifest = manifest
        self.path = path

    @property
    def machine(self):
        """Facts of the machine and versions it was made with."""
        return self.manifest.get("machine")

    def rows(self, name):
        """The rows of a table, as dicts."""
        return tables.rows(name, self.records)

    @functools.cached_property
    def variance(self):
        """Bias and variance of every cell and part."""
        return tables.frame("variance", self.rows("variance"))

    @functools.cached_property
    def throughput(self):
        """Time of every estimator that was timed."""
        return tables.frame("throughput", self.rows("throughput"))

    def compare(self, *, cost=None, gradient_cost=None, seconds_of_f=None, **options):
        """Which estimator, at what cost: a list of Comparison (see gumbench.compare).

        cost, gradient_cost, seconds_of_f : as in gumbench.compare.Cost; by default measured time
            where there is one, which refuses a gradient_cost (InputError), else evaluations
        options : reference, budget and conditions, as in gumbench.compare.compare
        """
        facts = {"gradient_cost": gradient_cost, "seconds_of_f": seconds_of_f}
        if cost is None:
            price = comparing.measured_cost(self, **facts)
        else:
            price = comparing.Cost(cost, **facts)
        return comparing.compare(self, price, **options)

    def write_tables(self, folder):
        """Write all tables into a Folder, and their hashes into its manifest."""
        hashes = {}
        for name in tables.names():
            if rows := self.rows(name):
                write_atomically(folder / f"{name}.csv", tables.csv_text(name, rows))
                hashes[name] = tables.sha256(name, rows)
        folder.write_manifest({**self.manifest, "sha256": hashes})

    def save(self, directory):
        """Keep the run in a new or empty folder, as a sweep with `output` does.

        Raises InputError where the folder holds anything or cannot be written.
        """
        folder = Folder(directory)
        folder.check_free()
        if folder.exists:
            raise InputError(f"{directory} holds a run: give a new or empty folder")
        folder.check_writable()
        with folder.locked():
            folder.write_manifest(self.manifest)
            folder.write_spec(config.to_toml(self.spec))
            with folder.open_journal() as journal:
                for record in self.records:
                    folder.append(journal, record)
            self.write_tables(folder)
        self.path = folder.path

    def __repr__(self):
        where = f" in {self.path}" if self.path else ""
        return f"<gumbench.Results: {len(self.records)} cells{where}>"
