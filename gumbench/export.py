"""Tables as CSV, JSON, Markdown and LaTeX."""

import json
import re

from gumbench import rows, tables
from gumbench.errors import unknown

# What a reader of a paper wants to see, where no columns are asked for.
SHORT = {
    "variance": (
        *("problem", "dimension", "part", "estimator", "temperature", "inner_samples"),
        *("evaluations", "gradient_evaluations", "variance", "variance_low", "variance_high"),
        *("bias_norm", "bias_low", "bias_high", "truth_norm"),
    )
}
LATEX = {c: f"\\{c}" for c in "&%_#${}"} | {"∂": r"$\partial$", "∇": r"$\nabla$"}


def export(results, table="variance", style="csv", *, columns=(), conditions=(), every=False):
    """A table of some results as text.

    table : name of a table; style : csv, json, markdown or latex
    columns : names or globs; by default all of them in CSV and JSON, a short list elsewhere
    conditions : `column=value` texts, all of which must hold
    every : every temperature; Markdown and LaTeX show the best one of each estimator otherwise

    Raises InputError for names that are not there and where nothing is left.
    """
    if style not in STYLES:
        raise unknown("format", style, list(STYLES), "gumbench export --help")
    if table not in tables.names():
        raise unknown("table", table, tables.names(), "gumbench export --help")
    kept = rows.where(table, results.rows(table), conditions)
    paper = style in ("markdown", "latex")
    if paper and not every and table == "variance":
        kept = rows.best_temperatures(kept)
    chosen = columns or (SHORT.get(table, ()) if paper else ())
    return STYLES[style](kept, rows.columns(table, chosen))


def _json(kept, columns):
    return json.dumps([{c: row[c] for c in columns} for row in kept], indent=1) + "\n"


def _shown(value):
    """A cell for a reader: four significant digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _markdown(kept, columns):
    lines = [columns, ["---"] * len(columns)]
    lines += [[_shown(row[c]).replace("|", r"\|") for c in columns] for row in kept]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _escaped(text):
    power = re.fullmatch(r"(-?[\d.]+)e([+-]\d+)", text)
    if power:
        return rf"${power[1]} \cdot 10^{{{int(power[2])}}}$"
    return "".join(LATEX.get(c, c) for c in text)


def _latex(kept, columns):
    numeric = [any(isinstance(row[c], int | float) for row in kept) for c in columns]
    kinds = "".join("r" if number else "l" for number in numeric)
    lines = [[_escaped(_shown(row[c])) for c in columns] for row in kept]
    head = [_escaped(c.replace("_", " ")) for c in columns]
    return (
        "\n".join(
            [
                rf"\begin{{tabular}}{{{kinds}}}",
                r"\toprule",
                " & ".join(head) + r" \\",
                r"\midrule",
                *(" & ".join(line) + r" \\" for line in lines),
                r"\bottomrule",
                r"\end{tabular}",
            ]
        )
        + "\n"
    )


STYLES = {"csv": tables.to_csv, "json": _json, "markdown": _markdown, "latex": _latex}
