"""The command `gumbench`, also as `python -m gumbench`."""

import contextlib
import os
import sys


def main():
    """Run the command line and exit with its status."""
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
