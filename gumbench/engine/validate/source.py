"""What is wrong with a function before it runs, and whose line an error is on."""

import ast
import contextlib
import dis
import inspect
import re
import textwrap
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np

from gumbench.errors import InputError
from gumbench.user_code.loading import reason
from gumbench.user_code.old_names import with_new_name


def check_source(name: str, function: Callable[..., Any], arguments: Sequence[str]) -> None:
    """Refuse what compiles and then fails where nobody sees it."""
    function = getattr(function, "py_func", function)
    taken = len(inspect.signature(function).parameters)
    if taken != len(arguments):
        wanted = ", ".join(arguments)
        raise InputError(f"{name} takes {taken} arguments; give ({wanted}){place(function)}")
    for code in _with_helpers(function):
        for step in dis.get_instructions(code):
            if step.opname in ("RAISE_VARARGS", "LOAD_ASSERTION_ERROR"):
                line = step.positions.lineno if step.positions else None
                word = "raise" if step.opname == "RAISE_VARARGS" else "assert"
                raise InputError(
                    f"{name} has `{word}`{place(code, line)}: compiled loops cannot raise; "
                    "return NaN instead"
                )
        for variable, value in _captured(code):
            if isinstance(value, np.ndarray | list):
                kind = "array" if isinstance(value, np.ndarray) else "list"
                raise InputError(
                    f"{name} uses the global {kind} {variable}{place(code)}: compiled code would "
                    "keep a copy of it; pass it through data"
                )
            if inspect.isfunction(value) and _folder(value) == _folder(code):
                raise InputError(
                    f"{name} calls {variable}{place(code)}, which is not compiled: write "
                    f"@numba.njit above its def{place(value)}"
                )


def _captured(function: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """Global and enclosing variables a function uses."""
    names = {s.argval for s in dis.get_instructions(function) if s.opname == "LOAD_GLOBAL"}
    for name in sorted(names & function.__globals__.keys()):
        yield name, function.__globals__[name]
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    yield from ((name, cell.cell_contents) for name, cell in cells)


def _with_helpers(function: Callable[..., Any], seen: Any = ()) -> Iterator[Any]:
    """A function and the compiled functions of the user's that it calls."""
    yield function
    for _, value in _captured(function):
        helper = getattr(value, "py_func", None)
        if helper and helper not in seen and _folder(helper) == _folder(function):
            yield from _with_helpers(helper, (*seen, function))


def _folder(function: Callable[..., Any]) -> Path:
    return Path(function.__code__.co_filename).parent


def place(function: Callable[..., Any], line: int | None = None) -> str:
    """` (FILE, line N)` of a function, or nothing."""
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    return f" ({Path(code.co_filename).name}, line {line or code.co_firstlineno})"


@contextlib.contextmanager
def reported(name: str, function: Callable[..., Any], arrays: Any = ()) -> Iterator[None]:
    """Turn what a user's function raises into an InputError with the user's line."""
    try:
        yield
    except numba.core.errors.NumbaError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        said = [s for s in lines if s and not s.startswith(("Failed in", "During:", "File "))]
        number = re.search(r"line (\d+)", str(error)) or re.search(r"\.py \((\d+)\)", str(error))
        where = place(function, int(number[1]) if number else None)
        words = with_new_name(said[0] if said else str(error))
        raise InputError(f"{name} does not compile{where}: {words}") from error
    except InputError:
        raise
    except Exception as error:
        cause = error if not isinstance(error, IndexError) else _same_in_python(function, arrays)
        line = _line_in(cause or error, function)
        raise InputError(f"{name}{place(function, line)}: {reason(cause or error)}") from error


def _same_in_python(function: Callable[..., Any], arrays: Any) -> Exception | None:
    """The error of an index that plain Python makes, which knows the line, or None."""
    one = [a[..., :1].copy() if a.ndim > 1 or a is arrays[-1] else a for a in arrays]
    try:
        function(*one)
    except IndexError as error:
        return error
    except Exception:  # what only compiled code can call
        return None
    return None


def _line_in(error: BaseException, function: Callable[..., Any]) -> int | None:
    code = getattr(function, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if code and f.filename == code.co_filename]
    return lines[-1] if lines else None


def line_that_writes(function: Callable[..., Any], argument: str) -> int | None:
    """The line of a function that writes into one of its arguments, or None."""
    try:
        lines, first = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, SyntaxError, TypeError):
        return None
    written = (n for n in ast.walk(tree) if isinstance(n, ast.Subscript))
    stores = (n for n in written if isinstance(n.ctx, ast.Store) and _base(n) == argument)
    return next((first + n.lineno - 1 for n in stores), None)


def _base(node: Any) -> str:
    """The name that a subscript is of."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return getattr(node, "id", "")
