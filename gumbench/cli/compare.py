"""`gumbench compare`: which estimator, at which budget, and what that rests on."""

import json
import shlex
from typing import Annotated

import typer

from gumbench.cli import amounts, complete, screen
from gumbench.errors import InputError

EXAMPLE = "Example: gumbench compare --cost-of-f 2ms --cost-of-gradient 5ms"


def compare(
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN", show_default="newest run", autocompletion=complete.runs),
    ] = None,
    cost: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT",
            help="What an estimate costs: its evaluations, the time measured, or estimates.",
            show_default="evaluations",
        ),
    ] = None,
    cost_of_f: Annotated[
        str | None, typer.Option(metavar="TIME", help="What f takes in your own model: 2ms.")
    ] = None,
    cost_of_gradient: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="What f with its gradient takes there: 5ms."),
    ] = None,
    gradient_cost: Annotated[
        str | None,
        typer.Option(metavar="W", help="∂f/∂x costs as much as W of f.", show_default="3"),
    ] = None,
    batched: Annotated[
        bool,
        typer.Option("--batched", help="All evaluations of one estimate run at once, as one."),
    ] = False,
    reuse: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Estimates made at one θ, which share the cost of preparing for it.",
            show_default="1000",
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="BUDGET", help="Of a step: 64evaluations, or 5ms.", show_default="all"
        ),
    ] = None,
    by: Annotated[
        str,
        typer.Option(metavar="ERROR", help="direction (after the best step size) or error."),
    ] = "direction",
    oracles: Annotated[
        bool, typer.Option("--oracles", help="Let those win that rest on what nobody has.")
    ] = False,
    every_temperature: Annotated[
        bool, typer.Option("--every-temperature", help="Show all, not the best one of each.")
    ] = False,
    where: Annotated[
        list[str] | None, typer.Option(metavar="CONDITION", help="column=value; several must hold.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparisons as JSON.")] = False,
    fail_above: Annotated[str | None, typer.Option(hidden=True)] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
):
    """Say which estimator of a run to use, at which budget of a step.

    Averaging as many estimates as the budget pays for leaves an error of the gradient: bias and
    variance, as a share of its square. The direction error is what the best step size leaves.
    """
    from gumbench.report import ranking, summary
    from gumbench.report.cost import CostModel
    from gumbench.runs import run

    _only_one_run(runs or [], fail_above)
    price = CostModel(
        cost,
        amounts.number(gradient_cost, "gradient-cost"),
        amounts.time(cost_of_f, "cost-of-f"),
        amounts.time(cost_of_gradient, "cost-of-gradient"),
        batched,
        amounts.number(reuse, "reuse"),
    )
    results = run.load(runs[0] if runs else run.newest())
    comparisons = ranking.compare(
        results.records,
        price,
        budget=amounts.budget(budget, price),
        by=by,
        oracles=oracles,
        where=where or [],
    )
    if as_json:
        screen.write(json.dumps([c.plain() for c in comparisons], indent=1, allow_nan=False) + "\n")
        return
    if results.unfinished:
        screen.output().print(f"{results.unfinished}\n", markup=False)
    for comparison in comparisons:
        screen.show(summary.of_comparison(comparison, every_temperature))


def _only_one_run(runs, fail_above):
    if len(runs) > 1 or fail_above is not None:
        two = shlex.join(runs[:2]) if len(runs) > 1 else "BEFORE AFTER"
        gate = f" --fail-above {fail_above}" if fail_above else ""
        raise InputError(f"compare takes one run; for two: gumbench diff {two}{gate}")
