"""throughput.csv: what a clock measured, one row per estimator or sampler."""

from collections.abc import Iterator, Sequence
from typing import Any

from gumbench.report.tables import Column, Row
from gumbench.types import Record

MEASUREMENTS = ("estimator_time", "throughput")

COLUMNS = (
    Column("cell", "string", "stable key of the cell"),
    Column("kind", "string", "words, fill, draws, concrete, estimates, roof; or estimator"),
    Column("name", "string", "registry name, or form of another library"),
    Column("implementation", "string", "gumbench or another library"),
    Column("problem", "string", "registry name, empty for jobs"),
    Column("dimension", "Int64", "what the problem sweeps; categories of a sampler"),
    Column("settings", "string", "settings of problem and estimator, sorted"),
    Column("logits", "string", "law of a job's logits, or their file"),
    Column("temperature", "Float64", "τ it was timed at, empty where there is none"),
    Column("inner_samples", "Int64", "samples inside one estimate, empty where there are none"),
    Column("rows", "Int64", "rows of logits that are drawn from"),
    Column("draws", "Int64", "draws from each row"),
    Column("dtype", "string", "float type of noise and estimates"),
    Column("threads", "Int64", "threads it ran on"),
    Column("threading_layer", "string", "of Numba", clock=True),
    Column("vector_bits", "Int64", "vector width", "bit", clock=True),
    Column("rounds", "Int64", "how often it was timed", clock=True),
    Column(
        "nanoseconds_per_draw",
        "Float64",
        "estimate, sample, word or Gumbel, median",
        "ns",
        clock=True,
    ),
    Column("nanoseconds_per_element", "Float64", "by variable and category", "ns", clock=True),
    Column("nanoseconds_per_element_low", "Float64", "of its 95 % interval", "ns", clock=True),
    Column("nanoseconds_per_element_high", "Float64", "of its 95 % interval", "ns", clock=True),
    Column("draws_per_second", "Float64", "or estimates", "1/s", clock=True),
    Column(
        "fraction_of_roof",
        "Float64",
        "the least that its work takes here, over its time",
        clock=True,
    ),
    Column("check_p", "Float64", "p of what it made, under its law"),
    Column("status", "string", "done or error"),
    Column("notes", "string", "codes", clock=True),
    Column("message", "string", "what happened"),
)

SAME = ("problem", "dimension", "temperature", "inner_samples", "dtype")
RESULT = ("settings", "threads", "threading_layer", "vector_bits", "check_p")


def rows(record: Record) -> Iterator[Row]:
    """The rows of a record, as dicts by column name."""
    result, cell = record.result, record.cell
    shared = {
        "cell": record.key,
        "implementation": "gumbench",
        **{name: getattr(cell, name) for name in SAME},
        **{name: result.get(name) for name in RESULT},
        "status": record.status,
        "notes": " ".join(record.notes),
        "message": record.message,
    }
    if record.measurement == "estimator_time":
        rounds = record.clock.get("rounds")
        clock = _clock(rounds, result["elements"]) if rounds else {}
        yield {**shared, "kind": "estimator", "name": cell.estimator, **clock}
    else:
        yield {**shared, **_job(record)}


def _job(record: Record) -> Row:
    """What a row of a job has of its own."""
    from gumbench.stats.intervals import median_interval

    cell, options = record.cell, dict(record.cell.options)
    draws = options["kind"] == "draws"
    row = {
        "kind": options["kind"],
        "name": cell.sampler,
        "implementation": options["library"],
        "problem": None,
        "logits": options["logits"] if options["kind"] in ("draws", "concrete") else None,
        "rows": options["rows"] if draws else None,
        "draws": options["count"] if draws else None,
    }
    if not record.clock:
        return row
    rounds, elements, least = (
        record.clock["rounds"],
        record.result["elements"],
        record.clock["roof"],
    )
    row |= _clock(rounds, elements)
    if least:
        pairs = zip(least, rounds, strict=True)
        row["fraction_of_roof"] = median_interval([r * elements / s for r, s in pairs])[0]
    return row


def _clock(rounds: Sequence[float], elements: float) -> dict[str, Any]:
    """What seconds per draw in each round come to."""
    from gumbench.stats.intervals import median_interval

    draw, low, high = (1e9 * s for s in median_interval(rounds))
    return {
        "rounds": len(rounds),
        "nanoseconds_per_draw": draw,
        "nanoseconds_per_element": draw / elements,
        "nanoseconds_per_element_low": low / elements,
        "nanoseconds_per_element_high": high / elements,
        "draws_per_second": 1e9 / draw,
    }
