"""Helpers of intrinsics that emit LLVM's vector instructions: load, store, splat, select."""

from llvmlite import ir
from numba import extending
from numba.core import cgutils

from gumbench.machine import vector_bits

# Four of the machine's widest vectors: one waits for its last step while others have theirs done.
IN_STEP_BYTES = 4 * max(vector_bits(), 128) // 8


def intrinsic(typed):
    """Numba's decorator, its result of no type of its own for Python's type checkers."""
    return extending.intrinsic(typed)


def declared(builder, name, result, arguments):
    """An LLVM intrinsic, declared in the module that is built."""
    known = builder.module.globals.get(name)
    return known or ir.Function(builder.module, ir.FunctionType(result, arguments), name)


def pick(builder, x, lanes, other=None):
    """Lanes of a vector, or of two joined."""
    mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes))
    return builder.shuffle_vector(x, other or ir.Constant(x.type, ir.Undefined), mask)


def splat(builder, x, lanes):
    """A vector of one number, or the number itself for one lane."""
    if lanes == 1:
        return x
    one = ir.Constant(ir.VectorType(x.type, 1), ir.Undefined)
    return pick(builder, builder.insert_element(one, x, ir.IntType(32)(0)), [0] * lanes)


def load(context, builder, kind, array, start, lanes):
    """A vector of items of an array, counted through all its rows; of one lane, the item."""
    items = context.get_data_type(kind.dtype)
    items = items if lanes == 1 else ir.VectorType(items, lanes)
    x = builder.load(_pointer(context, builder, kind, array, start, items))
    x.align = kind.dtype.bitwidth // 8
    return x


def store(context, builder, x, kind, array, start):
    """Put a vector into an array from `start`."""
    place = _pointer(context, builder, kind, array, start, x.type)
    builder.store(x, place).align = kind.dtype.bitwidth // 8


def position(context, builder, kind, array, *index):
    """Where an item of an array is, counted through all its rows."""
    shape = cgutils.unpack_tuple(builder, context.make_array(kind)(context, builder, array).shape)
    place = index[0]
    for length, i in zip(shape[1:], index[1:], strict=True):
        place = builder.add(builder.mul(place, length), i)
    return place


def _pointer(context, builder, kind, array, start, items):
    if kind.layout != "C":
        raise TypeError(f"a vector is of items next to each other, not of {kind}")
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [start]), items.as_pointer())
