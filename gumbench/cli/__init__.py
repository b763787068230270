"""The command line: one command is one file; each parses, prints and exits.

Nothing here imports Numba, pandas or SciPy before a command needs it.
"""

import sys
import traceback
from typing import Annotated

import typer
from rich.markup import escape

from gumbench.cli import compare, diff, explain, export, info, listing, sweep, throughput
from gumbench.cli.screen import drop, errors, write
from gumbench.errors import GumbenchError

# Typer makes this status of an interrupt and says nothing; older ones raise `Abort`.
INTERRUPTED = 130

GREETING = """\
[bold]gumbench[/] tells which Monte Carlo gradient estimator to use:
bias, variance and cost, next to the exact gradient.

  gumbench sweep                 the lecture's examples, about a minute
  gumbench list estimators       what there is, and what it is called elsewhere
  gumbench explain concrete      formula, paper, bias, cost, settings
"""

STATUSES = (
    "Exit status: 0 fine, 1 a check or a gate failed, 2 wrong usage or input, 3 some cells failed "
    "and the others are saved, 130 interrupted."
)

app = typer.Typer(
    name="gumbench",
    add_completion=True,
    rich_markup_mode="rich",
    epilog=f"{STATUSES}\n\nExample: gumbench sweep",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool):
    if value:
        from gumbench.machine import version

        typer.echo(f"gumbench {version()}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
):
    """Bias, variance and cost of Monte Carlo gradient estimators."""
    if context.invoked_subcommand is None:
        from gumbench.cli.screen import output

        output().print(GREETING)


app.command("sweep", epilog=f"{STATUSES}\n\n{sweep.EXAMPLE}")(sweep.sweep)
app.command("compare", epilog=compare.EXAMPLE)(compare.compare)
app.command("diff", epilog=f"{STATUSES}\n\n{diff.EXAMPLE}")(diff.diff)
app.command("throughput", epilog=f"{STATUSES}\n\n{throughput.EXAMPLE}")(throughput.throughput)
app.command("export", epilog=export.HELP)(export.export)
app.command("list", epilog=listing.EXAMPLE)(listing.list_names)
app.command("explain", epilog=explain.EXAMPLE)(explain.explain)
app.command("info", epilog=info.EXAMPLE)(info.info)


def main(arguments):
    """Run a command and return its exit status: 0, 1, 2 or 3; an interrupt is raised."""
    try:
        status = app(arguments, prog_name="gumbench", standalone_mode=False) or 0
        if status == INTERRUPTED:
            raise KeyboardInterrupt
        write("")
        return status
    except typer.Abort:
        raise KeyboardInterrupt from None
    except typer.TyperException as error:
        message = escape(error.format_message().removeprefix("Value error, "))
        errors().print(f"[red]error:[/] {message}")
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "gumbench"
        errors().print(f"`{command} --help` shows how it is used")
        return 2
    except GumbenchError as error:
        if "--debug" in arguments:
            traceback.print_exc()
        errors().print(f"[red]error:[/] {escape(str(error))}")
        return error.exit_status
    except BrokenPipeError:
        drop(sys.stdout)
        return 0
    except OSError as error:
        drop(sys.stdout)
        errors().print(f"[red]error:[/] cannot go on: {escape(str(error))}")
        return 2
    except Exception as error:
        if "--debug" in arguments:
            traceback.print_exc()
        message = escape(f"{type(error).__name__}: {error}")
        errors().print(f"[red]error in gumbench itself:[/] {message}")
        errors().print("what was finished is saved; --debug shows where it happened")
        return 3
