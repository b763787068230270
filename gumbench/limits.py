"""Argument checks of the Python API: ranges, dtypes, shapes and logits, NumPy's numbers too."""

import math
import operator
from typing import Any

import numpy as np

from gumbench.errors import InputError

# Of logits, locations and scales: float32 then has room for what is made of them.
LARGEST = 1e30
SMALLEST_SCALE = 1e-30
TEMPERATURES = 1e-6, 1e6
SEEDS = 0, (1 << 64) - 1
DTYPES = "float32", "float64"


# A user's file may have NumPy raise what it only warns of by default.
default_errstate = np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")


def plain(value: Any) -> Any:
    """NumPy's numbers, arrays and dtypes, ranges and tuples as Python's own numbers and lists."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        return np.dtype(value).name
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        return value
    return [plain(item) for item in value]


def as_numpy(numbers: Any) -> Any:
    """Numbers as NumPy takes them: a torch tensor leaves its graph and its device."""
    return numbers.detach().cpu().numpy() if hasattr(numbers, "detach") else numbers


def whole(name: str, value: Any, least: float, most: int) -> int:
    """A whole number in a range, of any integer type. Raises InputError."""
    given = plain(value)
    if isinstance(given, float) and given.is_integer() and abs(given) < 1 << 53:
        given = int(given)
    try:
        number = operator.index(given)
    except TypeError:
        raise InputError(f"{name} = {value!r:.60}: give a whole number") from None
    if isinstance(given, bool):
        raise InputError(f"{name} = {value!r}: give a whole number")
    if not least <= number <= most:
        raise InputError(f"{name} = {number}: give {least} to {most}")
    return number


def real(name: str, value: Any, low: float, high: float) -> float:
    """A finite number in a range, ends included. Raises InputError."""
    given = plain(value)
    if isinstance(given, bool | str | bytes):
        raise InputError(f"{name} = {value!r:.60}: give a number")
    try:
        number = float(given)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} = {value!r:.60}: give a number") from None
    if not (math.isfinite(number) and low <= number <= high):
        raise InputError(f"{name} = {number:g}: give a finite number, {low:g} to {high:g}")
    return number


def temperatures(value: Any) -> Any:
    """One temperature or several: (n,) floats. Raises InputError."""
    given = plain(value)
    given = given if isinstance(given, list) else [given]
    if not given:
        raise InputError("temperature is empty: give one above 0, or a list of them")
    return np.array([real("temperature", item, *TEMPERATURES) for item in given])


def dtype(value: Any) -> str:
    """ "float32" or "float64", of any way to say it. Raises InputError."""
    try:
        name = None if value is None else np.dtype(value).name
    except TypeError:
        name = None
    if name not in DTYPES:
        raise InputError(f"dtype = {value!r:.60}: give 'float32' or 'float64'")
    return name


def shape(size: int, most: int) -> tuple[int, ...]:
    """The shape of a `size` as NumPy takes it. Raises InputError."""
    given = plain(size)
    return tuple(whole("size", n, 0, most) for n in (given if isinstance(given, list) else [given]))


_LOGITS = {1: "(categories,)", 2: "(rows, categories)"}


def logits(value: Any, axes: tuple[int, ...] = (1, 2)) -> np.ndarray:
    """Logits as a contiguous array of so many axes, float64 stays float64, other floats float32.

    Raises InputError for another shape, NaN, +inf, rows that are all masked, and large numbers.
    """
    try:
        table = np.asarray(value)
        kind = np.float64 if table.dtype.kind in "iub" or table.dtype == np.float64 else np.float32
        if table.dtype.kind not in "iubf":
            raise ValueError
    except ValueError:
        wanted = " or ".join(_LOGITS[n] for n in axes)
        raise InputError(f"logits are no array of numbers; give {wanted}") from None
    if table.ndim not in axes or 0 in table.shape:
        wanted = " or ".join(_LOGITS[n] for n in axes)
        raise InputError(f"logits have shape {table.shape}; give {wanted}")
    with np.errstate(over="ignore"):
        table = np.require(table, kind, ["C", "W"])
    bad = np.isnan(table) | np.isposinf(table)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InputError(f"logits{list(place)} is {table[place]}; give finite numbers or -inf")
    closed = np.isneginf(table).all(axis=-1)
    if closed.any():
        where = f"every logit of row {closed.argmax()} is" if table.ndim == 2 else "all logits are"
        raise InputError(f"{where} -inf; leave one category open")
    large = np.abs(np.where(np.isneginf(table), 0, table)).max()
    if large > LARGEST:
        raise InputError(f"a logit is {large:g} in size; give at most {LARGEST:g}")
    return table
