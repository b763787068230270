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
        typer.Argument(
            metavar="RUN",
            help="Folder of a run.",
            show_default="newest run",
            autocompletion=complete.runs,
        ),
    ] = None,
    cost: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT",
            help="Unit of cost: evaluations (of f), time (measured here) or estimates (1 each).",
            show_default="evaluations",
        ),
    ] = None,
    cost_of_f: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Time of one evaluation of f in your own model, such as 2ms."
        ),
    ] = None,
    cost_of_gradient: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Time of f and ∂f/∂x together in your model, such as 5ms; beside --cost-of-f.",
        ),
    ] = None,
    gradient_cost: Annotated[
        str | None,
        typer.Option(
            metavar="W",
            help="Cost of one ∂f/∂x in evaluations of f; not with --cost-of-gradient.",
            show_default="3",
        ),
    ] = None,
    batched: Annotated[
        bool,
        typer.Option(
            "--batched",
            help="All evaluations of one estimate cost as one: your model runs them as a batch.",
        ),
    ] = False,
    reuse: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Estimates made at one θ: tables and baselines of that θ are paid once for all.",
            show_default="1000",
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="BUDGET",
            help="What a step may cost: 64, or 5ms with --cost time or --cost-of-f.",
            show_default="all",
        ),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            metavar="ERROR",
            help="Rank by direction (error left after the best step size) or error (squared).",
        ),
    ] = "direction",
    oracles: Annotated[
        bool,
        typer.Option(
            "--oracles",
            help="Let estimators win that use what nobody knows in practice, such as E f.",
        ),
    ] = False,
    every_temperature: Annotated[
        bool,
        typer.Option(
            "--every-temperature",
            help="Show every temperature, not the best one of each estimator.",
        ),
    ] = False,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Only rows with column=value; globs, and 'dimension>4' in quotes; repeatable.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the comparisons as JSON, errors on stderr.")
    ] = False,
    fail_above: Annotated[str | None, typer.Option(hidden=True)] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the Python traceback of an error.")
    ] = False,
):
    """Say which estimator of a run to use, at which budget of a step.

    Averaging as many estimates as the budget pays for leaves an error of the gradient: bias and
    variance, as a share of its square. The direction error is what the best step size leaves.
    """
    from gumbench.report import ranking, summary
    from gumbench.report.cost import CostModel
    from gumbench.runs import folders

    _only_one_run(runs or [], fail_above)
    price = CostModel(
        cost,
        amounts.number(gradient_cost, "gradient-cost"),
        amounts.time(cost_of_f, "cost-of-f"),
        amounts.time(cost_of_gradient, "cost-of-gradient"),
        batched,
        amounts.number(reuse, "reuse"),
    )
    results = folders.load(runs[0] if runs else folders.newest())
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
