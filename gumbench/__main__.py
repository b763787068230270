"""The command `gumbench`, also as `python -m gumbench`."""

import sys


def main():
    """Run the command line and exit with its status."""
    try:
        from gumbench.cli import main as run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        status = 130
    sys.exit(status)


if __name__ == "__main__":
    main()
