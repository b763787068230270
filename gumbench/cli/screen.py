"""Consoles, and numbers as people read them."""

import contextlib
import math
import os
import textwrap

import typer
from rich.console import Console

WIDTH = 100


class Output(Console):
    """A console for which a reader that has seen enough is no error."""

    def on_broken_pipe(self):
        """Silence what is still buffered and end well."""
        with contextlib.suppress(SystemExit):
            super().on_broken_pipe()
        raise typer.Exit(0)


def output():
    """Where results go."""
    out = Output(soft_wrap=False, emoji=False)
    if not out.is_terminal and "COLUMNS" not in os.environ:
        out.width = WIDTH
    return out


def errors():
    """Where progress, notes and errors go."""
    return Console(stderr=True, soft_wrap=True, emoji=False)


def say(note):
    """A note, on stderr, in lines of the terminal's width."""
    err = errors()
    width = err.width if err.is_terminal else WIDTH
    lines = textwrap.fill(
        f"note: {note}",
        width,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    err.print(lines, highlight=False, markup=False)


def table():
    """An empty table in the house style."""
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)


def rounded(value, spread):
    """A number with the digits its spread leaves meaningful: two of the spread's own."""
    if value is None:
        return ""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if not spread:
        return _plain(value, 3)
    digits = math.floor(math.log10(abs(value))) - math.floor(math.log10(spread)) + 1
    return _plain(value, min(max(digits, 2), 5))


def _plain(value, digits):
    value = float(f"{value:.{digits}g}")
    exponent = math.floor(math.log10(abs(value)))
    if -4 <= exponent < 7:
        return f"{value:,.{max(0, digits - 1 - exponent)}f}"
    return f"{value:.{digits - 1}e}"


def interval(value, low, high):
    """A value with its 95 % interval."""
    if value is None:
        return ""
    if low is None or high is None:
        return rounded(value, None)
    if low == high:
        return rounded(value, None)
    spread = (high - low) / 2
    return f"{rounded(value, spread)} ({rounded(low, spread)}–{rounded(high, spread)})"


def seconds(value):
    """A duration as people say it."""
    if value < 90:
        return f"{max(1, round(value))} s"
    if value < 5400:
        return f"{round(value / 60)} min"
    return f"{value / 3600:.1f} h"


def duration(value):
    """Seconds in the unit that suits them."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{_plain(value / size, 3)} {unit}"
    return f"{rounded(1e9 * value, None)} ns"


def count(number, noun):
    """A number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
