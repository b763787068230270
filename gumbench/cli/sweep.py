"""`gumbench sweep`: the grid, and its tables."""

from typing import Annotated

import typer

from gumbench.cli import complete, computing
from gumbench.cli.computing import names
from gumbench.errors import InputError

EXAMPLE = "Example: gumbench sweep --problems categorical-quadratic --temperatures 0.1:2:6log"


def sweep(
    preset: Annotated[
        str | None,
        typer.Argument(
            metavar="PRESET|FILE.toml",
            help="What to sweep: a preset, or a file of yours.",
            show_default="lecture",
            autocompletion=complete.presets,
        ),
    ] = None,
    problems: Annotated[
        str | None,
        typer.Option(
            "--problems",
            "--problem",
            metavar="NAMES",
            help="Problems, separated by commas: names, globs, or your own FILE.py:NAME.",
            autocompletion=complete.problems,
        ),
    ] = None,
    estimators: Annotated[
        str | None,
        typer.Option(
            "--estimators",
            "--estimator",
            metavar="NAMES",
            help="Estimators: names, aliases, globs, tags (@score, @unbiased), or FILE.py:NAME.",
            autocompletion=complete.estimators,
        ),
    ] = None,
    samplers: computing.Samplers = None,
    dimensions: Annotated[
        str | None,
        typer.Option(
            "--dimensions",
            "--dimension",
            metavar="NUMBERS",
            help="Sizes of the problem: 4,16,64, or 10 evenly by ratio: 2:1024:10log.",
        ),
    ] = None,
    temperatures: Annotated[
        str | None,
        typer.Option(
            "--temperatures",
            "--temperature",
            metavar="NUMBERS",
            help="Temperatures of relaxations: 0.5,1, or 10 evenly spaced: 0.1:1:10lin.",
        ),
    ] = None,
    inner_samples: Annotated[
        str | None,
        typer.Option(
            "--inner-samples",
            metavar="NUMBERS",
            help="How many samples one estimate averages inside (K).",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="SETTING",
            help="Values of a setting (see explain), swept: [NAME.]skew=0,1,2; repeatable.",
        ),
    ] = None,
    estimates: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="How many estimates are made of each gradient.",
            show_default="1000000",
        ),
    ] = None,
    truth_estimates: Annotated[
        str | None,
        typer.Option(
            metavar="N", help="Estimates for the reference gradient where it has no exact form."
        ),
    ] = None,
    seed: Annotated[
        str | None,
        typer.Option(
            metavar="N", help="Seed of all random numbers, 0 to 2^64 - 1.", show_default="0"
        ),
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(metavar="TYPE", help="Floating-point type: float32 or float64.")
    ] = None,
    threads: Annotated[
        str | None, typer.Option(metavar="N", help="Threads to use; results do not depend on them.")
    ] = None,
    output: computing.Output = None,
    force: computing.Force = False,
    dry_run: computing.DryRun = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first cell that fails.")
    ] = False,
    components: Annotated[
        bool | None,
        typer.Option(
            "--components", help="Also write components.csv: mean and variance of every component."
        ),
    ] = None,
    exact: Annotated[
        bool | None,
        typer.Option(
            "--exact", help="Exact bias and variance, too, where their sums have up to 2^24 terms."
        ),
    ] = None,
    trust: Annotated[
        bool | None,
        typer.Option("--trust", help="Do not try your own code on a few points before it runs."),
    ] = None,
    no_throughput: Annotated[
        bool, typer.Option("--no-throughput", help="Measure variance alone, no times.")
    ] = False,
    quiet: computing.Quiet = False,
    debug: computing.Debug = False,
):
    """Measure bias and variance of gradient estimators over a grid.

    The same command again runs only what is missing. Results do not depend on --threads.
    """
    from gumbench.cli.progress import TerminalMonitor
    from gumbench.diagnostics import Note
    from gumbench.spec import numbers, schema

    computing.check_folder(output)
    notes = []

    def listed(text, name, kind=float):
        if text is None:
            return None
        values, note = numbers.numbers(text, name, kind)
        notes.extend([Note("equal-values", note)] if note else [])
        return values

    def number(text, name):
        if text is None:
            return None
        try:
            values = listed(text, name, int)
        except InputError as error:
            message = str(error).replace("give 4,16,64 or a range", "give 1000000, 1e6 or 1M")
            raise InputError(message) from None
        if len(values) != 1:
            raise InputError(
                f"--{name}: {text!r} is more than one number; 1000000, 1e6 or 1M is one"
            )
        return values[0]

    flags = {
        "problems": names(problems, "problems"),
        "estimators": names(estimators, "estimators"),
        "samplers": names(samplers, "samplers"),
        "dimensions": listed(dimensions, "dimensions", int),
        "temperatures": listed(temperatures, "temperatures"),
        "inner_samples": listed(inner_samples, "inner-samples", int),
        "settings": numbers.settings(settings or []) or None,
        "estimates": number(estimates, "estimates"),
        "truth_estimates": number(truth_estimates, "truth-estimates"),
        "seed": number(seed, "seed"),
        "dtype": dtype,
        "threads": number(threads, "threads"),
        "components": components,
        "exact": exact,
        "trust": trust,
        "measurements": ["variance"] if no_throughput else None,
    }
    monitor = TerminalMonitor(quiet)
    data, name = schema.load_spec_data("lecture" if preset is None else preset)
    if (problems or samplers) and preset is None:
        name = "sweep"
    spec = schema.checked_spec(schema.merge(data, flags), preset or name)
    monitor.header(name, spec)

    def work():
        from gumbench.cli import sweep_report
        from gumbench.runs import plan, run

        typed = tuple(k for k, v in flags.items() if v is not None)
        folder = output or plan.default_folder(name, spec)
        planned = plan.plan(spec, folder, typed, force)
        monitor.cells(planned, [*notes, *_wanted(planned.notes, preset, typed)])
        if dry_run:
            return 0
        results = run.run(planned, monitor, fail_fast)
        sweep_report.show(results, monitor, _typed(flags))
        return sweep_report.exit_status(results.records)

    raise typer.Exit(computing.interruptible(work, monitor))


# What a preset asks of problems and estimators that have it not is nothing a user has asked.
OF_PRESETS = {"dimension": "dimensions", "inner-samples": "inner_samples"}


def _wanted(notes, preset, typed):
    """Notes on what was asked for by hand or in a file of the user's."""
    from gumbench.spec import schema

    shipped = preset in (None, *schema.preset_names())
    return [n for n in notes if not shipped or OF_PRESETS.get(n.code, n.code) in (*typed, n.code)]


def _typed(flags):
    """Flags that were given, with values as they are typed."""
    texts = {k: ",".join(map(str, v)) if isinstance(v, list) else v for k, v in flags.items()}
    return {k: v for k, v in texts.items() if v is not None}
