"""LaTeX: a tabular with the rules of booktabs."""

import re

from gumbench.report.text_table import Table

TAKES = "table"
SYMBOLS = {c: f"\\{c}" for c in "&%_#${}"} | {
    **{"∂": r"$\partial$", "∇": r"$\nabla$", "τ": r"$\tau$", "±": r"$\pm$", "<": "$<$"},
    **{"–": "--", "∞": r"$\infty$", "θ": r"$\theta$", "×": r"$\times$", "·": r"$\cdot$"},
    **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"},
}
POWER = re.compile(r"(-?[\d.]+)e(-?\d+)")


def _escaped(words: str) -> str:
    """A text for LaTeX, its numbers with powers of ten."""
    parts = POWER.split(words)
    escaped = ["".join(SYMBOLS.get(c, c) for c in parts[0])]
    for number, power, rest in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        escaped.append(rf"${number} \cdot 10^{{{int(power)}}}$")
        escaped.append("".join(SYMBOLS.get(c, c) for c in rest))
    return "".join(escaped)


def text(table: Table) -> str:
    """The table by booktabs, its title in comments."""
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
