"""`gumbench compare`: which estimator, at what cost; is the difference real."""

import dataclasses
import json
import math
import re
from typing import Annotated

import typer

from gumbench.cli import complete, screen
from gumbench.errors import InputError

EXAMPLE = "Example: gumbench compare --cost-of-f 2ms --where problem=categorical-vae"
SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0}
AMOUNT = re.compile(r"^\s*([\d.]+(?:[eE][+-]?\d+)?)\s*([a-zµ]+)\s*$")


def compare(
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN ...", show_default="newest run", autocompletion=complete.runs),
    ] = None,
    cost: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT",
            help="Cost of an estimate: time, evaluations or estimates.",
            show_default="time where measured",
        ),
    ] = None,
    cost_of_f: Annotated[
        str | None, typer.Option(metavar="TIME", help="What f takes in your own model: 2ms.")
    ] = None,
    gradient_cost: Annotated[
        str | None,
        typer.Option(metavar="W", help="∂f/∂x costs as much as W of f.", show_default="3"),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="BUDGET", help="Rank all by error at 64evaluations or 5ms a step."),
    ] = None,
    reference: Annotated[
        str | None, typer.Option(metavar="NAME", help="Count break-evens in its estimates.")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(metavar="CONDITION", help="column=value; several must hold.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
    fail_above: Annotated[
        str | None,
        typer.Option(metavar="PERCENT", help="Of runs: status 1 where a variance grew more."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
):
    """Rank estimators by variance × cost, and say up to where biased ones are ahead.

    Of several runs, the variances are compared cell by cell with those of the first.
    """
    from gumbench import compare as comparing
    from gumbench import registry, run

    if reference is not None:
        reference = registry.one("estimators", reference)
    facts = {"seconds_of_f": _time(cost_of_f)}
    if gradient_cost is not None:
        facts["gradient_cost"] = _number(gradient_cost, "gradient-cost")
    given = {"budget": budget, "reference": reference, "cost": cost, "cost-of-f": cost_of_f}
    if len(runs or []) > 1:
        _only_of_one_run(given | {"gradient-cost": gradient_cost})
    price = comparing.Cost("evaluations" if cost is None else cost, **facts)
    limit = _percent(fail_above)
    loaded = [run.load(path) for path in runs or [run.newest()]]
    if cost is None:
        price = comparing.measured_cost(loaded[0], **facts)
    if len(loaded) > 1:
        raise typer.Exit(_changes(loaded, where or [], as_json, limit))
    if limit is not None:
        raise InputError("--fail-above compares runs: give two or more")
    found = comparing.compare(
        loaded[0], price, reference, _budget(budget, price), conditions=where or []
    )
    if as_json:
        typer.echo(json.dumps([_plain(c) for c in found], indent=1))
    else:
        _print(found)


def _only_of_one_run(given):
    for name, value in given.items():
        if value is not None:
            raise InputError(f"--{name} ranks the estimators of one run: give one, or leave it out")


def _number(text, name):
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"--{name} {text!r}: give a number") from None
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"--{name} {text}: give a number from 0")
    return value


def _amount(text, name, units, example):
    match = AMOUNT.match(text)
    if not match or match[2] not in units:
        raise InputError(f"--{name} {text!r}: give a number with its unit, such as {example}")
    value = _number(match[1], name) * units[match[2]]
    if value <= 0:
        raise InputError(f"--{name} {text}: give more than 0")
    return value


def _time(text):
    return None if text is None else _amount(text, "cost-of-f", SECONDS, "2ms")


def _percent(text):
    if text is None:
        return None
    return _number(text.strip().removesuffix("%"), "fail-above") / 100


def _budget(text, price):
    """A budget in the cost's own unit."""
    if text is None:
        return None
    if price.seconds_of_f:
        units = SECONDS | {"evaluations": price.seconds_of_f}
        return _amount(text, "budget", units, "5ms or 64evaluations")
    if price.unit == "time":
        return _amount(text, "budget", SECONDS, "5ms, or 64evaluations with --cost evaluations")
    match = AMOUNT.match(text)
    if match and match[2] in SECONDS:
        raise InputError(f"--budget {text}: a time needs --cost time, or --cost-of-f")
    return _amount(text, "budget", {price.unit: 1.0}, f"64{price.unit}")


def _finite(value):
    """The same in JSON types: infinite numbers as null."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items() if k != "batch_variances"}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(comparison):
    found = _finite(dataclasses.asdict(comparison))
    best = comparison.best
    found["cost"]["gradient_cost"] = comparison.cost.price_of_gradient
    return found | {
        "best": best.name if best else None,
        "cannot_be_told_apart": [c.name for c in comparison.ties],
    }


def _print(comparisons):
    out = screen.output()
    for comparison in comparisons:
        out.print(_title(comparison), style="bold", soft_wrap=True, highlight=False, markup=False)
        out.print(_table(comparison))
        for line in _verdict(comparison):
            out.print(line, highlight=False, markup=False, soft_wrap=True)
        for note in comparison.notes():
            screen.say(note)
        out.print()


def _title(comparison):
    from gumbench import registry

    symbol = registry.symbol(comparison.problem)
    unit = comparison.cost.name
    if unit == "evaluations":
        unit += f" of f (∇f counts {comparison.cost.price_of_gradient:g})"
    title = f"{comparison.problem} · {symbol} = {comparison.dimension} · gradient in "
    title += f"{comparison.part}\n{comparison.settings}".rstrip()
    return title + f"\nwork is variance × cost, cost in {unit}"


def _table(comparison):
    table = screen.table()
    table.add_column("candidate", no_wrap=True)
    table.add_column("cost", justify="right")
    table.add_column("work", justify="right")
    table.add_column("to the best", overflow="fold")
    table.add_column("bias, %")
    if comparison.budget is not None:
        table.add_column("error at budget", justify="right")
    else:
        table.add_column("ahead below")
    for c in comparison.candidates:
        row = [c.name, _cost(comparison, c), f"{c.work:.3g}", _ratio(comparison, c), _bias(c)]
        table.add_row(*row, _ahead(c) if comparison.budget is None else _error(c))
    return table


def _cost(comparison, candidate):
    if comparison.cost.name == "seconds":
        return screen.duration(candidate.cost)
    return f"{candidate.cost:.4g}"


def _ratio(comparison, candidate):
    if candidate is comparison.best:
        return "best unbiased"
    if candidate.exact:
        return "no variance"
    ratio = candidate.to_best
    if ratio is None or not math.isfinite(ratio.value):
        return ""
    return screen.interval(ratio.value, ratio.low, ratio.high)


def _bias(candidate):
    if candidate.unbiased:
        return "unbiased"
    if not candidate.truth_norm or candidate.bias_norm is None:
        return ""
    norms = candidate.bias_norm, candidate.bias_low, candidate.bias_high
    norm, low, high = (100 * b / candidate.truth_norm for b in norms)
    return f"{screen.rounded(norm, (high - low) / 2)} ± {(high - low) / 2:.1g}"


def _error(candidate):
    return f"{candidate.mse:.4g}" if math.isfinite(candidate.mse) else "beyond the budget"


def _ahead(candidate):
    if candidate.break_even is None:
        return ""
    if candidate.break_even == 0:
        return "never"
    if math.isinf(candidate.break_even_low):
        return "always"
    low = screen.rounded(candidate.break_even_low, None)
    if not math.isfinite(candidate.break_even):
        return f"at least {low}"
    high = candidate.break_even_high
    upper = screen.rounded(high, None) if math.isfinite(high) else "∞"
    return f"{screen.rounded(candidate.break_even, None)} ({low}–{upper})"


def _verdict(comparison):
    best, reference = comparison.best, comparison.reference
    exact = [c.name for c in comparison.candidates if c.unbiased and c.exact]
    if exact:
        yield f"Without variance here: {', '.join(exact)}."
    if best is None:
        yield "No other unbiased candidate."
        return
    yield f"Best unbiased: {best.name}."
    if comparison.ties:
        yield f"Cannot be told apart from it: {', '.join(c.name for c in comparison.ties)}."
    ahead = [c for c in comparison.candidates if c.break_even]
    if ahead:
        first = max(ahead, key=lambda c: c.break_even_low or 0.0)
        if math.isinf(first.break_even_low):
            limit = "For any number of"
        else:
            number = screen.rounded(first.break_even_low, None)
            limit = f"For fewer than {number} {reference.name} estimates' worth of"
        yield f"{limit} {comparison.cost.name} a step: {first.name}."
    if comparison.budget is not None:
        least = comparison.candidates[0]
        yield f"Least error at the budget: {least.name}."


def _changes(runs, conditions, as_json, limit):
    """Print the ratios of the variances of runs to those of the first; the status of the gate."""
    from gumbench import compare as comparing

    first, *others = runs
    found = {other.path: comparing.changes(first, other, conditions) for other in others}
    if as_json:
        plain = [
            {"run": str(path), **_finite(dataclasses.asdict(change))}
            for path, changes in found.items()
            for change in changes
        ]
        typer.echo(json.dumps(plain, indent=1))
    else:
        for other in others:
            for note in comparing.machine_notes(first, other):
                screen.say(note)
            _print_changes(f"{other.path} against {first.path}", found[other.path])
    grown = [
        c
        for changes in found.values()
        for c in changes
        if limit is not None and c.ratio.low > 1 + limit
    ]
    for c in grown:
        screen.errors().print(
            f"{c.problem} {c.dimension} {c.estimator}: variance grew by "
            f"{100 * (c.ratio.value - 1):.3g} %",
            highlight=False,
        )
    return 1 if grown else 0


def _print_changes(title, changes):
    out = screen.output()
    out.print(title, style="bold", highlight=False, markup=False, soft_wrap=True)
    table = screen.table()
    for name in (
        "problem",
        "dimension",
        "part",
        "estimator",
        "τ",
        "K",
        "ratio of variances (95 %)",
    ):
        table.add_column(name, overflow="fold")
    for c in changes:
        temperature = "" if c.temperature is None else f"{c.temperature:g}"
        ratio = screen.interval(c.ratio.value, c.ratio.low, c.ratio.high)
        apart = "" if c.ratio.apart else "  cannot be told apart"
        names = c.problem, str(c.dimension), c.part, c.estimator, temperature
        table.add_row(*names, str(c.inner_samples or ""), ratio + apart)
    out.print(table)
