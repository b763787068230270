"""log and exp as straight-line code that vectorises.

Each is emitted as LLVM IR for the float type of its argument, with explicit fused multiply-adds and
integers as wide as the float, so that every vector width gives the same bits. Largest errors,
measured in tests/kernels/test_elementary.py, are in units in the last place. Coefficients, lowest
power first: benchmarks/coefficients.py.
"""

import math
import struct

from llvmlite import ir
from numba.core import cgutils, types

from gumbench.kernels.compiler.jit import inlined
from gumbench.kernels.compiler.strips import Vector
from gumbench.kernels.compiler.vectors import IN_STEP_BYTES, declared, intrinsic, load, splat, store

SQRT_HALF_BITS = {32: 0x3F3504F3, 64: 0x3FE6A09E667F3BCD}
MANTISSA = {32: 23, 64: 52}
LN2 = 0.6931471805599453
# The high part has enough trailing zeros for exact products with any exponent.
LN2_HIGH = {32: 0.693145751953125, 64: 0.6931471803691238}
LN2_LOW = {32: 1.4286068203094172e-06, 64: 1.9082149292705877e-10}
# Where the power of two has the exponent bits of 0.
EXP_LOWEST = {32: -88.0, 64: -709.0}
EXP_HIGHEST = {32: 88.0, 64: 709.0}
EXP_BIAS = {32: 127, 64: 1023}

# Of 1 + f from √½ to √2, and from ½ to 1.
LOG_TAIL = {
    32: (
        -0.4999999764977098,
        0.33333330028354796,
        -0.25000781239812697,
        0.20001234461093456,
        -0.16626645629127462,
        0.14204855952571013,
        -0.1312755565128765,
        0.1272267278801096,
        -0.07673641501674025,
    ),
    64: (
        0.666666666666667,
        0.39999999999899505,
        0.28571428625975487,
        0.2222221113479508,
        0.18182889125261723,
        0.15331721600556042,
        0.14616449685043406,
    ),
}
LOG_TAIL_BELOW = {
    32: (
        -0.5000000179696693,
        0.3333275279331317,
        -0.2503050972725961,
        0.19390882433499573,
        -0.22656340714821027,
        -0.1801717444612514,
        -1.1097159509592063,
        -1.5146327812511835,
        -1.2989286596065484,
    ),
    64: (
        0.6666666666666666,
        0.40000000000014585,
        0.2857142856710876,
        0.22222222717427864,
        0.18181789436132859,
        0.15385570064958623,
        0.13314144209654935,
        0.12001072809590713,
        0.08800738486144674,
        0.1616404561194353,
    ),
}
EXP_TAIL = {
    32: (
        0.5,
        0.1666657702559799,
        0.041666554662050534,
        0.008363173074513711,
        0.001392617611993558,
    ),
    64: (
        0.5,
        0.16666666666666669,
        0.041666666666624164,
        0.008333333333330065,
        0.0013888888917196719,
        0.00019841269863040545,
        2.4801521322368692e-05,
        2.7557268480310024e-06,
        2.7620075879983367e-07,
        2.5100375832561234e-08,
    ),
}


class Real:
    """Arithmetic of one float type, and of the integers of its width, in an LLVM function.

    lanes: how many numbers a value holds, as an LLVM vector; 1 is a plain number.
    """

    def __init__(self, builder, numba_type, lanes=1):
        self.builder, self.lanes = builder, lanes
        self.bits = 32 if numba_type == types.float32 else 64
        self.float = self.wide(ir.FloatType() if self.bits == 32 else ir.DoubleType())
        self.name = f"f{self.bits}" if lanes == 1 else f"v{lanes}f{self.bits}"

    def wide(self, kind):
        """A vector of a type, or the type."""
        return kind if self.lanes == 1 else ir.VectorType(kind, self.lanes)

    def _constant(self, kind, value):
        return ir.Constant(kind, value if self.lanes == 1 else [value] * self.lanes)

    def const(self, number):
        """A constant, rounded to the type."""
        if self.bits == 32:
            number = struct.unpack("f", struct.pack("f", number))[0]
        return self._constant(self.float, number)

    def splat(self, x):
        """A number in every lane."""
        return splat(self.builder, x, self.lanes)

    def whole(self, number):
        """An integer constant as wide as the type."""
        return self._constant(self.wide(ir.IntType(self.bits)), number)

    def call(self, name, *arguments):
        """An LLVM intrinsic on floats."""
        kinds = [self.float] * len(arguments)
        function = declared(self.builder, f"llvm.{name}.{self.name}", self.float, kinds)
        return self.builder.call(function, arguments)

    def fma(self, a, b, c):
        return self.call("fma", a, b, c)

    def polynomial(self, x, coefficients):
        """Σ c_i x^i by Horner's rule."""
        *rest, total = (self.const(c) for c in coefficients)
        for term in reversed(rest):
            total = self.fma(total, x, term)
        return total

    def even_and_odd(self, x, square, coefficients):
        """The same by its even and its odd terms, side by side, for each step waits for the last.

        square: x².
        """
        even, odd = (self.polynomial(square, coefficients[first::2]) for first in (0, 1))
        return self.fma(odd, x, even)

    def to_int(self, x):
        return self.builder.bitcast(x, self.wide(ir.IntType(self.bits)))

    def to_float(self, i):
        return self.builder.bitcast(i, self.float)

    def split(self, x):
        """k and f of a positive normal x = 2^k (1 + f) with √½ ≤ 1 + f < √2."""
        b, bits = self.builder, self.to_int(x)
        k = b.sub(bits, self.whole(SQRT_HALF_BITS[self.bits]))
        k = b.and_(k, self.whole(-1 << MANTISSA[self.bits]))
        return k, b.fsub(self.to_float(b.sub(bits, k)), self.const(1.0))

    def split_below(self, x):
        """The same with ½ ≤ 1 + f < 1."""
        b, bits = self.builder, self.to_int(x)
        half = self.whole(EXP_BIAS[self.bits] - 1 << MANTISSA[self.bits])
        k = b.sub(b.and_(bits, self.whole(-1 << MANTISSA[self.bits])), half)
        mantissa = b.and_(bits, self.whole((1 << MANTISSA[self.bits]) - 1))
        return k, b.fsub(self.to_float(b.or_(mantissa, half)), self.const(1.0))

    def log(self, x):
        """log x of a positive normal number, within 1.2 units in the last place."""
        return self.builder.fneg(self.negative_log(x))

    def negative_log(self, x):
        """-log x."""
        return self.negative_log_of_split(*self.split(x), LOG_TAIL)

    def negative_log_of_split(self, k, f, tail):
        """-log x of a split x, with the coefficients for its f."""
        b = self.builder
        # A 64-bit exponent fits 32 bits, from which every vector unit can convert. In float32, its
        # bits are the number 2^23 k themselves.
        if self.bits == 64:
            k = b.trunc(b.ashr(k, self.whole(MANTISSA[64])), self.wide(ir.IntType(32)))
        minus_k = b.fneg(b.sitofp(k, self.float))
        square = b.fmul(f, f)
        if self.bits == 32:
            log = self.fma(square, self.even_and_odd(f, square, tail[32]), f)
            return self.fma(minus_k, self.const(LN2 * 2.0 ** -MANTISSA[32]), b.fneg(log))
        # log(1 + f) = 2 atanh(s), s = f / (2 + f), arranged around f so that f is not rounded.
        s = b.fdiv(f, b.fadd(f, self.const(2.0)))
        z = b.fmul(s, s)
        half = b.fmul(square, self.const(0.5))
        rest = b.fadd(half, b.fmul(z, self.polynomial(z, tail[64])))
        low = self.fma(s, rest, b.fmul(minus_k, self.const(-LN2_LOW[64])))
        return self.fma(minus_k, self.const(LN2_HIGH[64]), b.fsub(b.fsub(half, low), f))

    def exp_nonpositive(self, x):
        """e^x of x ≤ 0, or of any below 88 (float64: 709).

        It is 2^n e^r with x = n ln 2 + r and |r| ≤ ½ ln 2; 2^n is 0 where it is no normal number.
        """
        b, mantissa = self.builder, MANTISSA[self.bits]
        lowest = self.const(EXP_LOWEST[self.bits])
        x = b.select(b.fcmp_ordered("<", x, lowest), lowest, x)
        # The last bits of the sum are those of a power of two, its exponent with its bias.
        rounder = self.const(1.5 * 2.0**mantissa + EXP_BIAS[self.bits])
        shifted = self.fma(x, self.const(1 / LN2), rounder)
        n = b.fsub(shifted, rounder)
        r = self.fma(n, self.const(-LN2_HIGH[self.bits]), x)
        r = self.fma(n, self.const(-LN2_LOW[self.bits]), r)
        power = self.to_float(b.shl(self.to_int(shifted), self.whole(mantissa)))
        square = b.fmul(r, r)
        tail = self.even_and_odd(r, square, EXP_TAIL[self.bits])
        return self.fma(power, self.fma(square, tail, r), power)

    def exp(self, x):
        """e^x within 1.2 units in the last place; 0 below -88, inf above 88 (float64: 709).

        NaN for NaN.
        """
        b = self.builder
        huge = b.fcmp_ordered(">", x, self.const(EXP_HIGHEST[self.bits]))
        return b.select(huge, self.const(math.inf), self.exp_nonpositive(x))


def _named(typed, emit):
    typed.__name__, typed.__doc__ = emit.__name__.strip("_"), emit.__doc__
    return intrinsic(typed)


def unary(emit):
    """A compiled function of a float or of a word as wide, or of a vector of them.

    It is named and described as its `emit`.
    """

    def typed(context, x):
        item, lanes = (x.dtype, x.count) if isinstance(x, Vector) else (x, 1)
        real = types.float32 if item in (types.float32, types.uint32) else types.float64

        def codegen(context, builder, signature, arguments):
            return emit(Real(builder, real, lanes), *arguments)

        return (Vector(real, lanes) if lanes > 1 else real)(x), codegen

    return _named(typed, emit)


def _step(emit, in_step):
    """An intrinsic of one step of `mapped`: one item, or IN_STEP_BYTES of them."""

    def typed(context, start, inputs, outputs):
        kind = outputs[0].dtype
        lanes = IN_STEP_BYTES * 8 // kind.bitwidth if in_step else 1

        def codegen(context, builder, signature, arguments):
            start, *rows = arguments
            taken, given = (cgutils.unpack_tuple(builder, row) for row in rows)
            items = (
                load(context, builder, *row, start, lanes)
                for row in zip(inputs, taken, strict=True)
            )
            results = emit(Real(builder, kind, lanes), *items)
            results = results if isinstance(results, tuple) else (results,)
            for x, *row in zip(results, outputs, given, strict=True):
                store(context, builder, x, *row, start)
            return context.get_dummy_value()

        return types.void(start, inputs, outputs), codegen

    return _named(typed, emit)


def mapped(emit):
    """A compiled function (inputs, outputs) that puts `emit` of every item into the outputs.

    Both are tuples of rows (n,). It works on several of the widest vectors interleaved: a processor
    waits for the last step of one, and has those of the others to do.
    """
    one, many = _step(emit, False), _step(emit, True)

    @inlined
    def apply(inputs, outputs):
        lanes = IN_STEP_BYTES // outputs[0].itemsize
        whole = outputs[0].size // lanes * lanes
        for i in range(0, whole, lanes):
            many(i, inputs, outputs)
        for i in range(whole, outputs[0].size):
            one(i, inputs, outputs)

    return apply


log = unary(Real.log)
exp = unary(Real.exp)
exp_nonpositive = unary(Real.exp_nonpositive)
negative_logs = mapped(Real.negative_log)
exps = mapped(Real.exp)
exps_nonpositive = mapped(Real.exp_nonpositive)
