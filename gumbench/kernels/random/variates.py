"""Uniforms, exponentials, Gumbels and normals from random words, as code that vectorises.

A word has as many bits as the float it becomes. Its uniform u is (word + ½) 2^-bits.
"""

from llvmlite import ir

from gumbench.kernels.compiler.elementary import LN2, LOG_TAIL_BELOW, MANTISSA, mapped, unary

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


def _uniform(real, word):
    """u, rounded, in (0, 1]."""
    unit = 2.0**-real.bits
    x = real.builder.uitofp(word, real.float)
    return real.fma(x, real.const(unit), real.const(unit / 2))


def _nearer_end(real, word):
    """-u where it is below ½, else 1 - u, each with all digits of a float; and which it is.

    A word as a signed number is as near to 0 as u is to 0 or to 1.
    """
    b, unit = real.builder, 2.0**-real.bits
    above = b.icmp_signed("<", word, real.whole(0))
    if real.bits == 32:
        return real.fma(b.sitofp(word, real.float), real.const(-unit), real.const(-unit / 2)), above
    # Of 64 bits, only unsigned ones are quick to convert on every vector unit.
    near = b.xor(word, b.ashr(word, real.whole(63)))
    x = real.fma(b.uitofp(near, real.float), real.const(unit), real.const(unit / 2))
    return b.select(above, x, b.fneg(x)), above


def _exponential(real, word):
    """A standard exponential, -log(1 - u), exact in both tails."""
    b = real.builder
    x, above = _nearer_end(real, word)
    k, f = real.split_below(x)
    k, f = b.select(above, k, real.whole(0)), b.select(above, f, x)
    return real.negative_log_of_split(k, f, LOG_TAIL_BELOW)


def _gumbel_bound(real, word):
    """An upper bound of the Gumbel of any 64-bit word with these high 32 bits, without a log.

    It is -log u at the lower end of the word's cell, or more: log2 u is at least the line through
    the powers of two, and that is what the bits of u as a float are. The word is halved, for vector
    units convert signed numbers. Rounding may take 1e-5 off.
    """
    b = real.builder
    line = b.sitofp(real.to_int(b.sitofp(b.lshr(word, real.whole(1)), real.float)), real.float)
    slope, start = -LN2 * 2.0 ** -MANTISSA[32], LN2 * (127 + 31)
    return real.fma(line, real.const(slope), real.const(start))


def _cos_sin(real, word):
    """Cosine and sine of the angle (word + ½) 2^-bits of a turn."""
    b, bits = real.builder, real.bits
    quarter = b.lshr(b.add(word, real.whole(1 << (bits - 3))), real.whole(bits - 2))
    rest = b.sub(word, b.shl(quarter, real.whole(bits - 2)))
    unit = 2.0 ** (2 - bits)
    t = real.fma(b.sitofp(rest, real.float), real.const(unit), real.const(unit / 2))
    z = b.fmul(t, t)
    sine = b.fmul(t, real.polynomial(z, SINE[bits]))
    cosine = real.polynomial(z, COSINE[bits])
    odd = b.trunc(quarter, real.wide(ir.IntType(1)))
    c, s = b.select(odd, sine, cosine), b.select(odd, cosine, sine)
    sign = b.shl(b.lshr(quarter, real.whole(1)), real.whole(bits - 1))
    flip = b.shl(b.lshr(b.add(quarter, real.whole(1)), real.whole(1)), real.whole(bits - 1))
    return (
        real.to_float(b.xor(real.to_int(c), flip)),
        real.to_float(b.xor(real.to_int(s), sign)),
    )


def _normals(real, first, second):
    """Two standard normals of two words (Box and Muller 1958)."""
    radius = real.call("sqrt", real.builder.fmul(_exponential(real, first), real.const(2.0)))
    c, s = _cos_sin(real, second)
    return real.builder.fmul(radius, c), real.builder.fmul(radius, s)


uniform = unary(_uniform)
uniforms = mapped(_uniform)
exponential = unary(_exponential)
exponentials = mapped(_exponential)
gumbel_bound = unary(_gumbel_bound)
normals = mapped(_normals)
