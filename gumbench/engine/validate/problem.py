"""A user's problem at one type of floats: its functions on a few points, against each other."""

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gumbench.engine import direct
from gumbench.engine.bound_problem import BoundProblem
from gumbench.engine.validate.source import line_that_writes, place, reported
from gumbench.errors import InputError
from gumbench.kernels.compiler.roles import OBJECTIVE, ROLES
from gumbench.types import Problem

POINTS = 256
POINT_ITEMS = 1 << 22
COMPARED_POINTS = 6
COMPARED_COMPONENTS = 24
STEP = 1e-5
RELATIVE, ROUNDINGS = 1e-4, 1e3
# What the order of a sum may change, in float32.
CHANCE = 1e-5
SMALL_ENUMERATION = 1 << 14
TRUST = "--trust runs it all the same"


def functions_of(problem: Problem) -> dict[str, Callable[..., Any]]:
    """The functions that a problem has, by role."""
    by_role = {role: problem.function(role) for role in ROLES}
    return {role: function for role, function in by_role.items() if function is not None}


class Trial:
    """A problem at one type, with points to try: samples inside, and draws for discrete ones."""

    def __init__(self, problem: Problem, dtype: str) -> None:
        self.problem, self.name = problem, problem.name
        self.functions = functions_of(problem)
        arrays = [np.asarray(a, dtype) for a in (problem.theta, problem.data)]
        with self._reported("forward", *arrays):
            self.bound = BoundProblem(problem, dtype, checked=True)
        count = max(2, min(POINTS, POINT_ITEMS // max(1, math.prod(problem.shape))))
        random = self.bound.noise(0, 0, 0, count)
        self.inside = self.bound.family.inside(self.bound, random)
        self.draws = self.bound.family.draws(self.bound, random)

    def _reported(self, role: str, *arrays: np.ndarray) -> Any:
        function = self.functions.get(role)
        if function is None:
            return contextlib.nullcontext()
        return reported(f"{self.name}: {role}", function, arrays)

    def _call(self, role: str, x: np.ndarray) -> np.ndarray:
        bound, facts = self.bound, ROLES[role]
        x = np.ascontiguousarray(x, np.int32 if facts.given == "category" else bound.real)
        arguments = {facts.given: x, "theta": bound.theta, "data": bound.data}
        before = {name: array.copy() for name, array in arguments.items()}
        with self._reported(role, *arguments.values(), bound.out(role, x.shape[-1])):
            result = bound.call(role, x)
        for name, array in arguments.items():
            if not np.array_equal(array, before[name], equal_nan=True):
                self._refuse_change(role, name)
        return result

    def _refuse_change(self, role: str, argument: str) -> None:
        function = self.functions[role]
        where = place(function, line_that_writes(function, argument))
        raise InputError(
            f"{self.name}: {role} changes its argument {argument}{where}: it may only write out, "
            "for what it changes is used again"
        )

    def _points(self) -> Iterator[np.ndarray]:
        """Points (variables, categories, n) to try, by kind."""
        yield self.inside
        if self.draws is not None:
            yield self.bound.one_hot(self.draws)

    def run_functions(self) -> None:
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

    def _normals(self, count: int) -> np.ndarray:
        generator = np.random.default_rng(0)
        return generator.normal(size=(*self.bound.dist_params.shape, count)).astype(self.bound.real)

    def _check_finite(self, role: str, x: np.ndarray, out: np.ndarray) -> None:
        bad = np.argwhere(~np.isfinite(out))
        if bad.size:
            *component, point = bad[0]
            where = f" in component {_index(component)}" if component else ""
            raise InputError(
                f"{self.name}: {role} gives {out[tuple(bad[0])]}{where} in {self.bound.dtype} at "
                f"{_numbers(x[..., point])}; it must write a finite number for every estimate"
            )

    def check_same_again(self) -> None:
        """The same x twice, and in another batch, gives the same numbers."""
        for role in OBJECTIVE:
            x = self.draws if role == "value_at" else self.inside
            if role not in self.functions or x is None:
                continue
            first, half = self._call(role, x).astype(float), x.shape[-1] // 2
            other = x.copy()
            other[..., half:] = x[..., :1]
            tolerance = CHANCE * np.abs(first).max()
            for again, how in (
                (self._call(role, x), ""),
                (self._call(role, other)[..., :half], " in another batch"),
            ):
                if np.abs(again - first[..., : again.shape[-1]]).max() > tolerance:
                    raise InputError(
                        f"{self.name}: {role} gives different numbers for the same x{how} "
                        f"(dropout, batch norm in train mode?). {TRUST}"
                    )

    def check_theta(self) -> None:
        """Without `direct`, f at a fixed x is the same at another θ."""
        if "direct" in self.functions:
            return
        x = self.inside[:, :, :COMPARED_POINTS]
        f = self._call("value", x).astype(float)
        for p in _evenly_spaced(self.bound.theta.size):
            if not np.isfinite(self.bound.theta[p]):
                continue
            _, (theta, _) = self._moved(p)
            moved = BoundProblem(self.problem, "float64", theta, checked=True).value(x)
            if np.abs(moved - f).max() > ROUNDINGS * np.finfo(float).eps * np.abs(f).max():
                raise InputError(
                    f"{self.name}: value changes with theta (parameter {p}), and there is no "
                    f"direct: give ∂f/∂θ at fixed x, or take theta out of value. {TRUST}"
                )

    def check_value_at(self) -> None:
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

    def check_gradient(self) -> None:
        """`gradient` against differences of `value`, in directions that stay in the domain."""
        if "gradient" not in self.functions:
            return
        for points in self._points():
            x = points[:, :, :COMPARED_POINTS]
            g = self._call("gradient", x).astype(float)
            for point in range(x.shape[2]):
                self._compare_gradient(x[:, :, point], g[:, :, point])

    def _compare_gradient(self, x: np.ndarray, g: np.ndarray) -> None:
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

    def _difference(self, x: np.ndarray, step: np.ndarray, sides: int) -> tuple[float, float]:
        """Difference of f for a step, from both sides or from one, and its rounding error."""
        factors = np.array([1.0, -1.0]) if sides == 2 else np.array([0.0, 1.0, 2.0])
        weights = np.array([0.5, -0.5]) if sides == 2 else np.array([-1.5, 2.0, -0.5])
        f = self._call("value", x[:, :, None] + step[:, :, None] * factors).astype(float)
        return float(weights @ f), float(np.finfo(float).eps * np.abs(f).max())

    def _compare(
        self, role: str, measured: float, noise: float, claimed: float, typical: float, where: str
    ) -> None:
        tolerance = RELATIVE * max(abs(measured), abs(claimed), typical) + ROUNDINGS * noise
        if abs(measured - claimed) > tolerance:
            raise InputError(
                f"{self.name}: {role} {where}: differences give {measured:.6g}, {role} gives "
                f"{claimed:.6g}. {TRUST}"
            )

    def check_direct(self) -> None:
        """`direct` against differences of `value` in θ at fixed x, and its mean against a claim."""
        if "direct" not in self.functions:
            return
        self.check_score()
        x = self.inside[:, :, :COMPARED_POINTS]
        claimed = self._call("direct", x).astype(float)
        for p in _evenly_spaced(self.bound.theta.size):
            step, (high, low) = self._moved(p)
            f = [
                BoundProblem(self.problem, "float64", t, checked=True).value(x) for t in (high, low)
            ]
            noise = np.finfo(float).eps * np.abs(f).max() / step
            for point in range(x.shape[2]):
                measured = (f[0][point] - f[1][point]) / (2 * step)
                where = f"by parameter {p} at x = {_numbers(x[:, :, point])}"
                typical = np.abs(claimed[:, point]).mean()
                self._compare("direct", measured, noise, claimed[p, point], typical, where)

    def check_score(self) -> None:
        """What is said to have mean zero has it."""
        if not self.problem.direct_is_score or "direct" not in self.functions:
            return
        mean = direct.mean_that_is_not_zero(self.bound)
        if mean is not None:
            raise InputError(
                f"{self.name}: direct_is_score=True, but the mean of direct by parameter "
                f"{mean[0]} is {mean[1]:.6g}. {TRUST}"
            )

    def _moved(self, p: int | np.integer) -> tuple[float, tuple[np.ndarray, np.ndarray]]:
        theta = self.bound.theta
        step = STEP * max(1.0, abs(theta[p]))
        moved = np.zeros_like(theta)
        moved[p] = step
        return step, (theta + moved, theta - moved)

    def check_link(self) -> None:
        """`pullback` against differences of `forward`, and `forward` against the given logits."""
        problem, bound = self.problem, self.bound
        if problem.link is None:
            return
        if problem.dist_params is not None:
            given = np.asarray(problem.dist_params, float).reshape(bound.dist_params.shape)
            with np.errstate(invalid="ignore"):
                apart = np.abs(given - bound.dist_params) > RELATIVE * np.maximum(
                    1.0, np.abs(given)
                )
            for row, column in np.argwhere(apart)[:1]:
                raise InputError(
                    f"{self.name}: the link makes {bound.dist_params[row, column]:.6g} of θ at "
                    f"{_index((row, column))}, but {given[row, column]:.6g} was given. {TRUST}"
                )
        g = self._normals(1)
        claimed = self._call("pullback", g)[:, 0].astype(float)
        for p in _evenly_spaced(bound.theta.size):
            step, moved = self._moved(p)
            high, low = (
                BoundProblem(problem, "float64", t, checked=True).dist_params for t in moved
            )
            open_ = np.isfinite(high) & np.isfinite(low)
            change = np.where(open_, np.where(open_, high, 0) - np.where(open_, low, 0), 0)
            measured = float((g[:, :, 0] * change).sum()) / (2 * step)
            noise = np.finfo(float).eps * float(np.abs(np.where(open_, high, 0)).sum()) / step
            where = f"by parameter {p}"
            self._compare("pullback", measured, noise, claimed[p], np.abs(claimed).mean(), where)

    def check_truth(self) -> None:
        """A truth that is given against enumeration, where there are few outcomes."""
        problem, bound = self.problem, self.bound
        if problem.truth is None:
            return
        name = f"{self.name}: truth"
        with reported(name, problem.truth):
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


def _evenly_spaced(size: int) -> np.ndarray:
    """At most COMPARED_COMPONENTS numbers below `size`, evenly spaced."""
    return np.unique(np.linspace(0, size - 1, COMPARED_COMPONENTS).astype(int))


def _index(component: Any) -> str:
    return f"[{', '.join(str(int(i)) for i in component)}]"


def _numbers(x: np.ndarray) -> str:
    """A few numbers of an array as text."""
    flat = np.asarray(x).ravel()
    shown = ", ".join(f"{v:.6g}" for v in flat[:8])
    return f"[{shown}{', ...' if flat.size > 8 else ''}]"
