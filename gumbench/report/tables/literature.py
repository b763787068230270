"""literature.csv: rows on toys of papers, beside what the paper prints."""

import functools
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gumbench.report.tables import Column, Row
from gumbench.types import PartResult, Record

MEASUREMENTS = ("variance",)
COLUMNS = (
    Column("cell", "string", "stable key of the cell"),
    Column("paper", "string", "who published the toy"),
    Column("problem", "string", "registry name"),
    Column("dimension", "Int64", "what the problem sweeps"),
    Column("settings", "string", "of problem and estimator"),
    Column("estimator", "string", "registry name"),
    Column("temperature", "Float64", "of a relaxation"),
    Column("part", "string", "block of the parameters"),
    Column("averaged", "Int64", "of the mean of so many estimates is the variance"),
    Column("printed", "Float64", "the variance that the paper prints"),
    Column("exact", "Float64", "by enumeration or quadrature"),
    Column("measured", "Float64", "here"),
    Column("low", "Float64", "lower end of its 95 % interval"),
    Column("high", "Float64", "upper end"),
    Column("verdict", "string", "whether the printed value is in the interval"),
)
DATA = Path(__file__).parents[2] / "data" / "literature.toml"


@functools.cache
def toys() -> list[dict[str, Any]]:
    """The published toys: paper, problem, dimension, settings, and printed variances."""
    return tomllib.loads(DATA.read_text(encoding="utf-8"))["toy"]


def rows(record: Record) -> Iterator[Row]:
    """A row for each part, and for each printed value of it."""
    cell = record.cell
    given = dict(cell.problem_settings)
    for toy in toys():
        here = toy["problem"], toy.get("dimension", cell.dimension)
        if here != (cell.problem, cell.dimension):
            continue
        if any(given.get(key) != value for key, value in toy["settings"].items()):
            continue
        printed = [p for p in toy.get("printed", []) if p["estimator"] == cell.estimator]
        for name, part in record.parts.items():
            for value in printed or [{"averaged": 1, "variance": None}]:
                yield {
                    "cell": record.key,
                    "paper": toy["paper"],
                    "problem": cell.problem,
                    "dimension": cell.dimension,
                    "settings": record.result.get("settings", ""),
                    "estimator": cell.estimator,
                    "temperature": cell.temperature,
                    "part": name,
                    **_beside(part, value["averaged"], value["variance"]),
                }


def _beside(part: PartResult, averaged: int, printed: float | None) -> dict[str, Any]:
    """What is printed, known and measured of the mean of so many estimates."""
    exact, measured, low, high = (
        None if x is None else x / averaged
        for x in (part.exact_variance, part.variance, part.variance_low, part.variance_high)
    )
    verdict = ""
    if printed is not None and low is not None and high is not None:
        inside = low <= printed <= high
        verdict = "reproduced" if inside else "not what its definition gives"
    return {
        "averaged": averaged,
        "printed": printed,
        "exact": exact,
        "measured": measured,
        "low": low,
        "high": high,
        "verdict": verdict,
    }
