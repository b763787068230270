"""Where compiled code is kept: a folder named after everything Numba's own check cannot see.

GUMBENCH_CACHE_DIR names another place. Where none can be written, or the one there is belongs to
somebody else, code is compiled anew every time, and `why_not` says why.
"""

import functools
import hashlib
import os
import re
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path

import llvmlite
import numba

from gumbench.machine import vector_bits

PACKAGE = Path(__file__).parents[2]
# Settings of Numba that change the code and are in no key of its cache.
SETTINGS = ("OPT", "BOUNDSCHECK", "LOOP_VECTORIZE", "SLP_VECTORIZE", "DEBUGINFO_DEFAULT")


# What went wrong with a folder that could be written before.
FAILED: list[str] = []


def folder():
    """The folder in use, or None where there is none."""
    return None if FAILED else _usable(_base(), _name())[0]


def unavailable_reason():
    """Why nothing is kept, in words; empty where it is."""
    if FAILED:
        return FAILED[0]
    place, problems = _usable(_base(), _name())
    return "" if place else problems


def fallback_reason():
    """Why code is kept in another place than the one asked for, in words; empty where it is not."""
    return "" if unavailable_reason() else _usable(_base(), _name())[1]


def folders():
    """All folders of compiled code: those with a digest for a name."""
    here = folder()
    beside = here.parent.iterdir() if here else ()
    return [p for p in beside if p.is_dir() and re.fullmatch("[0-9a-f]{16}", p.name)]


@functools.cache
def _name():
    digest = hashlib.sha256()
    for part in ("kernels", "distributions"):
        files = sorted((PACKAGE / part).rglob("*.py"))
        if not files:
            raise LookupError(f"{PACKAGE / part} holds no code to hash")
        for path in files:
            digest.update(path.read_bytes())
    settings = [getattr(numba.config, name, None) for name in SETTINGS]
    versions = f"{numba.__version__} {llvmlite.__version__}"
    digest.update(f"{versions} {vector_bits()} {settings}".encode())
    return digest.hexdigest()[:16]


def _base():
    """The place asked for, or where a system keeps what can be made again; None for nowhere."""
    if place := os.environ.get("GUMBENCH_CACHE_DIR"):
        return Path(place)
    if place := os.environ.get("XDG_CACHE_HOME"):
        return Path(place, "gumbench")
    try:
        return Path.home() / ".cache" / "gumbench"
    except RuntimeError:
        return None


@functools.cache
def _usable(base, name):
    """A folder that can be written, and why there is none: of the base, else of temporary files."""
    temporary = Path(tempfile.gettempdir(), f"gumbench-{_user()}")
    problems = []
    for place in filter(None, (base, temporary)):
        candidate = place / name
        try:
            if place.exists():
                _check_owner(place)
            candidate.mkdir(parents=True, exist_ok=True, mode=0o700)
            _check_owner(candidate.parent)
            _check_owner(candidate)
            with tempfile.TemporaryFile(dir=candidate) as file:
                file.write(b"\0" * 4096)
                file.flush()
            return candidate, "; ".join(problems)
        except OSError as error:
            problems.append(f"{place}: {error.strerror or error}")
    return None, "; ".join(problems)


def _user():
    return os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")


def _check_owner(place):
    """Refuse a folder into which another user could put code that we would run."""
    if not hasattr(os, "getuid"):
        return
    facts = place.stat()
    shared = facts.st_mode & stat.S_IWOTH and not facts.st_mode & stat.S_ISVTX
    if facts.st_uid not in (os.getuid(), 0) or shared:
        raise PermissionError(1, "it belongs to another user, or anyone may write there")


def failed(error):
    """Keep nothing more in this process, for this happened to the folder in use."""
    reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
    place = folder()
    FAILED.append(f"{place and place.parent}: {reason}")


@contextmanager
def used(*inside):
    """Have Numba keep what is decorated here, in folders inside ours."""
    before = numba.config.CACHE_DIR
    here = folder()
    numba.config.CACHE_DIR = str(here.joinpath(*inside)) if here else ""
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before
