"""A run in memory."""

import functools

from gumbench import compare as comparing
from gumbench import tables


class Results:
    """The finished cells of a run, in the order of its grid.

    records : tuple of Record
    spec : the SweepSpec that was run
    path : the run's folder, or None
    machine : facts of the machine and versions it was made with, or None
    variance : DataFrame, one row per cell and part (columns: gumbench.tables.variance)
    """

    def __init__(self, records, spec, path=None, machine=None):
        self.records = tuple(records)
        self.spec = spec
        self.path = path
        self.machine = machine

    def rows(self, name):
        """The rows of a table, as dicts."""
        return tables.rows(name, self.records)

    @functools.cached_property
    def variance(self):
        """Bias and variance of every cell and part."""
        return tables.frame("variance", self.rows("variance"))

    def compare(self, *, cost="evaluations", gradient_cost=3.0, seconds_of_f=None, **options):
        """Which estimator, at what cost: a list of Comparison (see gumbench.compare).

        cost, gradient_cost, seconds_of_f : as in gumbench.compare.Cost
        options : reference, budget and conditions, as in gumbench.compare.compare
        """
        return comparing.compare(self, comparing.Cost(cost, gradient_cost, seconds_of_f), **options)

    def __repr__(self):
        where = f" in {self.path}" if self.path else ""
        return f"<gumbench.Results: {len(self.records)} cells{where}>"
