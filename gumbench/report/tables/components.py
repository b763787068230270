"""components.csv: mean and variance by component, written with --components."""

from collections.abc import Iterator

from gumbench.report.tables import Column, Row
from gumbench.types import Record

MEASUREMENTS = ("variance",)

COLUMNS = (
    Column("cell", "string", "stable key of the cell"),
    Column("part", "string", "block of the parameters"),
    Column("component", "Int64", "number within the part, the first 4,096 of them"),
    Column("truth", "Float64", "exact gradient"),
    Column("mean", "Float64", "of the estimates"),
    Column("standard_error", "Float64", "of that mean"),
    Column("variance", "Float64", "of one estimate"),
)


def rows(record: Record) -> Iterator[Row]:
    """The rows of a record, as dicts by column name."""
    for part, result in record.parts.items():
        components = result.components or {}
        for number, values in enumerate(zip(*components.values(), strict=True)):
            named = dict(zip(components, values, strict=True))
            yield {"cell": record.key, "part": part, "component": number, **named}
