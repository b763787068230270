"""How functions are compiled and kept on disk.

`compiled` turns a function in a role (see roles) into a first-class function of one floating point
type, `driver` is a parallel one, `helper` marks functions that compiled code calls and inlines.
"""

import functools
import hashlib
import inspect
import os
import types
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numba
from numba.core.bytecode import FunctionIdentity
from numba.core.errors import NumbaError, NumbaExperimentalFeatureWarning

from gumbench.errors import InputError
from gumbench.kernels.compiler import cache
from gumbench.kernels.compiler.lowering import OPTIONS
from gumbench.kernels.compiler.roles import signature
from gumbench.machine import keep_memory

if numba.config.DISABLE_JIT:
    raise InputError("NUMBA_DISABLE_JIT turns the compiler off that gumbench runs by: unset it")

# A symbol of compiled code is a function's name, its types and this number. Numba counts from 1 in
# every process: of two functions of one name that two processes had compiled into the cache, the
# one loaded first served both, so that an estimator ran with the loop of another.
FunctionIdentity._unique_ids = iter(lambda: int.from_bytes(os.urandom(8)), None)

# Modules that functions of a user's may use: other versions of them have other cache folders.
COMPILED_ALREADY = ("gumbench", "math", "numba", "numpy")


def driver(signature_of, parallel=True):
    """A driver: called with "float32" or "float64" it is the decorated function, compiled.

    signature_of : makes the Numba signature of a type. Only drivers are parallel.
    """

    def decorate(function):
        @functools.cache
        def build(dtype):
            keep_memory()
            options = {**OPTIONS, "parallel": parallel, "nogil": True}
            built = _compile_cached(signature_of(dtype), function, options, dtype)
            return _with_known_address(built, signature_of(dtype))

        return functools.wraps(function)(build)

    return decorate


def renamed(function, name):
    """The same function by another name: the cache tells functions of a file apart by theirs."""
    copy = types.FunctionType(function.__code__, function.__globals__, name)
    copy.__module__, copy.__doc__ = function.__module__, function.__doc__
    copy.__qualname__ = name
    return copy


@functools.cache
def compiled(role, function, dtype):
    """`function` compiled for one role and type, from the disk cache where it is there."""
    return _build(role, function, dtype, OPTIONS)


@functools.cache
def checked(role, function, dtype):
    """The same with a check of every index, for a call from Python: it raises IndexError."""
    # Numba's cache does not tell these apart from those without checks.
    return _build(role, function, dtype, {**OPTIONS, "boundscheck": True}, "checked")


def _build(role, function, dtype, options, *inside):
    edition = _source_digest(function)
    kind = signature(role, dtype)
    if edition is None:
        built = numba.njit([kind], **options)(function)
    else:
        built = _compile_cached(kind, function, options, dtype, *inside, *filter(None, [edition]))
    return _with_known_address(built, kind)


def _compile_cached(kind, function, options, *inside):
    """`function` compiled, from the disk where it is there and else put there, if that can be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NumbaExperimentalFeatureWarning)
        if cache.folder():
            try:
                with cache.used(*inside):
                    return numba.njit([kind], cache=True, **options)(function)
            except NumbaError:
                raise
            except Exception as error:  # whatever a full or damaged disk brings
                cache.failed(error)
        return numba.njit([kind], **options)(function)


class Task(NamedTuple):
    """Something to compile: a driver with a type, or `compiled` with its three arguments."""

    build: Any
    arguments: tuple

    @property
    def is_missing(self):
        """Whether it is not on disk and of the package: a user's is compiled where it is needed."""
        function = self.arguments[1] if self.build is compiled else self.build.__wrapped__
        if _source_digest(function) != "" or not cache.folder():
            return False
        code, folder = function.__code__, cache.folder() / self.arguments[-1]
        name = f"{Path(code.co_filename).stem}.{function.__qualname__}-{code.co_firstlineno}.*"
        return next(folder.glob(f"*/{name}"), None) is None

    def run(self):
        """Compile it, or take it from the disk."""
        return self.build(*self.arguments)


def _with_known_address(built, kind):
    """A function that knows where it is: Numba looks for it at every call that passes it on.

    For a driver's nine functions that takes 0.4 ms a call.
    """
    result = built.get_compile_result(kind)
    library = result.library
    library.get_pointer_to_function = functools.cache(library.get_pointer_to_function)
    built.get_compile_result = lambda *_: result
    return built


def _source_digest(function):
    """Name of all that compiled code of a user's function copies: what it calls, numbers it uses.

    Numba's own check of the disk cache looks at the function's own file alone. Empty for functions
    of the package, None for what cannot be named and so is not kept on disk.
    """
    if Path(function.__code__.co_filename).is_relative_to(cache.PACKAGE):
        return None if function.__closure__ else ""
    hashed, todo, seen = hashlib.sha256(), [function], set()
    while todo:
        called = todo.pop()
        seen.add(called)
        path = Path(called.__code__.co_filename)
        if called.__closure__ or not path.is_file():
            return None
        hashed.update(f"{called.__module__} {called.__qualname__}".encode() + path.read_bytes())
        for name, value in sorted(inspect.getclosurevars(called).globals.items()):
            original = getattr(value, "py_func", value)
            home = (
                original.__name__
                if inspect.ismodule(original)
                else getattr(original, "__module__", "")
            )
            if (home or "").partition(".")[0] in COMPILED_ALREADY:
                continue
            if inspect.ismodule(original):
                return None
            if inspect.isfunction(original):
                todo += [original] if original not in seen else []
            else:
                hashed.update(f"{name} = {value!r}".encode())
    return hashed.hexdigest()[:16]


helper = numba.njit(**OPTIONS)
inlined = numba.njit(forceinline=True, **OPTIONS)
