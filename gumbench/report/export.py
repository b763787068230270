"""Tables as CSV, JSON, Markdown and LaTeX."""

import json
import re
from collections.abc import Callable

from gumbench import text
from gumbench.errors import InputError, unknown
from gumbench.report import papers, query, tables
from gumbench.report.summary import Column, Table

LATEX = {c: f"\\{c}" for c in "&%_#${}"} | {
    **{"∂": r"$\partial$", "∇": r"$\nabla$", "τ": r"$\tau$", "±": r"$\pm$", "<": "$<$"},
    **{"–": "--", "∞": r"$\infty$", "θ": r"$\theta$", "×": r"$\times$", "·": r"$\cdot$"},
    **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"},
}
POWER = re.compile(r"(-?[\d.]+)e(-?\d+)")


def export(
    results,
    table="variance",
    style="csv",
    *,
    columns=(),
    conditions=(),
    best_temperature=False,
    down=None,
    across=None,
):
    """A table of some results as text.

    table : name of a table; style : csv, json, markdown or latex
    columns : names or globs; by default all of them in CSV and JSON, and elsewhere those a paper
        prints
    conditions : `column=value` texts, all of which must hold
    best_temperature : one temperature of each estimator, the best one as in `compare`
    down, across : columns whose values become lines and columns, in Markdown and LaTeX; `columns`
        then names the one in the cells

    Raises InputError for names that are not there and where nothing is left.
    """
    if style not in (*RAW, *PAPER):
        raise unknown("format", style, [*RAW, *PAPER], "gumbench export --help")
    if table not in tables.names():
        raise unknown("table", table, tables.names(), "gumbench export --help")
    there = results.rows(table)
    if not there:
        raise InputError(f"this run has no {table}: {_how_to_have(table, results)}")
    kept = query.where(table, there, conditions)
    if best_temperature and table == "throughput":
        raise InputError("--best-temperature goes with the tables variance and components")
    if best_temperature:
        best = papers.best_temperatures(results, conditions)
        kept = [row for row in kept if (row["cell"], row["part"]) in best]
    chosen = query.columns(table, columns)
    if style in RAW:
        if down or across:
            raise InputError(f"--down and --across go with markdown and latex, not with {style}")
        return RAW[style](kept, chosen)
    return PAPER[style](_for_a_paper(table, kept, chosen if columns else None, down, across))


def _how_to_have(table, results):
    ways = {
        "components": "sweep with --components",
        "throughput": "sweep without --no-throughput",
    }
    others = [name for name in tables.names() if results.rows(name)]
    return ways.get(table) or f"it has --table {' and '.join(others) or 'nothing'}"


def _for_a_paper(table, kept, chosen, down, across):
    if down or across:
        if table != "variance":
            raise InputError(f"--down and --across are for the table variance, not for {table}")
        if not (down and across):
            raise InputError("--down needs --across beside it, and --across needs --down")
        if chosen and len(chosen) > 1:
            raise InputError(f"--columns names the one in the cells: give one, not {len(chosen)}")
        done = _done(kept)
        return papers.pivot(done, down, across, *(chosen or ()))
    if table == "variance" and chosen is None:
        return papers.table(_done(kept))
    chosen = chosen or SHORT.get(table) or query.known_columns(table)
    numeric = [any(isinstance(row[c], int | float) for row in kept) for c in chosen]
    shown = (Column(c.replace("_", " "), n) for c, n in zip(chosen, numeric, strict=True))
    return Table((), tuple(shown), tuple(tuple(text.value(r[c]) for c in chosen) for r in kept))


def _done(kept):
    done = [row for row in kept if row["status"] == "done"]
    if not done:
        raise InputError("no row is done: there is nothing to print")
    return done


SHORT = {
    "throughput": (
        *("kind", "name", "problem", "dimension", "rows", "draws", "nanoseconds_per_draw"),
        *("nanoseconds_per_element", "fraction_of_roof", "check_p"),
    )
}


def _json(kept, columns):
    return json.dumps([{c: row[c] for c in columns} for row in kept], indent=1) + "\n"


def _markdown(table):
    heads = [column.header for column in table.columns]
    rules = ["---:" if column.right else "---" for column in table.columns]
    lines = [heads, rules, *table.rows]
    above = "".join(f"{line}\n\n" for line in table.title)
    cells = ([cell.replace("|", r"\|") for cell in line] for line in lines)
    return above + "".join(f"| {' | '.join(line)} |\n" for line in cells)


def _escaped(words):
    """A text for LaTeX, its numbers with powers of ten."""
    parts = POWER.split(words)
    found = ["".join(LATEX.get(c, c) for c in parts[0])]
    for number, power, rest in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        found.append(rf"${number} \cdot 10^{{{int(power)}}}$")
        found.append("".join(LATEX.get(c, c) for c in rest))
    return "".join(found)


def _latex(table):
    kinds = "".join("r" if column.right else "l" for column in table.columns)
    heads = [_escaped(column.header) for column in table.columns]
    lines = [[_escaped(cell) for cell in row] for row in table.rows]
    return (
        "\n".join(
            [
                *(f"% {line}" for line in table.title),
                rf"\begin{{tabular}}{{{kinds}}}",
                r"\toprule",
                " & ".join(heads) + r" \\",
                r"\midrule",
                *(" & ".join(line) + r" \\" for line in lines),
                r"\bottomrule",
                r"\end{tabular}",
            ]
        )
        + "\n"
    )


RAW: dict[str, Callable] = {"csv": tables.to_csv, "json": _json}
PAPER: dict[str, Callable] = {"markdown": _markdown, "latex": _latex}
