"""What a sweep says: first words, progress on stderr, tables on stdout."""

import sys
import time

from gumbench import notes
from gumbench.cli import screen as text
from gumbench.machine import cores, version

MOST_ROWS = 12


class Screen:
    """A run's monitor (see gumbench.run.Monitor) that writes to a terminal or a file."""

    def __init__(self, quiet=False):
        self.quiet = quiet
        self.err = text.errors()
        self.out = text.output()
        self.bar = None
        self.failed = False
        self.finished = 0
        self.total = 0
        self.path = None

    def say(self, message):
        """A line on stderr, unless quiet."""
        if not self.quiet:
            self.err.print(message, highlight=False, markup=False)

    def _note(self, note):
        if not self.quiet:
            text.say(note)

    def first_words(self, name, spec):
        """Said before anything slow is imported."""
        self.say(f"gumbench {version()} · {name} · seed {spec.seed} · {cores()} cores")

    def planned(self, plan, more):
        """Said when the grid is known. more: notes beside the plan's."""
        for note in [*more, *plan.notes]:
            self._note(note)
        self.path = plan.folder.path
        wanted = [c for c in plan.cells if not c.skipped]
        missing = sum(len(p) for p in plan.passes)
        self.expected = [_expected_seconds(p, plan.spec) for p in plan.passes]
        line = f"{text.count(len(wanted), 'cell')}"
        if len(wanted) != missing:
            line += f", {len(wanted) - missing} of them done before"
        if missing:
            line += f"; about {text.seconds(sum(self.expected))} once kernels are compiled"
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
        self.task = self.bar.add_task("", total=sum(self.expected), cells=f"0/{self.total}")
        self.bar.start()

    def compiling(self, begun, total):
        """So many functions are compiled, or being compiled."""
        if self.bar:
            self.bar.update(self.task, description=f"compiling, once: {begun} of {total}")

    def start(self, number, cells):
        """A pass begins."""
        self.number = number
        if self.bar:
            words = f"{cells[0].problem}  {cells[0].dimension}  {cells[0].estimator}"
            self.bar.update(self.task, description=f"{words:<52}"[:52])

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
                name = f"{record.cell['problem']} {record.cell['estimator']}"
                self.err.print(f"{name}: {record.message}", highlight=False, markup=False)
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
            highlight=False,
            markup=False,
        )

    def results(self, plan, results, given):
        """Tables on stdout, and where the rest is. given: flags typed, with their values."""
        self.close()
        self.failed = any(r.status in ("error", "diverged") for r in results.records)
        if not self.total:
            self.say("everything was done before; nothing was computed")
        rows = results.rows("variance")
        if not self.quiet:
            for group in _sampler_tables(results.rows("throughput")):
                self.out.print(_sampler_title(group[0]), style="bold", highlight=False)
                self.out.print(_sampler_table(group))
                self.out.print()
            for group in _tables(rows):
                self.out.print(_title(group), style="bold", soft_wrap=True, highlight=False)
                self.out.print(_table(group[:MOST_ROWS]))
                if len(group) > MOST_ROWS:
                    more = f"{len(group) - MOST_ROWS} more rows: gumbench export"
                    self.out.print(more, highlight=False)
                self.out.print(_verdict(group), highlight=False, markup=False, soft_wrap=True)
                self.out.print()
        files = ", ".join(sorted(path.name for path in plan.folder.path.glob("*.csv")))
        for note in notes.of_records(results.records, given):
            self._note(note)
        self.out.print(f"Wrote {plan.folder.path}/ ({files})", highlight=False, markup=False)
        self.say(f"reproducible columns: SHA-256 {_sha(results)[:16]}")
        self.say("Next: gumbench compare --cost-of-f 2ms     at your own cost of f")
        self.say("      gumbench export --format latex       any table, for a paper")


def _sha(results):
    from gumbench import tables

    name = "variance" if results.rows("variance") else "throughput"
    return tables.sha256(name, results.rows(name))


def _expected_seconds(cells, spec):
    from gumbench import measure

    return measure.expected_seconds(cells, spec.threads or cores())


def _tables(rows):
    """Rows of one table per problem and settings: its middle dimension, best temperatures."""
    groups: dict[tuple, list] = {}
    for row in rows:
        if row["status"] == "done":
            groups.setdefault((row["problem"], row["settings"], row["part"]), []).append(row)
    for group in groups.values():
        sizes = sorted({row["dimension"] for row in group})
        middle = [row for row in group if row["dimension"] == sizes[len(sizes) // 2]]
        best: dict[tuple, dict] = {}
        for row in middle:
            key = (row["estimator"], row["inner_samples"])
            if key not in best or row["mse"] < best[key]["mse"]:
                best[key] = row
        yield sorted(best.values(), key=lambda r: (not r["unbiased"], r["variance"]))


def _title(rows):
    from gumbench import registry

    first = rows[0]
    symbol = registry.symbol(first["problem"])
    return (
        f"{first['problem']} · {symbol} = {first['dimension']} · gradient in {first['part']}, norm "
        f"{text.rounded(first['truth_norm'], None)} by {first['truth']} · "
        f"{max(row['estimates'] for row in rows):,} estimates"
    )


def _table(rows):
    table = text.table()
    table.add_column("estimator", no_wrap=True)
    for name in ("τ", "f", "∇f"):
        table.add_column(name, justify="right")
    table.add_column("variance (95 %)")
    table.add_column("bias, % of gradient")
    timed = any(row["nanoseconds_per_estimate"] for row in rows)
    if timed:
        table.add_column("ns", justify="right")
    for row in rows:
        inner = f" (K = {row['inner_samples']})" if row["inner_samples"] else ""
        table.add_row(
            row["estimator"] + inner,
            "" if row["temperature"] is None else f"{row['temperature']:g}",
            f"{row['evaluations']:g}",
            f"{row['gradient_evaluations']:g}",
            text.interval(row["variance"], row["variance_low"], row["variance_high"]),
            _bias(row),
            *([text.rounded(row["nanoseconds_per_estimate"], None)] if timed else []),
        )
    return table


def _sampler_tables(rows):
    """Rows of samplers, bare words and fill by number of categories, the fastest first."""
    groups: dict[int, list] = {}
    for row in rows:
        if row["kind"] != "estimator" and row["status"] == "done":
            groups.setdefault(row["dimension"], []).append(row)
    for group in groups.values():
        yield sorted(group, key=lambda row: (row["draws"] or 0, row["nanoseconds_per_draw"]))


def _sampler_title(row):
    return f"samplers · C = {row['dimension']:,} · {row['logits']} logits, one thread"


def _sampler_table(rows):
    table = text.table()
    table.add_column("sampler", no_wrap=True)
    for name in ("rows", "draws of each", "ns per draw", "ns per category", "times the words"):
        table.add_column(name, justify="right")
    table.add_column("law, p")
    for row in rows:
        name = {"bits": "bare words", "gumbel": "Gumbels"}.get(row["name"], row["name"])
        table.add_row(
            name,
            f"{row['rows']:,}" if row["rows"] else "",
            f"{row['draws']:,}" if row["draws"] else "",
            text.rounded(row["nanoseconds_per_draw"], None),
            text.rounded(row["nanoseconds_per_element"], None),
            text.rounded(1 / row["fraction_of_roof"], None),
            "" if row["check_p"] is None else f"{row['check_p']:.2g}",
        )
    return table


def _bias(row):
    if not row["truth_norm"] or row["bias_p"] is None:
        return "" if row["bias_norm"] is None else f"{row['bias_norm']:.2g} absolute"
    scale = 100 / row["truth_norm"]
    high = row["bias_high"] * scale
    if row["bias_p"] > 0.05:
        return f"none seen (< {high:.2g})" if high > 0 else "none"
    norm, half = row["bias_norm"] * scale, (row["bias_high"] - row["bias_low"]) / 2 * scale
    return f"{text.rounded(norm, half)} ± {half:.1g}"


def _verdict(rows):
    noisy = [r for r in rows if r["unbiased"] and r["variance"] > 0 and r["evaluations"] < 1e4]
    if not noisy:
        return ""
    if all(r["work_variance"] for r in noisy):
        words, best = "time", min(noisy, key=lambda r: r["work_variance"])
    else:
        words, best = "evaluations (∇f as 3)", min(noisy, key=_evaluations_work)
    inner = f", K = {best['inner_samples']}" if best["inner_samples"] else ""
    return f"Best unbiased by variance × {words}: {best['estimator']}{inner}."


def _evaluations_work(row):
    return row["variance"] * (row["evaluations"] + 3 * row["gradient_evaluations"])
