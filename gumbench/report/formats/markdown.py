"""Markdown: a pipe table, numbers to the right."""

from gumbench.report.text_table import Table

TAKES = "table"


def text(table: Table) -> str:
    """The title, a paragraph a line, and the table."""
    heads = [column.header for column in table.columns]
    rules = ["---:" if column.right else "---" for column in table.columns]
    above = "".join(f"{line}\n\n" for line in table.title)
    cells = ([cell.replace("|", r"\|") for cell in line] for line in [heads, rules, *table.rows])
    return above + "".join(f"| {' | '.join(line)} |\n" for line in cells)
