"""log, exp, and the noise of a random word, as straight-line code that vectorises.

Each is emitted as LLVM IR for the float type of its argument, with explicit fused multiply-adds and
integers as wide as the float, so that every vector width gives the same bits. Largest errors,
measured in tests/test_elementary.py, are in units in the last place. Coefficients, lowest power
first: benchmarks/coefficients.py.
"""

import math
import struct

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

SQRT_HALF_BITS = {32: 0x3F3504F3, 64: 0x3FE6A09E667F3BCD}
MANTISSA = {32: 23, 64: 52}
LN2 = 0.6931471805599453
# The high part has enough trailing zeros for exact products with any exponent.
LN2_HIGH = {32: 0.693145751953125, 64: 0.6931471803691238}
LN2_LOW = {32: 1.4286068203094172e-06, 64: 1.9082149292705877e-10}
EXP_LOWEST = {32: -87.33654, 64: -708.3964}
EXP_HIGHEST = {32: 88.0, 64: 709.0}

LOG_TAIL = (
    0.33333330728190674,
    -0.25000306422569796,
    0.2000104509416068,
    -0.16641281463106394,
    0.14214495923947962,
    -0.1299818376365153,
    0.12622319849228378,
    -0.0790274377239344,
)
ATANH_TAIL = (
    0.666666666666667,
    0.39999999999899505,
    0.28571428625975487,
    0.2222221113479508,
    0.18182889125261723,
    0.15331721600556042,
    0.14616449685043406,
)
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
SINE = {
    32: (1.5707963219532366, -0.6459634776648118, 0.07968021764775542, -0.004602149212814176),
    64: (
        1.5707963267948966,
        -0.6459640975062463,
        0.07969262624616692,
        -0.004681754135314827,
        0.0001604411847266723,
        -3.598842717144858e-06,
        5.691927850489633e-08,
        -6.627624938992472e-10,
    ),
}
COSINE = {
    32: (
        0.9999999999524894,
        -1.2337005406331623,
        0.2536692036551135,
        -0.02086006950026408,
        0.0009036280663802505,
    ),
    64: (
        1.0,
        -1.2337005501361697,
        0.2536695079010467,
        -0.02086348076331121,
        0.0009192602741831558,
        -2.520203677046026e-05,
        4.710609726757823e-07,
        -6.321256869628588e-09,
    ),
}


class Real:
    """Arithmetic of one float type, and of the integers of its width, in an LLVM function."""

    def __init__(self, builder, numba_type):
        self.builder = builder
        self.bits = 32 if numba_type == types.float32 else 64
        self.float = ir.FloatType() if self.bits == 32 else ir.DoubleType()
        self.int = ir.IntType(self.bits)

    def const(self, number):
        """A constant, rounded to the type."""
        if self.bits == 32:
            number = struct.unpack("f", struct.pack("f", number))[0]
        return self.float(number)

    def call(self, name, *arguments):
        """An LLVM intrinsic on floats."""
        kind = ir.FunctionType(self.float, [self.float] * len(arguments))
        name = f"llvm.{name}.f{self.bits}"
        found = self.builder.module.globals.get(name)
        return self.builder.call(found or ir.Function(self.builder.module, kind, name), arguments)

    def fma(self, a, b, c):
        return self.call("fma", a, b, c)

    def polynomial(self, x, coefficients):
        """Horner's rule."""
        value = self.const(coefficients[-1])
        for c in coefficients[-2::-1]:
            value = self.fma(value, x, self.const(c))
        return value

    def to_int(self, x):
        return self.builder.bitcast(x, self.int)

    def to_float(self, i):
        return self.builder.bitcast(i, self.float)

    def split(self, x):
        """x = 2^k (1 + f) with √½ ≤ 1 + f < √2: k as a float, and f. x positive and normal."""
        b, mantissa = self.builder, self.int(MANTISSA[self.bits])
        bits = self.to_int(x)
        k = b.ashr(b.sub(bits, self.int(SQRT_HALF_BITS[self.bits])), mantissa)
        f = b.fsub(self.to_float(b.sub(bits, b.shl(k, mantissa))), self.const(1.0))
        # The exponent fits 32 bits, from which every vector unit can convert.
        return b.sitofp(b.trunc(k, ir.IntType(32)) if self.bits == 64 else k, self.float), f

    def log_of_split(self, k, f):
        """k ln 2 + log(1 + f)."""
        b = self.builder
        if self.bits == 32:
            square = b.fmul(f, f)
            tail = self.fma(square, self.const(-0.5), b.fmul(b.fmul(square, f), self.log_tail(f)))
            return self.fma(k, self.const(LN2), b.fadd(f, tail))
        # log(1 + f) = 2 atanh(s), s = f / (2 + f), arranged around f so that f is not rounded.
        s = b.fdiv(f, b.fadd(f, self.const(2.0)))
        z = b.fmul(s, s)
        half = b.fmul(b.fmul(f, f), self.const(0.5))
        tail = b.fadd(half, b.fmul(z, self.polynomial(z, ATANH_TAIL)))
        low = self.fma(s, tail, b.fmul(k, self.const(LN2_LOW[64])))
        return self.fma(k, self.const(LN2_HIGH[64]), b.fsub(f, b.fsub(half, low)))

    def log_tail(self, f):
        return self.polynomial(f, LOG_TAIL)

    def exp(self, x):
        """e^x, 0 below the smallest normal number, inf above 88 (float64: 709), NaN for NaN."""
        b, shift = self.builder, self.int(MANTISSA[self.bits])
        rounder = self.const(1.5 * 2.0 ** MANTISSA[self.bits])
        lowest, highest = self.const(EXP_LOWEST[self.bits]), self.const(EXP_HIGHEST[self.bits])
        tiny, huge = b.fcmp_ordered("<", x, lowest), b.fcmp_ordered(">", x, highest)
        shifted = self.fma(b.select(tiny, lowest, x), self.const(1 / LN2), rounder)
        n = b.fsub(shifted, rounder)
        r = self.fma(n, self.const(-LN2_HIGH[self.bits]), x)
        r = self.fma(n, self.const(-LN2_LOW[self.bits]), r)
        square = b.fmul(r, r)
        tail = self.fma(square, self.polynomial(r, EXP_TAIL[self.bits]), r)
        exponent = b.shl(b.sub(self.to_int(shifted), self.to_int(rounder)), shift)
        scale = self.to_float(b.add(exponent, self.to_int(self.const(1.0))))
        result = b.select(tiny, self.const(0.0), self.fma(scale, tail, scale))
        return b.select(huge, self.const(math.inf), result)

    def uniform(self, word):
        """(word + ½) 2^-bits, rounded."""
        unit = 2.0**-self.bits
        x = self.builder.uitofp(word, self.float)
        return self.fma(x, self.const(unit), self.const(unit / 2))

    def exponential(self, word):
        """-log(1 - u) of the uniform u of a word, exact in both tails.

        1 - u comes from the complemented word; next to 1 its rounding is left out by taking
        log1p(-u) directly.
        """
        b = self.builder
        u, v = self.uniform(word), self.uniform(b.not_(word))
        k, f = self.split(v)
        near_one = b.fcmp_ordered("==", k, self.const(0.0))
        return b.fneg(self.log_of_split(k, b.select(near_one, b.fneg(u), f)))

    def gumbel_bound(self, word):
        """-log u at the lower end of a 32-bit word's cell, or more.

        log2 u is at least the line through the powers of two, and that is what the bits of u as a
        float are.
        """
        line = self.builder.sitofp(self.to_int(self.builder.uitofp(word, self.float)), self.float)
        slope, start = -LN2 * 2.0 ** -MANTISSA[32], LN2 * (127 + 32)
        return self.fma(line, self.const(slope), self.const(start))

    def cos_sin(self, word):
        """Cosine and sine of the angle (word + ½) 2^-bits of a turn."""
        b, bits = self.builder, self.bits
        quarter = b.lshr(b.add(word, self.int(1 << (bits - 3))), self.int(bits - 2))
        rest = b.sub(word, b.shl(quarter, self.int(bits - 2)))
        unit = 2.0 ** (2 - bits)
        t = self.fma(b.sitofp(rest, self.float), self.const(unit), self.const(unit / 2))
        z = b.fmul(t, t)
        sine = b.fmul(t, self.polynomial(z, SINE[bits]))
        cosine = self.polynomial(z, COSINE[bits])
        odd = b.trunc(quarter, ir.IntType(1))
        c, s = b.select(odd, sine, cosine), b.select(odd, cosine, sine)
        sign = b.shl(b.lshr(quarter, self.int(1)), self.int(bits - 1))
        flip = b.shl(b.lshr(b.add(quarter, self.int(1)), self.int(1)), self.int(bits - 1))
        return (
            self.to_float(b.xor(self.to_int(c), flip)),
            self.to_float(b.xor(self.to_int(s), sign)),
        )


def _function(name, doc, emit):
    """A compiled function of one float."""

    def typed(context, x):
        def codegen(context, builder, signature, arguments):
            return emit(Real(builder, signature.return_type), arguments[0])

        return x(x), codegen

    typed.__name__ = name
    typed.__doc__ = doc
    return intrinsic(typed)


log = _function(
    "log",
    "Natural logarithm of a positive normal number, within 1.2 units in the last place.",
    lambda real, x: real.log_of_split(*real.split(x)),
)
exp = _function(
    "exp",
    "e^x within 1.2 units in the last place; 0 below the normal numbers, inf above e^88 (e^709).",
    lambda real, x: real.exp(x),
)


def _of_word(name, doc, emit):
    """A compiled function of a random word: of 32 bits for float32, of 64 for float64."""

    def typed(context, word):
        real = types.float32 if word == types.uint32 else types.float64

        def codegen(context, builder, signature, arguments):
            return emit(Real(builder, real), arguments[0])

        return real(word), codegen

    typed.__name__ = name
    typed.__doc__ = doc
    return intrinsic(typed)


uniform = _of_word(
    "uniform",
    "(word + ½) 2^-bits, in (0, 1].",
    lambda real, word: real.uniform(word),
)
exponential = _of_word(
    "exponential",
    "A standard exponential, -log(1 - u), exact in both tails.",
    lambda real, word: real.exponential(word),
)


gumbel_bound = _of_word(
    "gumbel_bound",
    """An upper bound of the Gumbel of any 64-bit word with these high 32 bits, without a log.

    Rounding may take 1e-5 off.
    """,
    lambda real, word: real.gumbel_bound(word),
)


@intrinsic
def normals(context, first, second):
    """Two standard normals of two words (Box and Muller 1958)."""
    real = types.float32 if first == types.uint32 else types.float64
    pair = types.UniTuple(real, 2)

    def codegen(context, builder, signature, arguments):
        helper = Real(builder, real)
        e = helper.exponential(arguments[0])
        radius = helper.call("sqrt", builder.fmul(e, helper.const(2.0)))
        c, s = helper.cos_sin(arguments[1])
        return context.make_tuple(builder, pair, (builder.fmul(radius, c), builder.fmul(radius, s)))

    return pair(first, second), codegen
