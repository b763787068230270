"""Errors that a user can cause, each with what happened, what was given and what to do."""

import difflib
from typing import Any

# So many names are told where none is near.
FEW_NAMES = 6


class GumbenchError(Exception):
    """Base of every error that is reported without a traceback. `exit_status` is the command's."""

    exit_status = 2


class InputError(GumbenchError):
    """A wrong name, number, file or combination, found before anything runs."""


class BusyError(GumbenchError):
    """A run folder is held by another process."""


class StoppedError(GumbenchError):
    """A cell failed and the run was asked to stop there."""

    exit_status = 3


def unknown(kind: str, given: Any, known: Any, where: str = "gumbench list") -> InputError:
    """An InputError for a name that does not exist, with the nearest ones that do.

    kind: what the name should name. known: names and aliases, or a mapping of aliases to names.
    """
    near = difflib.get_close_matches(given.lower(), [str(k) for k in known], n=3, cutoff=0.6)
    if isinstance(known, dict):
        near = list(dict.fromkeys(known[k] for k in near))
    every = list(dict.fromkeys(known.values() if isinstance(known, dict) else map(str, known)))
    hint = f"`{where}` shows what there is"
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    elif 0 < len(every) <= FEW_NAMES:
        hint = f"there is {', '.join(every)}"
    return InputError(f"no {kind} is called {given!r}: {hint}")
