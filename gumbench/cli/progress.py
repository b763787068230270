"""Output of `gumbench sweep`: plan and progress on stderr, tables of results on stdout."""

import sys
import time

from gumbench import diagnostics, text
from gumbench.cli import screen
from gumbench.machine import cores, version

# A share of the time that is worth a word.
MUCH = 0.3


class Screen:
    """A run's monitor (see gumbench.runs.monitor.Monitor) that writes to a terminal or a file."""

    def __init__(self, quiet=False):
        self.quiet = quiet
        self.err = screen.errors()
        self.out = screen.output()
        self.bar = None
        self.failed = self.lied = False
        self.finished = 0
        self.total = 0
        self.path = None

    def say(self, message):
        """A line on stderr, unless quiet."""
        if not self.quiet:
            self.err.print(message, markup=False)

    def _note(self, note):
        if not self.quiet:
            screen.say(note)

    def first_words(self, name, spec):
        """Said before anything slow is imported."""
        self.say(f"gumbench {version()} · {name} · seed {spec.seed} · {cores()} cores")

    def planned(self, plan, said):
        """When the grid is known. said: notes."""
        for note in said:
            self._note(note)
        self.path = plan.folder.path
        wanted = [c for c in plan.cells if not c.skipped]
        missing = sum(len(p) for p in plan.passes)
        line = f"{text.count(len(wanted), 'cell')}"
        if len(wanted) != missing:
            line += f", {len(wanted) - missing} of them done before"
        self.say(line)

    def plan(self, plan):
        """Start the bar."""
        self.total = sum(len(p) for p in plan.passes)
        self.began = time.monotonic()
        if self.quiet or not sys.stderr.isatty() or not self.total:
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=12),
            TextColumn("{task.fields[cells]}"),
            TimeRemainingColumn(),
            console=self.err,
            transient=True,
        )
        self.task = self.bar.add_task("", total=None, cells=f"0/{self.total}")
        self.bar.start()

    def compiling(self, begun, total):
        """So many functions are compiled, or being compiled."""
        if self.bar:
            self.bar.update(self.task, description=f"compiling, once: {begun} of {total}")

    def forecast(self, find):
        """How long it will take."""
        if self.quiet:
            return
        seconds, truth = find()
        self.expected = seconds
        words = f"about {text.seconds(sum(seconds))}"
        if truth > MUCH * sum(seconds):
            words += f", of which {text.seconds(truth)} find the truth (--truth-estimates)"
        if seconds:
            self.say(words)
        if self.bar:
            self.bar.reset(self.task, total=sum(seconds))

    def note(self, note):
        """A note while it runs."""
        self._note(note)

    def stage(self, words):
        """What is done beside making estimates."""
        if self.bar:
            self.bar.update(self.task, description=f"{words or self.words:<52}"[:52])

    def start(self, number, cells):
        """A pass begins."""
        self.number = number
        if self.bar:
            cell = cells[0]
            doing = "timing  " if cell.measurement.endswith("_time") else ""
            self.words = f"{doing}{cell.problem}{cell.sampler}  {cell.dimension}  {cell.estimator}"
            self.stage("")

    def progress(self, fraction):
        """So much of the pass is done."""
        if self.bar:
            done = sum(self.expected[: self.number]) + fraction * self.expected[self.number]
            self.bar.update(self.task, completed=done)

    def finish(self, records):
        """A pass is done and saved."""
        self.finished += len(records)
        for record in records:
            if record.status in ("error", "diverged"):
                name = f"{record.cell.problem} {record.cell.estimator}"
                self.err.print(f"{name}: {record.message}", markup=False)
        if self.bar:
            self.bar.update(self.task, cells=f"{self.finished}/{self.total}")

    def close(self):
        """Take the bar away."""
        if self.bar:
            self.bar.stop()
            self.bar = None

    def interrupted(self, command):
        """The last words after an interrupt."""
        self.close()
        kept = f"{self.finished} of {self.total} cells of this run are saved in {self.path}"
        self.err.print(
            f"Interrupted. {kept if self.total else 'Nothing was written'}.\n"
            f"To continue: {command}",
            markup=False,
        )

    def results(self, plan, results, given):
        """Tables on stdout, and where the rest is. given: flags typed, with their values."""
        from gumbench import registry
        from gumbench.report import summary

        self.close()
        self.failed = any(r.status in ("error", "diverged") for r in results.records)
        self.lied = any(
            registry.is_own("estimators", e) for e in diagnostics.rejected(results.records)
        )
        if not self.total:
            self.say("everything was done before; nothing was computed")
        if not self.quiet:
            for table in summary.of_sweep(results.records):
                screen.show(table)
        files = ", ".join(sorted(path.name for path in plan.folder.path.glob("*.csv")))
        records = results.records
        notes = [*diagnostics.of_records(records, given), *diagnostics.of_noisy_timing(records)]
        for note in [*notes, *_cache_notes()]:
            self._note(note)
        self.out.print(f"Wrote {plan.folder.path}/ ({files})", markup=False)
        self.say(f"reproducible columns: SHA-256 {_sha(results)[:16]}")
        self.say("Next: gumbench compare --cost-of-f 2ms     at your own cost of f")
        self.say("      gumbench export --format latex       any table, for a paper")


def _cache_notes():
    from gumbench.kernels.compiler import cache

    if cache.why_not():
        yield diagnostics.Note(
            "no-cache",
            f"compiled code cannot be kept ({cache.why_not()}), so every run compiles anew",
            "GUMBENCH_CACHE_DIR names another folder",
        )
    elif cache.elsewhere():
        place = cache.folder().parent
        yield diagnostics.Note(
            "other-cache", f"compiled code is kept in {place}: {cache.elsewhere()}"
        )


def _sha(results):
    from gumbench.report import tables

    name = "variance" if results.rows("variance") else "throughput"
    return tables.sha256(name, results.rows(name))
