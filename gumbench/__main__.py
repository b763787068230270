"""The command `gumbench`, also as `python -m gumbench`."""

import contextlib
import io
import os
import sys


def _open_streams():
    """Streams that were closed lead nowhere, and characters that one cannot take are replaced.

    A file would else be opened in the place of a closed stream, and errors be written into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def main():
    """Run the command line and exit with its status."""
    _open_streams()
    try:
        from gumbench.cli import main as run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            print("Interrupted.", file=sys.stderr, flush=True)
        # `sys.exit` ends by the signal instead, if `exec` was interrupted (as by a dataclass).
        os._exit(130)
    sys.exit(status)


if __name__ == "__main__":
    main()
