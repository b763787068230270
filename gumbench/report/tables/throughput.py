"""throughput.csv: what a clock measured, one row per estimator or sampler."""

from collections.abc import Iterator, Sequence
from typing import Any

from gumbench.report.tables import Column, Row
from gumbench.types import Record

MEASUREMENTS = ("estimator_time", "sampler_time")

COLUMNS = (
    Column("cell", "string", "stable key of the cell"),
    Column("kind", "string", "bits, gumbel, sampler or estimator"),
    Column("name", "string", "registry name"),
    Column("implementation", "string", "gumbench"),
    Column("problem", "string", "registry name, empty for samplers"),
    Column("dimension", "Int64", "what the problem sweeps; categories of a sampler"),
    Column("settings", "string", "settings of problem and estimator, sorted"),
    Column("logits", "string", "what a sampler's logits are like"),
    Column("temperature", "Float64", "τ it was timed at, empty where there is none"),
    Column("inner_samples", "Int64", "samples inside one estimate, empty where there are none"),
    Column("rows", "Int64", "rows of logits of a sampler"),
    Column("draws", "Int64", "draws from each row"),
    Column("dtype", "string", "float type of noise and estimates"),
    Column("threads", "Int64", "threads it ran on"),
    Column("threading_layer", "string", "of Numba", clock=True),
    Column("vector_bits", "Int64", "vector width", "bit", clock=True),
    Column("rounds", "Int64", "how often it was timed", clock=True),
    Column("nanoseconds_per_draw", "Float64", "or estimate, median", "ns", clock=True),
    Column("nanoseconds_per_element", "Float64", "by variable and category", "ns", clock=True),
    Column("nanoseconds_per_element_low", "Float64", "of its 95 % interval", "ns", clock=True),
    Column("nanoseconds_per_element_high", "Float64", "of its 95 % interval", "ns", clock=True),
    Column("draws_per_second", "Float64", "or estimates", "1/s", clock=True),
    Column("fraction_of_roof", "Float64", "time of the random words over its own", clock=True),
    Column("check_p", "Float64", "p of a sampler's law, χ²"),
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
    if record.measurement == "sampler_time":
        yield from _sampler_rows(record, shared | {"logits": "normal", "problem": None})
    else:
        rounds = record.clock.get("rounds")
        clock = _clock(rounds, result["elements"]) if rounds else {}
        yield {**shared, "kind": "estimator", "name": cell.estimator, **clock}


def _sampler_rows(record: Record, shared: Row) -> Iterator[Row]:
    """Rows of a sampler; those of the words and the fill come with the first of its pass."""
    from gumbench.stats.intervals import median_interval

    size, sampler = record.cell.dimension, record.cell.sampler
    if not record.clock:
        yield {**shared, "kind": "sampler", "name": sampler}
    for work in record.clock.get("works", ()):
        rounds, bits = work["rounds"], work["bits"]
        is_sampler = work["kind"] == "sampler"
        yield {
            **shared,
            "kind": work["kind"],
            "name": sampler if is_sampler else work["kind"],
            "check_p": shared["check_p"] if is_sampler else None,
            "rows": work["rows"],
            "draws": work["draws"],
            **_clock(rounds, size),
            "fraction_of_roof": median_interval([b / r for b, r in zip(bits, rounds, strict=True)])[
                0
            ],
        }


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
