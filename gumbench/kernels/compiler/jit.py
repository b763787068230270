"""How functions are compiled: one set of Numba options, the signatures of the roles, the cache.

A *role* is a place a plain Python function can take in the driver (an objective's `value`, an
estimator's `kernel`, ...). `compiled` turns a function in a role into a first-class function of
one floating point type. `helper` marks functions that compiled code calls and inlines.
"""

import functools
import hashlib
import inspect
import os
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numba
from numba.core import lowering, types
from numba.core.bytecode import FunctionIdentity
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.errors import NumbaError, NumbaExperimentalFeatureWarning
from numba.core.typed_passes import NativeLowering

from gumbench.errors import InputError
from gumbench.kernels.compiler import cache
from gumbench.machine import keep_memory, vector_bits

if numba.config.DISABLE_JIT:
    raise InputError("NUMBA_DISABLE_JIT turns the compiler off that gumbench runs by: unset it")

# A symbol of compiled code is a function's name, its types and this number. Numba counts from 1 in
# every process: of two functions of one name that two processes had compiled into the cache, the
# one loaded first served both, so that an estimator ran with the loop of another.
FunctionIdentity._unique_ids = iter(lambda: int.from_bytes(os.urandom(8)), None)

# Where a function can leave an array: Python, and containers.
KEEPING = (
    types.ObjModeDispatcher,
    types.List,
    types.ListType,
    types.Set,
    types.DictType,
    types.ClassInstanceType,
)


class WideLower(lowering.Lower):
    """Lowers a function with the wish for the machine's widest vectors.

    LLVM prefers 256 bits where 512 are faster here. Vectors it keeps on the stack are to lie within
    a cache line each: where the caller happens to leave the stack at an odd place, loops were twice
    as slow. The attributes work on our functions alone and leave Numba's own settings as they are.

    A function without a result, that hands its arrays to no Python and to no container, cannot keep
    them, and does not count references: there were 160 atomic operations a block of estimates.
    """

    def setup_function(self, fndesc):
        super().setup_function(fndesc)
        # llvmlite knows only attributes without a value.
        set.add(self.function.attributes, f'"prefer-vector-width"="{vector_bits()}"')
        set.add(self.function.attributes, '"stackrealign"')

    def extract_function_arguments(self):
        arguments = super().extract_function_arguments()
        if self._keeps_nothing():
            self.fnargs = [
                self._borrowed(kind, x)
                for kind, x in zip(self.fndesc.argtypes, arguments, strict=True)
            ]
        return self.fnargs

    def _keeps_nothing(self):
        kinds = self.fndesc.typemap.values()
        return self.fndesc.restype == types.none and not any(isinstance(k, KEEPING) for k in kinds)

    def _borrowed(self, kind, x):
        """A value whose arrays have no owner that could count."""
        if isinstance(kind, types.Array):
            array = self.context.make_array(kind)(self.context, self.builder, x)
            array.meminfo = array.meminfo.type(None)
            return array._getvalue()
        if isinstance(kind, types.BaseTuple):
            for i, item in enumerate(kind):
                inner = self._borrowed(item, self.builder.extract_value(x, i))
                x = self.builder.insert_value(x, inner, i)
        return x


@register_pass(mutates_CFG=True, analysis_only=False)
class WideLowering(NativeLowering):
    """Numba's lowering pass, by `WideLower`."""

    _name = "wide_lowering"

    @property
    def lowering_class(self):
        return WideLower


class WideCompiler(CompilerBase):
    """Numba's compiler with that one pass exchanged."""

    def define_pipelines(self):
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        manager.passes = [
            (WideLowering if step is NativeLowering else step, description)
            for step, description in manager.passes
        ]
        manager.finalize()
        return [manager]


# `contract` lets LLVM fuse a multiply with an add and changes nothing else: results do not depend
# on the vector width, the place in a block, or the maker of the processor.
OPTIONS = {
    "fastmath": {"contract"},
    "error_model": "numpy",
    "pipeline_class": WideCompiler,
}

# Modules that functions of a user's may use: other versions of them have other cache folders.
COMPILED_ALREADY = ("gumbench", "math", "numba", "numpy")

REALS = {"float32": types.float32, "float64": types.float64}


class NoiseBlock(NamedTuple):
    """What an estimator's kernel sees of the noise it declared, in the order declared.

    by_category : (n, variables, categories, block); draws made from Gumbel noise keep theirs after
        those declared
    by_variable : (n, variables, block)
    draws : (n, variables, block) int32 categories
    """

    by_category: Any
    by_variable: Any
    draws: Any


class Objective(NamedTuple):
    """What an estimator's kernel sees of a problem.

    natural : (rows, columns) the distribution's own parameters: the logits (variables,
        categories) or a Gaussian's mean and scale (2, dimension)
    theta : (parameters,); data : constants of f
    feedback : (evaluations, block) noise on the values of f at draws, no rows where there is none
    indexed : whether `value_at` is the problem's own
    value, value_at, gradient, direct : as in `gumbench.types.Problem`
    """

    natural: Any
    theta: Any
    data: Any
    feedback: Any
    indexed: bool
    value: Any
    value_at: Any
    gradient: Any
    direct: Any


def _array(real, dimensions):
    return types.Array(real, dimensions, "C")


@functools.cache
def _roles(real):
    vector, matrix, cube = (_array(real, n) for n in (1, 2, 3))
    index = _array(types.int32, 2)
    noise = types.NamedTuple([_array(real, 4), cube, _array(types.int32, 3)], NoiseBlock)
    roles = {
        "value": types.void(cube, vector, vector, vector),
        "value_at": types.void(index, vector, vector, vector),
        "gradient": types.void(cube, vector, vector, cube),
        "direct": types.void(cube, vector, vector, matrix),
        "forward": types.void(vector, vector, matrix),
        "pullback": types.void(cube, vector, vector, matrix),
    }
    functions = (types.FunctionType(roles[r]) for r in ("value", "value_at", "gradient", "direct"))
    objective = types.NamedTuple(
        [matrix, vector, vector, matrix, types.boolean, *functions], Objective
    )
    table, key = _array(types.float64, 1), _array(types.uint32, 1)
    roles["sampler_prepare"] = types.void(vector, real, table)
    roles["sampler_kernel"] = types.void(
        matrix, vector, _array(types.float64, 3), key, types.int64, _array(types.int64, 3)
    )
    roles["draw"] = types.void(matrix, vector, noise)
    roles["kernel"] = types.void(noise, real, vector, objective, cube, matrix)
    return roles


def signature(role, dtype):
    """The Numba signature of a role for "float32" or "float64"."""
    return _roles(REALS[dtype])[role]


def function_type(role, dtype):
    """The first-class function type of a role."""
    return types.FunctionType(signature(role, dtype))


def driver(signature, parallel=True):
    """A driver: called with "float32" or "float64" it is the decorated function, compiled.

    signature: makes the Numba signature of a type. Only drivers are parallel.
    """

    def decorate(function):
        @functools.cache
        def build(dtype):
            keep_memory()
            options = {**OPTIONS, "parallel": parallel, "nogil": True}
            built = _kept(signature(dtype), function, options, dtype)
            return _with_known_address(built, signature(dtype))

        return functools.wraps(function)(build)

    return decorate


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
    edition = _edition(function)
    kind = signature(role, dtype)
    if edition is None:
        built = numba.njit([kind], **options)(function)
    else:
        built = _kept(kind, function, options, dtype, *inside, *filter(None, [edition]))
    return _with_known_address(built, kind)


def _kept(kind, function, options, *inside):
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
        if _edition(function) != "" or not cache.folder():
            return False
        code, folder = function.__code__, cache.folder() / self.arguments[-1]
        name = f"{Path(code.co_filename).stem}.{function.__qualname__}-{code.co_firstlineno}.*"
        return next(folder.glob(f"*/{name}"), None) is None

    def run(self):
        """Compile it, or take it from the disk."""
        return self.build(*self.arguments)


def _with_known_address(built, kind):
    """A function that knows where it is: Numba looks for it at every call that passes it on.

    For a driver's six functions that takes 0.4 ms a call.
    """
    result = built.get_compile_result(kind)
    library = result.library
    library.get_pointer_to_function = functools.cache(library.get_pointer_to_function)
    built.get_compile_result = lambda *_: result
    return built


def _edition(function):
    """Name of all that compiled code of a user's function copies: what it calls, numbers it uses.

    Numba's own check of the disk cache looks at the function's own file alone. Empty for functions
    of the package, None for what cannot be named and so is not kept on disk.
    """
    if Path(function.__code__.co_filename).is_relative_to(cache.PACKAGE):
        return None if function.__closure__ else ""
    hashed, todo, seen = hashlib.sha256(), [function], set()
    while todo:
        found = todo.pop()
        seen.add(found)
        path = Path(found.__code__.co_filename)
        if found.__closure__ or not path.is_file():
            return None
        hashed.update(f"{found.__module__} {found.__qualname__}".encode() + path.read_bytes())
        for name, value in sorted(inspect.getclosurevars(found).globals.items()):
            plain = getattr(value, "py_func", value)
            home = plain.__name__ if inspect.ismodule(plain) else getattr(plain, "__module__", "")
            if (home or "").partition(".")[0] in COMPILED_ALREADY:
                continue
            if inspect.ismodule(plain):
                return None
            if inspect.isfunction(plain):
                todo += [plain] if plain not in seen else []
            else:
                hashed.update(f"{name} = {value!r}".encode())
    return hashed.hexdigest()[:16]


helper = numba.njit(**OPTIONS)
inlined = numba.njit(forceinline=True, **OPTIONS)
