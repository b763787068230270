"""throughput.csv: what a clock measured, one row per estimator or sampler."""

from gumbench import statistics
from gumbench.tables import Column

MEASUREMENT = "speed"

COLUMNS = (
    Column("cell", "string", "stable key of the cell"),
    Column("kind", "string", "estimator"),
    Column("name", "string", "registry name"),
    Column("implementation", "string", "gumbench"),
    Column("problem", "string", "registry name"),
    Column("dimension", "Int64", "what the problem sweeps"),
    Column("settings", "string", "settings of problem and estimator, sorted"),
    Column("temperature", "Float64", "τ it was timed at, empty where there is none"),
    Column("inner_samples", "Int64", "samples inside one estimate, empty where there are none"),
    Column("dtype", "string", "float type of noise and estimates"),
    Column("threads", "Int64", "threads it ran on"),
    Column("threading_layer", "string", "of Numba", clock=True),
    Column("vector_bits", "Int64", "vector width", "bit", clock=True),
    Column("rounds", "Int64", "how often it was timed", clock=True),
    Column("nanoseconds_per_estimate", "Float64", "median", "ns", clock=True),
    Column("nanoseconds_per_element", "Float64", "by variable and category", "ns", clock=True),
    Column("nanoseconds_per_element_low", "Float64", "of its 95 % interval", "ns", clock=True),
    Column("nanoseconds_per_element_high", "Float64", "of its 95 % interval", "ns", clock=True),
    Column("draws_per_second", "Float64", "estimates a second", "1/s", clock=True),
    Column("status", "string", "done or error"),
    Column("notes", "string", "codes", clock=True),
    Column("message", "string", "what happened"),
)

SAME = ("problem", "dimension", "temperature", "inner_samples", "dtype")


def rows(record):
    """The rows of a record, as dicts by column name."""
    result, cell = record.result, record.cell
    row = {
        "cell": record.key,
        "kind": result.get("kind", "estimator"),
        "name": cell["estimator"],
        "implementation": "gumbench",
        **{name: cell[name] for name in SAME},
        **{name: result.get(name) for name in ("settings", "threads", "threading_layer")},
        "vector_bits": result.get("vector_bits"),
        "status": record.status,
        "notes": " ".join(record.notes),
        "message": record.message,
    }
    if rounds := record.clock.get("rounds"):
        estimate, low, high = (1e9 * s for s in statistics.median_interval(rounds))
        elements = result["elements"]
        row |= {
            "rounds": len(rounds),
            "nanoseconds_per_estimate": estimate,
            "nanoseconds_per_element": estimate / elements,
            "nanoseconds_per_element_low": low / elements,
            "nanoseconds_per_element_high": high / elements,
            "draws_per_second": 1e9 / estimate,
        }
    yield row
