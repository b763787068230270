"""Sums of many columns at once, in float64 whatever is added, held in registers."""

from llvmlite import ir
from numba.core import types

from gumbench.kernels.compiler.vectors import intrinsic, load, store

COLUMNS, ROWS, FEW_ROWS = 32, 16, 2


def _add(context, row, start, out, rows):
    def codegen(context, builder, signature, arguments):
        array, start, out_array = arguments
        wide, zero = ir.VectorType(ir.DoubleType(), COLUMNS), start.type(0)
        total = load(context, builder, out, out_array, zero, COLUMNS)
        for i in range(rows):
            place = builder.add(start, start.type(i * COLUMNS))
            x = load(context, builder, row, array, place, COLUMNS)
            if row.dtype == types.float32:
                x = builder.fpext(x, wide)
            total = builder.fadd(total, x)
        store(context, builder, total, out, out_array, zero)
        return context.get_dummy_value()

    return types.void(row, types.intp, out), codegen


@intrinsic
def add_rows(context, row, start, out):
    """out[j] += row[start + j + i COLUMNS] for i below ROWS, in this order; out (COLUMNS,)."""
    return _add(context, row, start, out, ROWS)


@intrinsic
def add_few_rows(context, row, start, out):
    """The same for i below FEW_ROWS."""
    return _add(context, row, start, out, FEW_ROWS)
