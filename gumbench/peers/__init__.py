"""Other libraries, one file each: every form in which a user would have them do a job.

A file declares PACKAGE, what is imported and whose version is named; INSTALL, the command that
installs it; FORMS; THREADS, how many it works with, or None where `use_threads(count)` sets them.
"""

import functools
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

from gumbench.errors import unknown
from gumbench.types import Form, Job
from gumbench.user_code import loading


def names() -> list[str]:
    """Names of the libraries that there are forms of."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def library(name: str) -> ModuleType | SimpleNamespace:
    """The file of a library, or of FILE.py:NAME one whose single form is that function.

    It is called with logits (rows, categories), draws and a seed, and gives the categories drawn.
    Raises InputError for what there is not.
    """
    if loading.is_file(name):
        form = Form(name.rpartition(":")[2], "draws", _user_form(loading.function(name)))
        return SimpleNamespace(PACKAGE="gumbench", INSTALL="", THREADS=1, FORMS=(form,))
    if name not in names():
        raise unknown("library", name, names())
    return importlib.import_module(f"{__name__}.{name}")


def _user_form(function: Callable[..., Any]) -> Callable[[Job], Callable[[], Any]]:
    def build(job: Job) -> Callable[[], Any]:
        return functools.partial(function, job.logits, job.count, job.seed)

    return build


def is_installed(name: str) -> bool:
    """Whether it can be imported."""
    return importlib.util.find_spec(library(name).PACKAGE) is not None


def forms(name: str, job: Job) -> Iterator[Form]:
    """The forms of a library that do a job."""
    for form in library(name).FORMS:
        if form.kind == job.kind and form.fits(job):
            yield form
