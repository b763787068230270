"""Numbers with units, as they are typed."""

import math
import re

from gumbench.errors import InputError

SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0}
AMOUNT = re.compile(r"^\s*([\d.]+(?:[eE][+-]?\d+)?)\s*([a-zA-Zµμ]*)\s*$")


def number(text, flag):
    """A finite number from 0, whole where it is whole; None for None. Raises InputError."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"--{flag} {text!r}: give a number") from None
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"--{flag} {text}: give a number from 0")
    return int(value) if value == int(value) else value


def time(text, flag):
    """Seconds of `2ms`, or None. Raises InputError."""
    return None if text is None else _amount(text, flag, SECONDS, "2ms")


def percent(text, flag):
    """A share of `10%`. Raises InputError, for `0.1` has two readings."""
    stripped = text.strip()
    value = number(stripped.removesuffix("%"), flag)
    if not stripped.endswith("%"):
        alternative = f" or {100 * value:g}%" if value else ""
        raise InputError(f"--{flag} {text}: give a number of percent, {value:g}%{alternative}")
    return value / 100


def budget(text, cost):
    """A budget of a step in a CostModel's unit, or None. Raises InputError."""
    if text is None:
        return None
    if cost.cost_of_f is not None:
        units = SECONDS | {"evaluations": cost.cost_of_f}
        return _amount(text, "budget", units, "5ms or 64evaluations")
    if cost.is_measured:
        return _amount(text, "budget", SECONDS, "5ms, or 64evaluations without --cost time")
    unit = "evaluations" if cost.counts_evaluations else "estimates"
    match = AMOUNT.match(text)
    if match and match[2] in SECONDS:
        raise InputError(f"--budget {text}: a time needs --cost time, or --cost-of-f")
    return _amount(text, "budget", {unit: 1.0, "": 1.0}, f"64{unit}")


def _amount(text, flag, units, example):
    match = AMOUNT.match(text)
    if not match or match[2] not in units:
        raise InputError(f"--{flag} {text!r}: give a number with its unit, such as {example}")
    value = number(match[1], flag) * units[match[2]]
    if value <= 0:
        raise InputError(f"--{flag} {text}: give more than 0")
    return value
