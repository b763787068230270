"""Strips of consecutive estimates as values of compiled code, held in vector registers.

Arrays are block-last. Where the last index is a strip instead of an estimate, `x[c, s]` is a vector
of the strip's items and `out[c, s] = y` puts one back. Vectors are added, subtracted, multiplied,
divided and compared item by item, with each other or with a number. So a function reads as for one
estimate, works on as many as fill several registers, and what it sums over categories stays there.
"""

import operator

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.typing import signature
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import lower_builtin, lower_cast, overload, register_model

from gumbench.kernels.compiler import vectors
from gumbench.kernels.compiler.jit import helper, inlined
from gumbench.kernels.compiler.vectors import IN_STEP_BYTES, intrinsic


class Vector(types.Type):
    """Numbers of one type in registers."""

    def __init__(self, dtype, count):
        self.dtype, self.count = dtype, count
        super().__init__(f"{dtype} x {count}")


class Strip(types.Type):
    """The place of `count` estimates."""

    def __init__(self, count):
        self.count = count
        super().__init__(f"strip of {count}")


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """A vector is one of LLVM's."""

    def __init__(self, manager, kind):
        item = manager.lookup(kind.dtype).get_value_type()
        super().__init__(manager, kind, ir.VectorType(item, kind.count))


@register_model(Strip)
class StripModel(models.PrimitiveModel):
    """A strip is the number of its first estimate."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, manager.lookup(types.intp).get_value_type())


@lower_cast(types.Number, Vector)
def _spread(context, builder, number, kind, x):
    return vectors.splat(builder, context.cast(builder, x, number, kind.dtype), kind.count)


def _operator(emit, result, *operators):
    """Define operators of two vectors, or of a vector and a number, by what emits LLVM IR."""

    class Template(AbstractTemplate):
        def generic(self, args, kws):
            kind = next((a for a in args if isinstance(a, Vector)), None)
            return kind and signature(Vector(result or kind.dtype, kind.count), kind, kind)

    def lowered(context, builder, signature, arguments):
        return emit(builder, *arguments)

    for each in operators:
        infer_global(each)(type(f"Vector_{each.__name__}", (Template,), {}))
        lower_builtin(each, Vector, Vector)(lowered)


_operator(ir.IRBuilder.fadd, None, operator.add, operator.iadd)
_operator(ir.IRBuilder.fsub, None, operator.sub, operator.isub)
_operator(ir.IRBuilder.fmul, None, operator.mul, operator.imul)
_operator(ir.IRBuilder.fdiv, None, operator.truediv, operator.itruediv)
_operator(lambda b, x, y: b.fcmp_ordered(">", x, y), types.boolean, operator.gt)
_operator(lambda b, x, y: b.icmp_signed("==", x, y), types.boolean, operator.eq)


def _kinds(index):
    return tuple(index) if isinstance(index, types.BaseTuple) else (index,)


def _place(context, builder, signature, arguments):
    """Where the strip is that an index ends in."""
    array, kinds = signature.args[0], _kinds(signature.args[1])
    index = arguments[1:2] if len(kinds) == 1 else cgutils.unpack_tuple(builder, arguments[1])
    index = [
        i if isinstance(kind, Strip) else context.cast(builder, i, kind, types.intp)
        for i, kind in zip(index, kinds, strict=True)
    ]
    return vectors.position(context, builder, array, arguments[0], *index)


@intrinsic
def _load(context, array, index):
    count = _kinds(index)[-1].count

    def codegen(context, builder, signature, arguments):
        place = _place(context, builder, signature, arguments)
        return vectors.load(context, builder, array, arguments[0], place, count)

    return Vector(array.dtype, count)(array, index), codegen


@intrinsic
def _store(context, array, index, x):
    def codegen(context, builder, signature, arguments):
        place = _place(context, builder, signature, arguments)
        vectors.store(context, builder, arguments[2], array, arguments[0], place)
        return context.get_dummy_value()

    return types.void(array, index, Vector(array.dtype, _kinds(index)[-1].count)), codegen


def _in_strip(array, index):
    return isinstance(array, types.Array) and isinstance(_kinds(index)[-1], Strip)


@overload(operator.getitem)
def _getitem(array, index):
    def items(array, index):
        return _load(array, index)

    return items if _in_strip(array, index) else None


@overload(operator.setitem)
def _setitem(array, index, x):
    def put(array, index, x):
        _store(array, index, x)

    return put if _in_strip(array, index) else None


@intrinsic
def broadcast(context, x, strip):
    """A number for every estimate of a strip."""
    kind = Vector(x, strip.count)

    def codegen(context, builder, signature, arguments):
        return context.cast(builder, arguments[0], x, kind)

    return kind(x, strip), codegen


@intrinsic
def choose(context, condition, x, y):
    """x where a condition holds, else y: vectors or numbers."""
    kind = Vector(y.dtype if isinstance(y, Vector) else y, condition.count)

    def codegen(context, builder, signature, arguments):
        return builder.select(*arguments)

    return kind(condition, kind, kind), codegen


def _length(arrays):
    widest = max(kind.dtype.bitwidth for kind in arrays if isinstance(kind, types.Array))
    return IN_STEP_BYTES * 8 // widest


@intrinsic
def _strip_length(context, arrays):
    """How many items of the widest type of some arrays fill several of the widest vectors."""

    def codegen(context, builder, signature, arguments):
        return context.get_constant(types.intp, _length(arrays))

    return types.intp(arrays), codegen


@intrinsic
def _strip(context, start, arrays):
    """The strip of so many estimates from `start` on."""

    def codegen(context, builder, signature, arguments):
        return arguments[0]

    return Strip(_length(arrays))(types.intp, arrays), codegen


def by_strips(body):
    """A compiled function of arrays and numbers, by a `body` that takes a strip before them.

    It runs the body for strip after strip of the estimates. The last argument is block-last. Raises
    ValueError for a block that is no whole number of strips: those of a pass are multiples of 64.
    """
    step = inlined(body)

    def apply(*arguments):
        block, length = arguments[-1].shape[-1], _strip_length(arguments)
        if block % length:
            raise ValueError("the last axis is no block of estimates: give a multiple of 64")
        for start in range(0, block, length):
            step(_strip(start, arguments), *arguments)

    apply.__doc__, apply.__module__ = body.__doc__, body.__module__
    apply.__name__, apply.__qualname__ = body.__name__, f"{body.__qualname__}.by_strips"
    return helper(apply)
