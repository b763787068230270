"""variance.csv: bias and variance, one row per cell and part."""

import math
from collections.abc import Iterator
from typing import Any

from gumbench.report.tables import Column, Row
from gumbench.types import PartResult, Record

MEASUREMENTS = ("variance",)

COLUMNS = (
    Column("cell", "string", "stable key of the cell"),
    Column("problem", "string", "registry name"),
    Column("family", "string", "categorical or gaussian"),
    Column("dimension", "Int64", "what the problem sweeps: C, D or d"),
    Column("part", "string", "block of the parameters the gradient is taken in"),
    Column("parameters", "Int64", "number of components of the part"),
    Column("settings", "string", "settings of problem and estimator, sorted"),
    Column("estimator", "string", "registry name"),
    Column("unbiased", "boolean", "declared unbiased"),
    Column("temperature", "Float64", "τ of a relaxation, empty where there is none"),
    Column("inner_samples", "Int64", "samples inside one estimate, empty where there are none"),
    Column("dtype", "string", "float type of noise and estimates"),
    Column("seed", "UInt64", "seed of the run"),
    Column("estimates", "Int64", "number of estimates"),
    Column("batches", "Int64", "number of batches they are in"),
    Column("evaluations", "Float64", "of f per estimate"),
    Column("gradient_evaluations", "Float64", "of ∂f/∂x per estimate"),
    Column("prepare_evaluations", "Int64", "of f, once for a θ"),
    Column("prepare_gradient_evaluations", "Int64", "of ∂f/∂x, once for a θ"),
    Column("oracle", "boolean", "rests on what nobody has"),
    Column("truth", "string", "where the exact gradient comes from"),
    Column("truth_norm", "Float64", "length of the exact gradient"),
    Column("truth_error", "Float64", "its standard error, 0 where it is exact"),
    Column("bias_norm", "Float64", "length of the bias, noise taken out"),
    Column("bias_low", "Float64", "lower end of its 95 % interval"),
    Column("bias_high", "Float64", "upper end: what could hide"),
    Column("bias_z", "Float64", "normal |z| of bias_p"),
    Column("bias_p", "Float64", "p of no bias, corrected for the groups"),
    Column("bias_groups", "Int64", "groups of components in the bias test"),
    Column("gain", "Float64", "m · g / ‖g‖², m the mean, g the gradient: 1 is the right length"),
    Column("gain_error", "Float64", "its standard error"),
    Column("mean_norm", "Float64", "length of the mean, with its noise"),
    Column("cosine", "Float64", "of the angle between mean and gradient"),
    Column("relative_variance", "Float64", "variance / ‖g‖²"),
    Column("variance", "Float64", "trace of the covariance of one estimate"),
    Column("variance_low", "Float64", "lower end of its 95 % interval"),
    Column("variance_high", "Float64", "upper end, with what was hardly ever drawn"),
    Column("mse", "Float64", "mean squared error of one estimate"),
    Column("exact_variance", "Float64", "the variance by enumeration or quadrature"),
    Column("exact_bias_norm", "Float64", "length of the bias by the same"),
    Column("covered", "boolean", "the interval of the variance holds the exact one"),
    Column("status", "string", "done, skipped, error or diverged"),
    Column("notes", "string", "codes"),
    Column("message", "string", "what happened"),
    Column("nanoseconds_per_estimate", "Float64", "the cell alone, one thread", "ns", clock=True),
    Column("work_variance", "Float64", "variance × seconds per estimate", "s", clock=True),
    Column("work_variance_low", "Float64", "lower end of its 95 % interval", "s", clock=True),
    Column("work_variance_high", "Float64", "upper end of its 95 % interval", "s", clock=True),
    Column("prepare_seconds", "Float64", "once for a θ", "s", clock=True),
)

SAME = ("problem", "dimension", "estimator", "temperature", "inner_samples", "dtype", "seed")
RESULT = (
    *("family", "unbiased", "evaluations", "gradient_evaluations", "prepare_evaluations"),
    *("prepare_gradient_evaluations", "oracle"),
)
PART = (
    *("truth", "truth_norm", "truth_error"),
    *("bias_norm", "bias_low", "bias_high", "bias_z", "bias_p", "bias_groups", "mean_norm"),
    *("variance", "variance_low", "variance_high", "mse", "exact_variance", "exact_bias_norm"),
)


def rows(record: Record) -> Iterator[Row]:
    """The rows of a record, as dicts by column name."""
    result, cell = record.result, record.cell
    shared = {
        "cell": record.key,
        **{name: getattr(cell, name) for name in SAME},
        "settings": result.get("settings", ""),
        **{name: result.get(name) for name in RESULT},
        "estimates": cell.estimates,
        "batches": 64,
        "status": record.status,
        "notes": " ".join(record.notes),
        "message": record.message,
    }
    for part, size in result.get("part_sizes", {"": None}).items():
        part_result = record.parts.get(part)
        numbers = {name: getattr(part_result, name, None) for name in PART} | _shares(part_result)
        yield {**shared, "part": part, "parameters": size, **numbers, **_clock(record, part_result)}


def _shares(result: PartResult | None) -> dict[str, Any]:
    from gumbench.report import relative_errors

    if result is None:
        return {}
    gain, error = relative_errors.gain(result)
    return {
        "gain": gain,
        "gain_error": error,
        "cosine": relative_errors.cosine(result),
        "relative_variance": relative_errors.relative_variance(result),
        "covered": relative_errors.covers_exact_variance(result),
    }


def _clock(record: Record, result: PartResult | None) -> dict[str, Any]:
    """Nanoseconds, and variance × seconds with the intervals of both."""
    from gumbench.stats.intervals import median_interval

    rounds = record.clock.get("rounds")
    if not rounds:
        return {}
    time = median_interval(rounds)
    found_clock = {
        "nanoseconds_per_estimate": 1e9 * time[0],
        "prepare_seconds": record.clock["prepare_seconds"],
    }
    if result is None or not result.variance_low or result.variance_high is None:
        return found_clock
    variance = result.variance, result.variance_low, result.variance_high
    low, high = (_distance(variance, time, end) for end in (1, 2))
    work = variance[0] * time[0]
    return found_clock | {
        "work_variance": work,
        "work_variance_low": work * math.exp(-low),
        "work_variance_high": work * math.exp(high),
    }


def _distance(
    first: tuple[float, float, float], second: tuple[float, float, float], end: int
) -> float:
    """How far an end of the interval of a product is from it, on the logarithm."""
    return math.hypot(*(math.log(values[end] / values[0]) for values in (first, second)))
