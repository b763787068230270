"""Terminal output: consoles for stdout and stderr, their width, tables and messages."""

import contextlib
import os
import sys

from rich.console import Console

from gumbench.cli import layout

WIDTH = 100
INDENT = "  "


class Output(Console):
    """A console for which a reader that has seen enough is no error: the command goes on."""

    def on_broken_pipe(self):
        """Drop what is still to come."""
        self.quiet = True
        drop(self.file)


def drop(stream):
    """Have a stream lead nowhere: what is still buffered would fail again when Python ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def write(text):
    """A text on stdout as it is; a reader that has seen enough is no error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        drop(sys.stdout)


def output():
    """Where results go."""
    out = Output(soft_wrap=True, emoji=False, highlight=False)
    out.width = _width(out)
    return out


def errors():
    """Where progress, notes and errors go."""
    err = Output(stderr=True, soft_wrap=True, emoji=False, highlight=False)
    err.width = _width(err)
    return err


def _width(console):
    """That of COLUMNS, else of the terminal, else one that suits a file."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    return console.width if console.is_terminal else WIDTH


def say(note):
    """A note, on stderr, in lines of the terminal's width."""
    err = errors()
    lines = layout.wrapped(f"note: {note}", err.width - len(INDENT))
    err.print(f"\n{INDENT}".join(lines), markup=False)


def sentence(text):
    """A sentence on stdout, in lines of the terminal's width."""
    out = output()
    out.print("\n".join(layout.wrapped(text, out.width)), markup=False)


def show(table):
    """A text_table.Table on stdout, and a line without text."""
    out = output()
    for line in table.title:
        out.print("\n".join(layout.wrapped_parts(line, out.width)), style="bold", markup=False)
    for line in layout.lines_of(table, out.width):
        out.print(line, markup=False)
    for line in table.below:
        sentence(line)
    out.print()
