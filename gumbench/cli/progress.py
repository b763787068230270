"""Progress of `gumbench sweep` on stderr: its plan, a bar, notes, and the last words."""

import sys
import time

from gumbench import text
from gumbench.cli import screen
from gumbench.machine import cores, version

# A share of the time that is worth a word.
TRUTH_SHARE_SHOWN = 0.3


class TerminalMonitor:
    """A run's monitor (see gumbench.runs.monitor.Monitor) that writes to a terminal or a file."""

    def __init__(self, quiet=False):
        self.quiet = quiet
        self.err = screen.errors()
        self.bar = None
        self.finished = 0
        self.total = 0
        self.path = None

    def say(self, message):
        """A line on stderr, unless quiet."""
        if not self.quiet:
            self.err.print(message, markup=False)

    def header(self, name, spec):
        """Before anything slow is imported."""
        self.say(f"gumbench {version()} · {name} · seed {spec.seed} · {cores()} cores")

    def cells(self, plan, notes):
        """When the grid is known."""
        for note in notes:
            self.note(note)
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
        if truth > TRUTH_SHARE_SHOWN * sum(seconds):
            words += f", of which {text.seconds(truth)} find the truth (--truth-estimates)"
        if seconds:
            self.say(words)
        if self.bar:
            self.bar.reset(self.task, total=sum(seconds))

    def note(self, note):
        """A note, unless quiet."""
        if not self.quiet:
            screen.say(note)

    def stage(self, words):
        """What is done beside making estimates."""
        if self.bar:
            self.bar.update(self.task, description=f"{words or self.words:<52}"[:52])

    def start(self, number, cells):
        """A pass begins."""
        self.number = number
        if self.bar:
            cell = cells[0]
            doing = "timing  " if cell.measurement != "variance" else ""
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
