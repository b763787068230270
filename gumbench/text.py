"""Formatting for people: numbers, intervals, p-values, durations and lists as text."""

import csv
import math
import re
from collections.abc import Sequence
from typing import Any

from gumbench.errors import InputError

LEAST_P = 1e-300


def rounded(value: float | None, half_width: float | None) -> str:
    """A number with the digits that its half width leaves meaningful: two of the half width."""
    if value is None:
        return ""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if not half_width:
        return _plain(value, 3)
    digits = math.floor(math.log10(abs(value))) - math.floor(math.log10(half_width)) + 1
    return _plain(value, min(max(digits, 2), 5))


def value(given: Any) -> str:
    """What a table holds, as text: numbers in four digits."""
    if given is None:
        return ""
    if isinstance(given, bool):
        return "yes" if given else "no"
    return _power(f"{given:.4g}") if isinstance(given, float) else str(given)


def digits(value: float, number: int = 2) -> str:
    """A number in so many digits."""
    return _trimmed(_plain(value, number)) if value and math.isfinite(value) else f"{value:g}"


def p_value(p: float) -> str:
    """`p = 3e-9`, or that it is less than a float says."""
    return f"p = {digits(p, 1)}" if p >= LEAST_P else f"p < {digits(LEAST_P, 1)}"


def short(value: float) -> str:
    """A number in at most three digits, or all of a whole one's: 64, 1.06, 10,000."""
    if value == int(value) and abs(value) < 1e7:
        return f"{int(value):,}"
    return _trimmed(_plain(value, 3))


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def _plain(value: float, digits: int) -> str:
    value = float(f"{value:.{digits}g}")
    exponent = math.floor(math.log10(abs(value)))
    if -3 <= exponent < 7:
        return f"{value:,.{max(0, digits - 1 - exponent)}f}"
    return _power(f"{value:.{digits - 1}e}")


def _power(text: str) -> str:
    """1.5e-04 as 1.5e-4, and 1.5e+07 as 1.5e7."""
    return re.sub(r"e([+-])0?", r"e\1", text).replace("e+", "e")


def interval(value: float, low: float, high: float) -> str:
    """A value with its 95 % interval."""
    if value is None:
        return ""
    if low is None or high is None:
        return rounded(value, None)
    if low == high:
        return rounded(value, None)
    half_width = (high - low) / 2
    return f"{rounded(value, half_width)} ({rounded(low, half_width)}–{rounded(high, half_width)})"


def seconds(value: float) -> str:
    """A duration as people say it."""
    if value < 90:
        return f"{max(1, round(value))} s"
    if value < 5400:
        return f"{round(value / 60)} min"
    return f"{value / 3600:.1f} h"


def duration(value: float) -> str:
    """Seconds in the unit that suits them."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{short(value / size)} {unit}"
    return f"{short(1e9 * value)} ns"


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: Sequence[str], most: int, last: str = "and") -> str:
    """`A, B and C`; of more than `most` + 1 names, the rest is counted."""
    if len(names) > most + 1:
        names = [*names[:most], f"{len(names) - most} more"]
    return f" {last} ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def words(text: str) -> list[str]:
    """The items of a comma-separated list; quotes keep a comma inside one."""
    try:
        items = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error as error:
        raise InputError(f"{text[:60]!r} is no list: {error}") from None
    return [item.strip() for item in items if item.strip()]
