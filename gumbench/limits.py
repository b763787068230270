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


def out(value: Any, wanted: tuple[int, ...], dtype: str) -> np.ndarray:
    """An array that a result is put into. Raises InputError for one that cannot take it."""
    if not isinstance(value, np.ndarray):
        raise InputError(f"out = {value!r:.60}: give a NumPy array, {wanted} {dtype}")
    if value.shape != wanted or value.dtype != dtype:
        given = f"{value.shape} {value.dtype.name}"
        raise InputError(f"out is {given}; give {wanted} {dtype}")
    if not (value.flags.c_contiguous and value.flags.writeable):
        raise InputError("out is a view or read-only; give a contiguous array that can be written")
    return value


_LOGITS = {1: "(categories,)", 2: "(rows, categories)"}


def table(value: Any, axes: tuple[int, ...] = (1, 2)) -> np.ndarray:
    """Logits as a contiguous array of so many axes, float64 stays float64, other floats float32.

    Raises InputError for what has another shape or is no array of numbers; what the numbers are is
    looked at where they are read (see `wrong_logit`).
    """
    try:
        given = np.asarray(value)
        kind = np.float64 if given.dtype.kind in "iub" or given.dtype == np.float64 else np.float32
        if given.dtype.kind not in "iubf":
            raise ValueError
    except ValueError:
        wanted = " or ".join(_LOGITS[n] for n in axes)
        raise InputError(f"logits are no array of numbers; give {wanted}") from None
    if given.ndim not in axes or 0 in given.shape:
        wanted = " or ".join(_LOGITS[n] for n in axes)
        raise InputError(f"logits have shape {given.shape}; give {wanted}")
    with np.errstate(over="ignore"):
        return np.require(given, kind, ["C", "W"])


def wrong_logit(table: np.ndarray, row: int, category: int) -> InputError:
    """What to say of the first wrong number of logits (categories,) or (rows, categories)."""
    place = [row, category] if table.ndim == 2 else [category]
    number = table[tuple(place)]
    if np.isneginf(number):
        where = f"every logit of row {row} is" if table.ndim == 2 else "all logits are"
        return InputError(f"{where} -inf; leave one category open")
    if np.isfinite(number):
        return InputError(f"logits{place} is {number:g}; give at most {LARGEST:g} in size")
    return InputError(f"logits{place} is {number}; give finite numbers or -inf")
