"""Other libraries, one file each: every form in which a user would have them do a job.

A file declares PACKAGE, what is imported and whose version is named; INSTALL, the command that
installs it; FORMS; THREADS, how many it works with, or None where `use_threads(count)` sets them.
"""

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from gumbench.errors import unknown
from gumbench.types import Form, Job


def names() -> list[str]:
    """Names of the libraries that there are forms of."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def library(name: str) -> ModuleType:
    """The file of a library. Raises InputError for one that there is none of."""
    if name not in names():
        raise unknown("library", name, names())
    return importlib.import_module(f"{__name__}.{name}")


def is_installed(name: str) -> bool:
    """Whether it can be imported."""
    return importlib.util.find_spec(library(name).PACKAGE) is not None


def forms(name: str, job: Job) -> Iterator[Form]:
    """The forms of a library that do a job."""
    for form in library(name).FORMS:
        if form.kind == job.kind and form.fits(job):
            yield form
