"""Tables as lines of a width: fewer columns where there is no room, then one line a value.

A number is never cut or broken.
"""

import textwrap

from rich.cells import cell_len

GAP = "  "
LEAST_WRAPPED = 20
# Columns without which a table says nothing: a line a value is better.
NEEDED = 7


def lines_of(table, width):
    """The lines of a text_table.Table below its title, at most `width` wide where that can be."""
    columns, cells = list(table.columns), [list(row) for row in table.rows]
    while _least_width(columns, cells) > width:
        worst = min(range(len(columns)), key=lambda i: columns[i].keep)
        if columns[worst].keep >= NEEDED:
            yield from _stacked(table, width)
            return
        del columns[worst]
        for row in cells:
            del row[worst]
    yield from _drawn(columns, cells, width)
    if len(columns) < len(table.columns):
        names = ", ".join(name(column) for column in table.columns if column not in columns)
        yield from wrapped(f"left out at {width} columns: {names}", width)


def name(column):
    """The header of a column in one line."""
    return column.header.replace("\n", " ")


def wrapped_parts(text, width):
    """Parts with middle dots between, in lines that are broken there where that can be."""
    lines: list[str] = []
    for part in text.split(" · "):
        joined = f"{lines[-1]} · {part}" if lines else part
        if lines and cell_len(joined) <= width:
            lines[-1] = joined
        else:
            lines += wrapped(part, width)
    return lines


def wrapped(text, width):
    """A sentence in lines of a width; what is longer than it stays whole."""
    return textwrap.wrap(text, max(width, 1), break_long_words=False, break_on_hyphens=False) or [
        ""
    ]


def _widths(columns, cells):
    return [
        max(map(cell_len, [*column.header.split("\n"), *(row[i] for row in cells)]))
        for i, column in enumerate(columns)
    ]


def _least_width(columns, cells):
    widths = _widths(columns, cells)
    least = [
        min(width, LEAST_WRAPPED) if column.wrap else width
        for column, width in zip(columns, widths, strict=True)
    ]
    return sum(least) + len(GAP) * (len(columns) - 1)


def _drawn(columns, cells, width):
    widths = _widths(columns, cells)
    over = sum(widths) + len(GAP) * (len(columns) - 1) - width
    for i, column in enumerate(columns):
        if column.wrap and over > 0:
            narrower = max(min(LEAST_WRAPPED, widths[i]), widths[i] - over)
            over -= widths[i] - narrower
            widths[i] = narrower
    groups = _groups(columns, widths)
    if groups.strip():
        yield groups.rstrip()
    height = max(column.header.count("\n") for column in columns) + 1
    heads = [[""] * (height - len(h)) + h for h in (c.header.split("\n") for c in columns)]
    for texts in zip(*heads, strict=True):
        yield _line(texts, columns, widths)
    yield "─" * (sum(widths) + len(GAP) * (len(columns) - 1))
    for row in cells:
        parts = [
            wrapped(cell, w) if column.wrap else [cell]
            for cell, column, w in zip(row, columns, widths, strict=True)
        ]
        for number in range(max(map(len, parts))):
            line = [part[number] if number < len(part) else "" for part in parts]
            yield _line(line, columns, widths)


def _line(texts, columns, widths):
    padded = (
        (" " * (width - cell_len(text)) + text)
        if column.right
        else (text + " " * (width - cell_len(text)))
        for text, column, width in zip(texts, columns, widths, strict=True)
    )
    return GAP.join(padded).rstrip()


def _groups(columns, widths):
    """The line with what neighbouring columns have in common, ending where they end."""
    line = ""
    for i, column in enumerate(columns):
        last = i + 1 == len(columns) or columns[i + 1].group != column.group
        if column.group and last:
            end = sum(widths[: i + 1]) + len(GAP) * i
            line = line.ljust(max(end - len(column.group), len(line + GAP) if line else 0))
            line += column.group
    return line


def _stacked(table, width):
    """A row after the other, a line a value; words of a value go on in the next line."""
    for row in table.rows:
        yield row[0]
        for column, cell in zip(table.columns[1:], row[1:], strict=True):
            if cell:
                first, *rest = wrapped(f"{name(column)}: {cell}", width - 2 * len(GAP))
                yield GAP + first
                yield from (2 * GAP + line for line in rest)
