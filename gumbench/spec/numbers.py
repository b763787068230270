"""Numbers and settings as they are typed: lists, ranges, key=value."""

import math
from collections.abc import Iterable
from typing import Any

from gumbench.errors import InputError
from gumbench.text import words

LARGE = {"k": 10**3, "m": 10**6, "g": 10**9}


def numbers(text: str, name: str, kind: type = float) -> tuple[list[Any], str]:
    """Numbers of `4,16,64`, `2:1024:10log` or `0.1:1:10lin` (ends included), and what was dropped.

    kind: int rounds the points of a range. Returns (values, note or empty string).
    Raises InputError.
    """
    values: list = []
    for item in words(text):
        values += _range(item, name, kind) if ":" in item else [_number(item, name, kind)]
    if not values:
        raise InputError(f"--{name} is empty: give numbers such as 1,2,4 or 0.1:1:10log")
    kept = list(dict.fromkeys(values))
    dropped = len(values) - len(kept)
    return kept, f"--{name}: {dropped} equal values dropped" if dropped else ""


def _number(text: str, name: str, kind: type) -> Any:
    scale = LARGE.get(text[-1:].lower(), 1)
    digits = text[:-1] if scale > 1 else text
    try:
        value = float(digits) * scale
        if not math.isfinite(value):
            raise ValueError
        if kind is int and value != int(value):
            raise InputError(f"--{name}: {text} is not a whole number")
        if kind is int and digits.lstrip("+-").isdigit():
            return int(digits) * scale
        return kind(value)
    except ValueError:
        example = "4,16,64" if kind is int else "0.1,0.5,1"
        raise InputError(f"--{name}: {text!r} is not a number; give {example} or a range") from None


def _range(text: str, name: str, kind: type) -> list[Any]:
    parts = text.split(":")
    if len(parts) != 3:
        raise InputError(f"--{name}: {text!r} is no range; ranges read START:END:COUNTlog or lin")
    start, end = (_number(p, name, float) for p in parts[:2])
    count = parts[2].strip().lower()
    spacing = next((s for s in ("log", "lin") if count.endswith(s)), "")
    count = count.removesuffix(spacing)
    if count.isdecimal() and not spacing:
        low, high = parts[:2]
        raise InputError(
            f"--{name}: {text!r} has two readings; {low}:{high}:{parts[2]}lin is {parts[2]} points "
            f"evenly spaced, {low}:{high}:{parts[2]}log the same by ratio"
        )
    if not spacing or (count and not count.isdecimal()):
        raise InputError(f"--{name}: {text!r} is no range; ranges read START:END:COUNTlog or lin")
    if not count or not 2 <= int(count) <= 10_000:
        raise InputError(f"--{name}: {text!r} asks for {count or 'no'} points; give 2 to 10000")
    points_asked = int(count)
    if spacing == "log" and min(start, end) <= 0:
        raise InputError(f"--{name}: {text!r}: a log range needs both ends above 0")
    inner = [i / (points_asked - 1) for i in range(1, points_asked - 1)]
    if spacing == "log":
        points = [start ** (1 - i) * end**i for i in inner]
    else:
        points = [start * (1 - i) + end * i for i in inner]
    if kind is int:
        return [round(p) for p in (start, *points, end)]
    return [start, *(float(f"{p:.6g}") for p in points), end]


def setting(text: str) -> tuple[str, tuple[Any, ...]]:
    """`[NAME.]key=value[,value]` as (key, values)."""
    key, equals, values = text.partition("=")
    if not equals or not key.strip() or not words(values):
        raise InputError(f"--set {text!r}: give key=value or NAME.key=value")
    return key.strip(), tuple(_scalar(v) for v in words(values))


def settings(texts: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """Settings of `[NAME.]key=value[,value]` texts, each key given once."""
    by_name: dict[str, tuple] = {}
    for text in texts:
        key, values = setting(text)
        if key in by_name:
            raise InputError(f"--set {key} is given twice: several values go in one, with commas")
        by_name[key] = values
    return by_name


def _scalar(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return {"true": True, "false": False}.get(text.lower(), text)
