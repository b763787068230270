"""A first, careful run of a user's code before any other: what is wrong with it is said here.

In a compiled parallel loop an exception is a SystemError and an index out of range a segmentation
fault; here functions run serially, with every index checked, on a few points in both types of
floats, and are held against each other.
"""

import contextlib
import dis
import inspect
import re
import traceback
from pathlib import Path

import numba
import numpy as np

from gumbench.errors import InputError
from gumbench.families import family
from gumbench.families.bound import Bound, make_program
from gumbench.families.plain import takes_theta
from gumbench.plugins import reason

POINTS = 256
POINT_ITEMS = 1 << 22
COMPARED_POINTS = 6
COMPARED_COMPONENTS = 24
STEP = 1e-5
RELATIVE, ROUNDINGS = 1e-4, 1e3
SMALL_ENUMERATION = 1 << 14
SIGNATURES = {
    "value": "x, theta, data, out",
    "value_at": "index, theta, data, out",
    "gradient": "x, theta, data, out",
    "direct": "x, theta, data, out",
    "forward": "theta, data, out",
    "pullback": "g, theta, data, out",
}
TRUST = "--trust runs it all the same"


def check(problem):
    """Refuse a problem whose functions fail or contradict each other; raises InputError."""
    functions = _functions(problem)
    if problem.compiled:
        for role, function in functions.items():
            _check_source(f"{problem.name}: {role}", function, SIGNATURES[role])
    elif problem.direct is not None and not takes_theta(problem.value):
        raise InputError(
            f"{problem.name}: direct is ∂f/∂θ, but value takes no theta: write value(x, theta)"
        )
    for dtype in ("float32", "float64"):
        trial = _Trial(problem, dtype)
        trial.run_functions()
    trial.check_value_at()
    trial.check_gradient()
    trial.check_direct()
    trial.check_link()
    trial.check_truth()


def check_estimator(estimator, problem):
    """Refuse an estimator of a user's that does not run on a problem; raises InputError."""
    if estimator.kernel:
        noise = " or ".join(family(estimator.family).NOISE)
        _check_source(
            f"{estimator.name}: kernel",
            estimator.kernel,
            f"{noise}, temperature, prepared, objective, out, extra",
        )
    function = estimator.compute or estimator.kernel
    inner = estimator.inner_samples and estimator.inner_samples[1]
    with _reported(f"{estimator.name} on {problem.name}", function):
        program = make_program(Bound(problem, "float32"), estimator, [0.5], inner, 0)
        if estimator.kernel:
            program.check_indices()
        estimates = program.collect(0, 0, 64)
    if not np.isfinite(estimates).all():
        raise InputError(f"{estimator.name} on {problem.name}: an estimate is not finite")


def _functions(problem):
    forward, pullback = problem.link or (None, None)
    given = {role: getattr(problem, role, None) for role in SIGNATURES}
    given |= {"forward": forward, "pullback": pullback}
    return {role: function for role, function in given.items() if function is not None}


def _check_source(name, function, signature):
    """Refuse what compiles and then fails where nobody sees it."""
    function = getattr(function, "py_func", function)
    wanted = len(signature.split(", "))
    taken = len(inspect.signature(function).parameters)
    if taken != wanted:
        raise InputError(f"{name} takes {taken} arguments; give ({signature}){_place(function)}")
    for found in _with_helpers(function):
        for step in dis.get_instructions(found):
            if step.opname in ("RAISE_VARARGS", "LOAD_ASSERTION_ERROR"):
                line = step.positions.lineno if step.positions else None
                word = "raise" if step.opname == "RAISE_VARARGS" else "assert"
                raise InputError(
                    f"{name} has `{word}`{_place(found, line)}: compiled loops cannot raise; "
                    "return NaN instead"
                )
        for variable, value in _captured(found):
            if isinstance(value, np.ndarray | list):
                kind = "array" if isinstance(value, np.ndarray) else "list"
                raise InputError(
                    f"{name} uses the global {kind} {variable}{_place(found)}: compiled code would "
                    "keep a copy of it; pass it through data"
                )


def _captured(function):
    """Global and enclosing variables a function uses."""
    names = {s.argval for s in dis.get_instructions(function) if s.opname == "LOAD_GLOBAL"}
    for name in sorted(names & function.__globals__.keys()):
        yield name, function.__globals__[name]
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    yield from ((name, cell.cell_contents) for name, cell in cells)


def _with_helpers(function, seen=()):
    """A function and the compiled functions of the user's that it calls."""
    yield function
    own = Path(function.__code__.co_filename).parent
    for _, value in _captured(function):
        helper = getattr(value, "py_func", None)
        if helper and helper not in seen and Path(helper.__code__.co_filename).parent == own:
            yield from _with_helpers(helper, (*seen, function))


def _place(function, line=None):
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    return f" ({Path(code.co_filename).name}, line {line or code.co_firstlineno})"


@contextlib.contextmanager
def _reported(name, function, arrays=()):
    """Turn what a user's function raises into an InputError with the user's line."""
    try:
        yield
    except numba.core.errors.NumbaError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        said = [s for s in lines if s and not s.startswith(("Failed in", "During:", "File "))]
        line = re.search(r"line (\d+)", str(error)) or re.search(r"\.py \((\d+)\)", str(error))
        place = _place(function, line and line[1])
        raise InputError(f"{name} does not compile{place}: {said[0] if said else error}") from error
    except InputError:
        raise
    except Exception as error:
        found = error if not isinstance(error, IndexError) else _same_in_python(function, arrays)
        line = _line_in(found or error, function)
        raise InputError(f"{name}{_place(function, line)}: {reason(found or error)}") from error


def _same_in_python(function, arrays):
    """The error of an index that plain Python makes, which knows the line, or None."""
    one = [a[..., :1].copy() if a.ndim > 1 or a is arrays[-1] else a for a in arrays]
    try:
        function(*one)
    except IndexError as error:
        return error
    except Exception:  # what only compiled code can call
        return None
    return None


def _line_in(error, function):
    code = getattr(function, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if code and f.filename == code.co_filename]
    return lines[-1] if lines else None


class _Trial:
    """A problem at one type, with points to try: samples inside, and draws for discrete ones."""

    def __init__(self, problem, dtype):
        self.problem, self.name = problem, problem.name
        self.functions = _functions(problem)
        arrays = [np.asarray(a, dtype) for a in (problem.theta, problem.data)]
        with self._reported("forward", *arrays):
            self.bound = Bound(problem, dtype, checked=True)
        count = max(2, min(POINTS, POINT_ITEMS // max(1, np.prod(problem.shape))))
        random = self.bound.noise(0, 0, 0, count)
        self.inside = self.bound.family.inside(self.bound, random)
        self.draws = self.bound.family.draws(self.bound, random)

    def _reported(self, role, *arrays):
        function = self.functions.get(role)
        if function is None:
            return contextlib.nullcontext()
        return _reported(f"{self.name}: {role}", function, arrays)

    def _call(self, role, x):
        bound = self.bound
        out = {"value": (), "value_at": (), "gradient": x.shape[:-1]}.get(role, (bound.theta.size,))
        out = np.empty((*out, x.shape[-1]), bound.real)
        with self._reported(role, x, bound.theta, bound.data, out):
            return getattr(bound, "pullback_block" if role == "pullback" else role)(x)

    def _points(self):
        """Points (variables, categories, n) to try, by kind."""
        yield self.inside
        if self.draws is not None:
            yield self.bound.one_hot(self.draws)

    def run_functions(self):
        """Every function on all points; what comes out must be finite."""
        for role in ("value", "gradient", "direct"):
            if role in self.functions:
                for x in self._points():
                    self._check_finite(role, x, self._call(role, x))
        if "value_at" in self.functions and self.draws is not None:
            self._check_finite("value_at", self.draws, self._call("value_at", self.draws))
        if "pullback" in self.functions:
            g = self._normals(8)
            self._check_finite("pullback", g, self._call("pullback", g))

    def _normals(self, count):
        generator = np.random.default_rng(0)
        return generator.normal(size=(*self.bound.natural.shape, count)).astype(self.bound.real)

    def _check_finite(self, role, x, out):
        bad = np.argwhere(~np.isfinite(out))
        if bad.size:
            *component, point = bad[0]
            where = f" in component {_index(component)}" if component else ""
            raise InputError(
                f"{self.name}: {role} gives {out[tuple(bad[0])]}{where} in {self.bound.dtype} at "
                f"{_numbers(x[..., point])}; it must write a finite number for every estimate"
            )

    def check_value_at(self):
        """`value_at` at a draw against `value` at its one-hot vector."""
        if "value_at" not in self.functions or self.draws is None:
            return
        at = self._call("value_at", self.draws)
        value = self._call("value", self.bound.one_hot(self.draws))
        tolerance = RELATIVE * np.maximum(np.abs(value), np.abs(value).mean())
        for point in np.flatnonzero(np.abs(at - value) > tolerance)[:1]:
            raise InputError(
                f"{self.name}: at the draw {_numbers(self.draws[:, point])} value_at gives "
                f"{at[point]:.8g}, value {value[point]:.8g}. {TRUST}"
            )

    def check_gradient(self):
        """`gradient` against differences of `value`, in directions that stay in the domain."""
        if "gradient" not in self.functions:
            return
        for points in self._points():
            x = points[:, :, :COMPARED_POINTS]
            g = self._call("gradient", x).astype(float)
            for point in range(x.shape[2]):
                self._compare_gradient(x[:, :, point], g[:, :, point])

    def _compare_gradient(self, x, g):
        family = self.bound.family
        largest = family.largest_step(self.bound, x)
        directions = family.directions(self.bound, x, COMPARED_COMPONENTS)
        for component, direction, sides, note in directions:
            step = min(STEP * max(1.0, float(np.abs(x).max())), largest)
            measured, noise = self._difference(x, step * direction, sides)
            claimed = float((g * direction).sum())
            self._compare(
                "gradient",
                measured / step,
                noise / step,
                claimed,
                float(np.abs(g).mean()),
                f"by variable {component[0]}, category {component[1]}{note}, at x = {_numbers(x)}",
            )

    def _difference(self, x, step, sides):
        """Difference of f for a step, from both sides or from one, and its rounding error."""
        factors = np.array([1.0, -1.0]) if sides == 2 else np.array([0.0, 1.0, 2.0])
        weights = np.array([0.5, -0.5]) if sides == 2 else np.array([-1.5, 2.0, -0.5])
        f = self._call("value", x[:, :, None] + step[:, :, None] * factors).astype(float)
        return float(weights @ f), float(np.finfo(float).eps * np.abs(f).max())

    def _compare(self, role, measured, noise, claimed, typical, where):
        tolerance = RELATIVE * max(abs(measured), abs(claimed), typical) + ROUNDINGS * noise
        if abs(measured - claimed) > tolerance:
            raise InputError(
                f"{self.name}: {role} {where}: differences give {measured:.6g}, {role} gives "
                f"{claimed:.6g}. {TRUST}"
            )

    def check_direct(self):
        """`direct` against differences of `value` in θ at fixed x."""
        if "direct" not in self.functions:
            return
        x = self.inside[:, :, :COMPARED_POINTS]
        claimed = self._call("direct", x).astype(float)
        for p in _spread(self.bound.theta.size):
            step, (high, low) = self._moved(p)
            f = [Bound(self.problem, "float64", t, checked=True).value(x) for t in (high, low)]
            noise = np.finfo(float).eps * np.abs(f).max() / step
            for point in range(x.shape[2]):
                measured = (f[0][point] - f[1][point]) / (2 * step)
                where = f"by parameter {p} at x = {_numbers(x[:, :, point])}"
                typical = np.abs(claimed[:, point]).mean()
                self._compare("direct", measured, noise, claimed[p, point], typical, where)

    def _moved(self, p):
        theta = self.bound.theta
        step = STEP * max(1.0, abs(theta[p]))
        moved = np.zeros_like(theta)
        moved[p] = step
        return step, (theta + moved, theta - moved)

    def check_link(self):
        """`pullback` against differences of `forward`, and `forward` against the given logits."""
        problem, bound = self.problem, self.bound
        if problem.link is None:
            return
        if problem.natural is not None:
            given = np.asarray(problem.natural, float).reshape(bound.natural.shape)
            with np.errstate(invalid="ignore"):
                apart = np.abs(given - bound.natural) > RELATIVE * np.maximum(1.0, np.abs(given))
            for row, column in np.argwhere(apart)[:1]:
                raise InputError(
                    f"{self.name}: the link makes {bound.natural[row, column]:.6g} of θ at "
                    f"{_index((row, column))}, but {given[row, column]:.6g} was given. {TRUST}"
                )
        g = self._normals(1)
        claimed = self._call("pullback", g)[:, 0].astype(float)
        for p in _spread(bound.theta.size):
            step, moved = self._moved(p)
            high, low = (Bound(problem, "float64", t, checked=True).natural for t in moved)
            open_ = np.isfinite(high) & np.isfinite(low)
            change = np.where(open_, np.where(open_, high, 0) - np.where(open_, low, 0), 0)
            measured = float((g[:, :, 0] * change).sum()) / (2 * step)
            noise = np.finfo(float).eps * float(np.abs(np.where(open_, high, 0)).sum()) / step
            where = f"by parameter {p}"
            self._compare("pullback", measured, noise, claimed[p], np.abs(claimed).mean(), where)

    def check_truth(self):
        """A truth that is given against enumeration, where there are few outcomes."""
        problem, bound = self.problem, self.bound
        if problem.truth is None:
            return
        name = f"{self.name}: truth"
        with _reported(name, problem.truth):
            given = np.asarray(problem.truth(bound.theta, bound.data), float)
        if given.shape != bound.theta.shape or not np.isfinite(given).all():
            raise InputError(
                f"{name} has shape {given.shape}; give finite numbers of shape {bound.theta.shape}"
            )
        if problem.shape[1] ** problem.shape[0] > SMALL_ENUMERATION:
            return
        exact = bound.family.exact_gradient(bound)
        if exact is None:
            return
        p = int(np.argmax(np.abs(given - exact)))
        if abs(given[p] - exact[p]) > RELATIVE * np.abs(exact).max() + 1e-9:
            raise InputError(
                f"{name} says {given[p]:.8g} for parameter {p}, enumeration {exact[p]:.8g}. {TRUST}"
            )


def _spread(size):
    """At most COMPARED_COMPONENTS numbers below `size`, evenly spread."""
    return np.unique(np.linspace(0, size - 1, COMPARED_COMPONENTS).astype(int))


def _index(component):
    return f"[{', '.join(str(int(i)) for i in component)}]"


def _numbers(x):
    """A few numbers of an array as text."""
    flat = np.asarray(x).ravel()
    shown = ", ".join(f"{v:.6g}" for v in flat[:8])
    return f"[{shown}{', ...' if flat.size > 8 else ''}]"
