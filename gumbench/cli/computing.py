"""What the commands that compute have in common: options, lists, a folder, an answer to Ctrl-C."""

import os
import shlex
import sys
import threading
from typing import Annotated

import typer

from gumbench.cli import complete
from gumbench.errors import InputError

Samplers = Annotated[
    str | None,
    typer.Option(
        "--samplers",
        "--sampler",
        metavar="NAMES",
        help="Samplers to time: names or globs.",
        autocompletion=complete.samplers,
    ),
]
Output = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="Folder of the run; results/NAME-HASH by default."),
]
Force = Annotated[
    bool, typer.Option("--force", help="Delete the run in the folder and start over.")
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Say what would run, and compute nothing."),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print nothing but where the tables are, and errors."),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the Python traceback of an error.")]


def names(text, name):
    """Words of a list with commas; None for none. Raises InputError for an empty list."""
    from gumbench.text import words

    if text is None:
        return None
    if not words(text):
        raise InputError(f"--{name} is empty: give names with commas between, or leave it out")
    return words(text)


def check_folder(output):
    """Refuse a folder whose name is empty or an option. Raises InputError."""
    if output is not None and (not output.strip() or output.startswith("-")):
        raise InputError(f"--output {output!r}: give a folder (./{output} if that is its name)")


def interruptible(work, monitor):
    """Run `work` in a thread, so that an interrupt is answered while compiled code runs."""
    outcome = {}

    def target():
        try:
            outcome["status"] = work()
        except BaseException as error:
            outcome["error"] = error

    thread = threading.Thread(target=target, daemon=True)
    try:
        thread.start()
        while thread.is_alive():
            thread.join(0.1)
    except KeyboardInterrupt:
        command = shlex.join(["gumbench", *sys.argv[1:]])
        monitor.interrupted(command)
        sys.stdout.flush()
        sys.stderr.flush()
        # The thread may be inside compiled code or a compiler pass, which cannot be stopped.
        os._exit(130)
    if "error" in outcome:
        raise outcome["error"]
    return outcome["status"]
