"""Titled tables of texts, of which a screen, a report or a paper makes what it shows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """A column of a table.

    header : with \\n between its lines; group : what it has in common with its neighbours
    right : its cells end in line, as numbers do; wrap : they may be broken into lines
    keep : where there is no room, columns of lower numbers are left out first
    """

    header: str
    right: bool = False
    keep: int = 9
    group: str = ""
    wrap: bool = False


@dataclass(frozen=True)
class Table:
    """Texts in columns, with lines above and below."""

    title: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    below: tuple[str, ...] = ()


def table(
    title: Iterable[str],
    columns: Iterable[tuple[Column, Callable[[Any], str]]],
    items: Iterable[Any],
    below: Iterable[str] = (),
) -> Table:
    """A Table of some things; columns without a text in any row are left out.

    columns : pairs of a Column and what makes a thing's text
    """
    texts = [(column, [make(item) for item in items]) for column, make in columns]
    shown = [(column, cells) for column, cells in texts if any(cells)]
    rows = zip(*(cells for _, cells in shown), strict=True)
    return Table(tuple(title), tuple(c for c, _ in shown), tuple(rows), tuple(below))


def number(name: str) -> Callable[..., Any]:
    """What makes the text of a row's number of that name; nothing for none."""
    return lambda row: f"{row[name]:,}" if row[name] else ""
