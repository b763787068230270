"""`gumbench throughput`: how fast samplers are, here and in other libraries, and the machine."""

from typing import Annotated

import typer

from gumbench.cli import computing
from gumbench.cli.computing import names
from gumbench.errors import InputError

EXAMPLE = "Example: gumbench throughput --jobs draws --dimensions 10,1000 --peers numpy,torch"

CALIBRATED = "2,10,32,100,320,1000,10000,50257", "1,4,16,64,256,1024,4096,16384,65536"


def throughput(
    jobs: Annotated[
        str | None,
        typer.Option(
            "--jobs",
            "--job",
            metavar="NAMES",
            help="What is done: words, fill, draws, concrete, estimates, roof; all by default.",
        ),
    ] = None,
    samplers: computing.Samplers = None,
    peers: Annotated[
        str | None,
        typer.Option(
            "--peers",
            metavar="NAMES",
            help="Other libraries: numpy,scipy,torch,jax,mkl,vose, or none; those installed "
            "by default.",
        ),
    ] = None,
    dimensions: Annotated[
        str | None,
        typer.Option(
            "--dimensions",
            "--dimension",
            metavar="NUMBERS",
            help="Numbers of categories: 10,1000, or 8 evenly by ratio: 2:1e6:8log.",
        ),
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBERS", help="Rows of logits that are drawn from; with --draws, else usual."
        ),
    ] = None,
    draws: Annotated[str | None, typer.Option(metavar="NUMBERS", help="Draws of each row.")] = None,
    dtypes: Annotated[
        str | None,
        typer.Option("--dtypes", "--dtype", metavar="TYPES", help="float32, float64, or both."),
    ] = None,
    threads: Annotated[
        str | None,
        typer.Option(metavar="NUMBERS", help="Threads of every library, by its own switch: 1,2."),
    ] = None,
    logits: Annotated[
        str | None,
        typer.Option(
            metavar="LAWS",
            help="What logits are like: normal, uniform, zipf, peaked, or rows of a FILE.npy.",
        ),
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate",
            help="Time samplers at shapes from 2 to 50,257 categories and 1 to 65,536 draws, and "
            "hold what the functions choose by themselves against the fastest.",
        ),
    ] = False,
    output: computing.Output = None,
    force: computing.Force = False,
    dry_run: computing.DryRun = False,
    quiet: computing.Quiet = False,
    debug: computing.Debug = False,
):
    """Time random words, Gumbels, samplers and estimators, of gumbench and of other libraries.

    What is timed is first held against the law it should have. The machine's own limit stands
    beside it.
    """
    from gumbench.cli.progress import TerminalMonitor
    from gumbench.spec import numbers, schema
    from gumbench.types import JOB_KINDS

    computing.check_folder(output)

    def listed(text, name):
        return None if text is None else numbers.numbers(text, name, int)[0]

    if calibrate:
        axes = jobs, samplers, peers, dimensions, rows, draws, dtypes, threads, logits
        if any(text is not None for text in axes):
            raise InputError("--calibrate has shapes of its own: give it alone")
        samplers, peers, dimensions = "inverse-cdf,guide-table,alias", "none", CALIBRATED[0]
        rows, draws = "16", CALIBRATED[1]
    on_threads = listed(threads, "threads")
    if on_threads and min(on_threads) < 1:
        raise InputError(f"--threads {threads}: give 1 or more")
    found, notes = _peers(peers)
    grid = {
        "jobs": names(jobs, "jobs") or (["draws"] if samplers else list(JOB_KINDS)),
        "samplers": names(samplers, "samplers"),
        "peers": found,
        "dimensions": listed(dimensions, "dimensions"),
        "rows": listed(rows, "rows"),
        "draws": listed(draws, "draws"),
        "dtypes": names(dtypes, "dtypes"),
        "on_threads": on_threads,
        "logits": names(logits, "logits"),
    }
    given = {k: v for k, v in grid.items() if v is not None}
    data = {"grid": [given], "measurements": ["throughput"]}
    spec = schema.checked_spec(data, "throughput")
    monitor = TerminalMonitor(quiet)
    monitor.header("throughput", spec)

    def work():
        from gumbench.cli import sweep_report
        from gumbench.runs import plan, run

        folder = output or plan.default_folder("throughput", spec)
        planned = plan.plan(spec, folder, tuple(given), force)
        monitor.cells(planned, [*notes, *planned.notes])
        if dry_run:
            return 0
        results = run.run(planned, monitor)
        sweep_report.show_times(results, monitor, calibrate)
        return sweep_report.exit_status(results.records)

    raise typer.Exit(computing.interruptible(work, monitor))


def _peers(given):
    """Libraries that take part, and Notes on those asked for that are not installed."""
    from gumbench import peers
    from gumbench.diagnostics import Note
    from gumbench.measure.throughput import OWN

    others = [name for name in peers.names() if name != OWN]
    if given is None:
        return [name for name in others if peers.is_installed(name)], []
    wanted = [] if given.strip() == "none" else names(given, "peers")
    missing = [name for name in wanted if not peers.is_installed(name)]
    notes = [
        Note("missing-peer", f"{name} is not installed and left out", peers.library(name).INSTALL)
        for name in missing
    ]
    return [name for name in wanted if name not in missing], notes
