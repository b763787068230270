"""Warnings about the results of a run: when each is given, its numbers, and what to do."""

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gumbench import text
from gumbench.types import Cell, PartResult, Record

WIDE_INTERVAL = 0.2
DOMINATED = 0.5
UNBIASED_LIMIT = 1e-6
ZERO_GRADIENT = 1e-6
FLOAT32_RATIO = 4096.0
NOISY_TIMING = 0.15
# A share of the upper end of an interval by which rare outcomes move it.
RARE = 0.1


@dataclass(frozen=True)
class Note:
    """One note.

    code : its name, as in the column `notes`. text : what is the case. hint : what to do.
    """

    code: str
    text: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.text}; {self.hint}" if self.hint else self.text


@dataclass(frozen=True)
class Condition:
    """When a finished cell has a note, and what is said of the worst of them.

    size : (record, part) -> how bad it is, or None where it is not so
    text, hint : (record, size, given) -> str; given: flags typed, with their values
    """

    size: Callable
    text: Callable
    hint: Callable


def instead(given: Mapping[str, Any], flag: str) -> str:
    """` instead of VALUE` for a flag that was typed."""
    return f" instead of {given[flag]}" if flag in given else ""


def _wide(record: Record, part: PartResult) -> float | None:
    error = part.relative_error
    return error if error is not None and error > WIDE_INTERVAL else None


def _enough(cell: Cell, size: float) -> int:
    """Estimates for an interval just narrow enough, two digits, rounded up."""
    needed = cell.estimates * (size / WIDE_INTERVAL) ** 2
    unit = 10 ** (math.floor(math.log10(needed)) - 1)
    return math.ceil(needed / unit) * unit


def _dominated(record: Record, part: PartResult) -> Any:
    variances = part.batch_variances
    total = sum(variances)
    share = max(variances, default=0.0) / total if total else 0.0
    return share if share > DOMINATED else None


def _biased(record: Record, part: PartResult) -> Any:
    p = part.bias_p
    return (
        -math.log10(max(p, sys.float_info.min))
        if record.result["unbiased"] and p is not None and p < UNBIASED_LIMIT
        else None
    )


def _zero(record: Record, part: PartResult) -> Any:
    if record.cell.temperature is None or not part.truth_norm:
        return None
    size = math.hypot(part.mean_norm, math.sqrt(part.variance)) / part.truth_norm
    return 1.0 / max(size, 1e-300) if size < ZERO_GRADIENT else None


def _rounded(record: Record, part: PartResult) -> Any:
    ratio = record.result["value_ratio"]
    applies = record.cell.dtype == "float32" and record.result["unbiased"] and ratio is not None
    return ratio if applies and ratio > FLOAT32_RATIO else None


def _rare(record: Record, part: PartResult) -> Any:
    """How much what was hardly ever drawn may add, beside the interval of what was."""
    if not part.unseen or part.variance_high is None:
        return None
    seen = part.variance + math.sqrt(
        max(0.0, (part.variance_high - part.variance) ** 2 - part.unseen.half_width**2)
    )
    added = part.variance_high - seen
    return added if added > RARE * seen else None


def _drawn(record: Record) -> float:
    """How often the outcome is drawn that may add most, in expectation."""
    return min(part.unseen.expected for part in record.parts.values() if part.unseen)


def _seen_by(record: Record) -> int:
    """Estimates that would see the rarest outcome that counts, two digits, rounded up."""
    needed = max(part.unseen.enough for part in record.parts.values() if part.unseen)
    unit = 10 ** (math.floor(math.log10(needed)) - 1)
    return int(math.ceil(0.999 * needed / unit) * unit)


CONDITIONS = {
    "rare-outcomes": Condition(
        _rare,
        lambda record, size, given: (
            f"outcomes drawn {text.digits(_drawn(record))} times in all estimates may add "
            f"{text.digits(size)} to the variance of {name(record)}"
        ),
        lambda record, size, given: (
            f"--estimates {_seen_by(record)}{instead(given, 'estimates')} would see them"
        ),
    ),
    "wide-interval": Condition(
        _wide,
        lambda record, size, given: (
            f"the variance of {name(record)} is known to {100 * size:.0f} % only"
        ),
        lambda record, size, given: (
            f"--estimates {_enough(record.cell, size)}{instead(given, 'estimates')} would do"
        ),
    ),
    "heavy-tail": Condition(
        _dominated,
        lambda record, size, given: (
            f"one of 64 batches holds {100 * size:.0f} % of the variance of {name(record)}: rare "
            "estimates are very large"
        ),
        lambda record, size, given: (
            f"its interval may be too narrow; --estimates {10 * record.cell.estimates}"
            f"{instead(given, 'estimates')} says more"
        ),
    ),
    "bias-seen": Condition(
        _biased,
        lambda record, size, given: (
            f"{name(record)} is declared unbiased, and a bias is seen, {text.p_value(10**-size)}, "
            f"seed {record.cell.seed}"
        ),
        lambda record, size, given: (
            f"try another --seed{instead(given, 'seed')}; if it stays, it is a bug"
        ),
    ),
    "zero-gradient": Condition(
        _zero,
        lambda record, size, given: (
            f"nearly all estimates of {name(record)} were 0, and rare ones may be very large"
        ),
        lambda record, size, given: f"give larger --temperatures than {record.cell.temperature:g}",
    ),
    "float32-rounding": Condition(
        _rounded,
        lambda record, size, given: (
            f"f of {record.cell.problem} is {text.digits(size)} times as large as its standard "
            "deviation, so that float32 rounds much of it away"
        ),
        lambda record, size, given: f"--dtype float64{instead(given, 'dtype')} does not",
    ),
}


def name(record: Record) -> str:
    """A finished cell as a user calls it."""
    cell = record.cell
    temperature = cell.temperature
    at = "" if temperature is None else f" at τ = {temperature:g}"
    return f"{cell.estimator}{at} on {cell.problem} {cell.dimension}"


def codes(record: Record) -> tuple[str, ...]:
    """Codes of the notes that a finished cell gives rise to, in order."""
    return tuple(
        code
        for code, condition in CONDITIONS.items()
        if any(condition.size(record, part) is not None for part in record.parts.values())
    )


def rejected(records: Iterable[Record]) -> set[str]:
    """Names of estimators that are declared unbiased, and are not."""
    return {r.cell.estimator for r in records if "bias-seen" in r.notes}


def of_noisy_timing(records: Iterable[Record]) -> Iterator[Note]:
    """A Note on times that may not repeat, where there are any."""
    noisy = sum("noisy-timing" in record.notes for record in records)
    timed = sum(bool(record.clock) for record in records if record.measurement != "variance")
    if noisy:
        text = f"{noisy} of {timed} times vary by more than {100 * NOISY_TIMING:.0f} % among rounds"
        yield Note(
            "noisy-timing",
            text,
            "other programs use this machine; sweep again with --force when it rests",
        )


def of_rounds(seconds: Sequence[float]) -> tuple[str, ...]:
    """Codes of the notes that the rounds of a timing give rise to."""
    ordered = sorted(seconds)
    quarter = len(ordered) // 4
    width = (ordered[-1 - quarter] - ordered[quarter]) / ordered[len(ordered) // 2]
    return ("noisy-timing",) if width > NOISY_TIMING else ()


def of_records(records: Iterable[Record], given: Mapping[str, Any]) -> list[Note]:
    """One Note for each code that some records have, about the worst of them."""
    notes = []
    for code, condition in CONDITIONS.items():
        noted = [
            (size, record)
            for record in records
            if code in record.notes
            for part in record.parts.values()
            if (size := condition.size(record, part)) is not None
        ]
        if noted:
            size, worst = max(noted, key=lambda pair: pair[0])
            cells = len({record.key for _, record in noted})
            about = worst, size, given
            others = f" (and {cells - 1} more)" if cells > 1 else ""
            notes.append(Note(code, condition.text(*about) + others, condition.hint(*about)))
    return notes
