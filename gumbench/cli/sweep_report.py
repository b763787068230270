"""What `gumbench sweep` prints when it is done: tables on stdout, notes and hints on stderr."""

from gumbench import diagnostics, registry
from gumbench.cli import screen
from gumbench.kernels.compiler import cache
from gumbench.report import summary, tables, times


def show(results, monitor, given):
    """Print the tables, notes and next commands of finished results.

    monitor : the TerminalMonitor of the run; given : flags typed, with their values
    """
    monitor.close()
    records, path = results.records, monitor.path
    if not monitor.total:
        monitor.say("everything was done before; nothing was computed")
    if not monitor.quiet:
        for table in summary.of_sweep(records):
            screen.show(table)
    files = ", ".join(sorted(file.name for file in path.glob("*.csv")))
    for note in (
        *diagnostics.of_records(records, given),
        *diagnostics.of_noisy_timing(records),
        *_cache_notes(),
    ):
        monitor.note(note)
    screen.output().print(f"Wrote {path}/ ({files})", markup=False)
    monitor.say(f"reproducible columns: SHA-256 {_sha(results)[:16]}")
    monitor.say("Next: gumbench compare --cost-of-f 2ms     at your own cost of f")
    monitor.say("      gumbench export --format latex       any table, for a paper")


def show_times(results, monitor, calibrate=False):
    """Print the tables of a run that measures times alone; calibrate: the choice of samplers."""
    monitor.close()
    if not monitor.total:
        monitor.say("everything was done before; nothing was measured")
    if not monitor.quiet:
        rows = results.rows("throughput")
        tables_of_jobs = (*times.of_jobs(rows), *times.of_scaling(rows))
        for table in [times.of_choices(rows)] if calibrate else tables_of_jobs:
            screen.show(table)
    for note in (*diagnostics.of_noisy_timing(results.records), *_cache_notes()):
        monitor.note(note)
    screen.output().print(f"Wrote {monitor.path}/ (throughput.csv)", markup=False)
    monitor.say("Next: gumbench export --table throughput     every number, with its interval")


def exit_status(records):
    """3 where a cell failed, 1 where a user's estimator is not what it claims to be, else 0."""
    if any(record.status in ("error", "diverged") for record in records):
        return 3
    rejected = diagnostics.rejected(records)
    return 1 if any(registry.is_external("estimators", name) for name in rejected) else 0


def _cache_notes():
    if reason := cache.unavailable_reason():
        yield diagnostics.Note(
            "no-cache",
            f"compiled code cannot be kept ({reason}), so every run compiles anew",
            "GUMBENCH_CACHE_DIR names another folder",
        )
    elif reason := cache.fallback_reason():
        place = cache.folder().parent
        yield diagnostics.Note("other-cache", f"compiled code is kept in {place}: {reason}")


def _sha(results):
    name = "variance" if results.rows("variance") else "throughput"
    return tables.sha256(name, results.rows(name))
